#!/usr/bin/env python3
"""Drives plextv-emulator with python-plexapi, unmodified: the emulator is checked by code its authors did not write.

    python3 -m venv V && V/bin/pip install "plexapi[jwt]"
    V/bin/python e2e/plexapi_check.py --emulator target/debug/plextv-emulator

Prints one line "ok ..." per check. Exits with 1 at the first check that fails.
"""

import argparse
import contextlib
import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from plexapi import exceptions, myplex

HOME_PIN = "2468"


class PlexTvSession(requests.Session):
    """Sends what is meant for plex.tv's hosts to the emulator; any other address is an error."""

    def __init__(self, addresses):
        super().__init__()
        self.trust_env = False
        self.bases = {
            "plex.tv": addresses["plex_tv"],
            "clients.plex.tv": addresses["clients"],
            "app.plex.tv": addresses["app"],
        }

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        base = self.bases[parts.hostname]
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{base}{parts.path}{query}", *args, **kwargs)


class Control:
    """The emulator's control API."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=None):
        answer = self.session.request(method, f"{self.base}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def approve(self, code, persona):
        self.call("POST", f"/pins/{code}/approve", {"persona": persona})


class Checks:
    def __init__(self, addresses):
        self.addresses = addresses
        self.machine = addresses["machine_identifier"]
        self.session = PlexTvSession(addresses)
        self.control = Control(addresses["control"])

    def sign_in(self, persona):
        """The Auth App way: make a strong PIN, have it approved, redeem it."""
        login = myplex.MyPlexPinLogin(session=self.session, oauth=True)
        login._getCode()
        address = login.oauthUrl(forwardUrl="http://localhost/return")
        fragment = parse_qs(urlsplit(address).fragment.removeprefix("!?"))
        code = fragment["code"][0]
        assert len(code) == 25, f"a strong code has 25 characters: {code}"
        assert not login.checkLogin() and not login.expired, "nobody has approved yet"
        self.control.approve(code, persona)
        assert login.checkLogin(), "approved"
        assert len(login.token) == 20, f"a token has 20 characters: {login.token}"
        return myplex.MyPlexAccount(token=login.token, session=self.session)

    def pin_sign_in(self):
        owner = self.sign_in("owner")
        assert owner.id == self.addresses["owner_id"], owner.id
        assert (owner.username, owner.email) == ("attic-owner", "olive@example.net")
        assert owner.confirmed and owner.home and owner.homeAdmin and owner.subscriptionActive
        assert "pass" in owner.subscriptionFeatures and owner.roles == ["plexpass"], owner.roles
        assert owner.ping() is True

    def pin_expires(self):
        login = myplex.MyPlexPinLogin(session=self.session, oauth=True)
        self.control.call("POST", f"/pins/{login._getCode()}/expire")
        assert not login.checkLogin() and login.expired

    def pin_of_another_device(self):
        login = myplex.MyPlexPinLogin(session=self.session, oauth=True)
        login._getCode()
        login._customHeaders = {"X-Plex-Client-Identifier": "somebody-else"}
        assert not login.checkLogin() and login.expired

    def link_short_code(self):
        login = myplex.MyPlexPinLogin(session=self.session)
        assert len(login.pin) == 4, login.pin
        self.sign_in("two-factor").link(login.pin)
        assert login.checkLogin()
        account = myplex.MyPlexAccount(token=login.token, session=self.session)
        assert account.username == "yara" and account.twoFactorEnabled

    def resources(self):
        main = self.sign_in("owner").resource(self.machine)
        assert main.owned and not main.home and "server" in main.provides.split(",")
        assert main.connections and main.connections[0].port == 32400

        rows = {row.clientIdentifier: row for row in self.sign_in("friend").resources()}
        shared = rows[self.machine]
        assert not shared.owned and not shared.home and shared.ownerId == self.addresses["owner_id"]
        kinds = [row.provides for row in rows.values()]
        assert kinds.count("server") == 2 and "client,player,pubsub-player" in kinds, kinds

        assert self.sign_in("home").resource(self.machine).home
        for persona in ("stranger", "invited", "other-owner"):
            seen = [row.clientIdentifier for row in self.sign_in(persona).resources()]
            assert seen and self.machine not in seen, (persona, seen)
        assert self.sign_in("friend-nothing").resources() == []

    def users(self):
        users = {user.id: user for user in self.sign_in("owner").users()}
        by_title = {user.title: user for user in users.values()}
        assert self.addresses["owner_id"] not in users, "the owner is not in the list"
        assert len(users) == 13, sorted(by_title)
        assert by_title["Pim"].servers == [] and "Uwe" not in by_title
        assert by_title["Sami"].server("Attic").pending is True
        assert by_title["Noor"].server("Attic").allLibraries is True
        kid = by_title["Kid"]
        assert kid.home and (kid.username, kid.email, kid.restricted) == ("", "", "1")

    def shared_servers(self):
        mara = self.sign_in("owner").user("mara.k")
        (share,) = mara.servers
        assert share.machineIdentifier == self.machine and not share.pending and share.numLibraries == 2
        sections = {section.title: section.shared for section in share.sections()}
        assert sections == {"Movies": True, "TV Shows": True, "Music": False, "Photos": False}, sections
        assert mara.get_token(self.machine) == self.sign_in("friend").resource(self.machine).accessToken

    def unshare(self):
        tess = self.sign_in("unshared")
        assert tess.resource(self.machine)
        self.control.call("DELETE", "/shares/unshared")
        assert self.machine not in [row.clientIdentifier for row in tess.resources()]
        assert self.sign_in("owner").user("tess").servers == []
        self.control.call("POST", "/shares", {"persona": "unshared"})
        assert tess.resource(self.machine)

    def home_users(self):
        owner = self.sign_in("owner")
        kid = owner.switchHomeUser("Kid")
        assert kid.restricted and (kid.username, kid.email) == ("", "")
        assert kid.resource(self.machine).home
        with refused(exceptions.BadRequest):
            owner.switchHomeUser("Teen")
        assert owner.switchHomeUser("Teen", pin=HOME_PIN).title == "Teen"

    def dead_tokens(self):
        guest = self.sign_in("guest")
        guest.signout()
        with refused(exceptions.Unauthorized):
            guest.resources()
        friend = self.sign_in("friend-all")
        self.control.call("DELETE", "/tokens/friend-all")
        for dead in (friend.ping, friend.resources, friend.users):
            with refused(exceptions.Unauthorized):
                dead()

    def removed_endpoints(self):
        with refused(exceptions.BadRequest, "410"):
            self.sign_in("owner").pendingInvites()

    def device_keys(self):
        identifier = {"X-Plex-Client-Identifier": "device-with-a-key"}
        login = myplex.MyPlexJWTLogin(session=self.session, headers=identifier, oauth=True)
        login.generateKeypair()
        code = login._getCode()
        login._clientJWT = login._encodeClientJWT()
        assert not login.checkLogin() and not login.expired
        self.control.approve(code, "friend")
        assert login.checkLogin() and login.verifyJWT()
        assert login.decodedJWT["user"]["username"] == "mara.k"
        first = login.jwtToken
        assert login.refreshJWT() != first
        account = myplex.MyPlexAccount(token=login.jwtToken, session=self.session)
        assert account.resource(self.machine)

        owner = self.sign_in("owner")
        identifier = {"X-Plex-Client-Identifier": "device-of-the-owner"}
        second = myplex.MyPlexJWTLogin(
            session=self.session, headers=identifier, token=owner.authToken
        )
        second.generateKeypair()
        second.registerDevice()
        with refused(exceptions.BadRequest, "422"):
            second.registerDevice()
        second.refreshJWT()
        assert second.decodedJWT["user"]["id"] == self.addresses["owner_id"]

    def request_log(self):
        log = self.control.call("GET", "/log")
        assert len(log) > 50, len(log)
        assert all(entry["client_identifier"] for entry in log)
        assert not any("x-plex-token" in map(str.lower, entry["query_keys"]) for entry in log)


@contextlib.contextmanager
def refused(kind, text=""):
    try:
        yield
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"expected {kind.__name__}")


CHECKS = [
    ("sign-in by PIN, and who it is", Checks.pin_sign_in),
    ("a PIN past its time", Checks.pin_expires),
    ("a PIN of another client identifier", Checks.pin_of_another_device),
    ("a short code linked by a signed-in user", Checks.link_short_code),
    ("resources per persona", Checks.resources),
    ("the owner's users", Checks.users),
    ("shared servers, sections and server tokens", Checks.shared_servers),
    ("un-share and share again", Checks.unshare),
    ("switching Home users, with and without PIN", Checks.home_users),
    ("sign-out and revoked tokens", Checks.dead_tokens),
    ("removed endpoints answer 410", Checks.removed_endpoints),
    ("device keys and JWTs", Checks.device_keys),
    ("the request log of all this", Checks.request_log),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator", required=True, help="path of the plextv-emulator binary")
    arguments = parser.parse_args()
    if not myplex.jwt or not myplex.cryptography:
        sys.exit('the extra is missing: pip install "plexapi[jwt]"')
    command = [arguments.emulator, "--listen", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            checks = Checks(json.loads(emulator.stdout.readline()))
            for name, check in CHECKS:
                try:
                    check(checks)
                except Exception as error:  # whatever it is, it is the answer
                    print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
                    raise
                print(f"ok {name}", flush=True)
        finally:
            emulator.terminate()
            emulator.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main())
