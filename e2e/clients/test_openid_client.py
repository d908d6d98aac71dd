"""openid-client for Node.js, with its strictest checks. `node/sign_in.mjs` is the relying party."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from browser import Landing
from conftest import NODE, NODE_OUT

SCOPE = "openid profile email groups offline_access"
NODE_PROGRAM = Path(sys.executable).with_name("node")
SCRIPT = Path(__file__).parent / "node" / "sign_in.mjs"


class RelyingParty:
    """The script, running."""

    def __init__(self, house, folder, scope=SCOPE, pushes=False):
        # Node looks for packages beside the script, and they are installed outside the tree.
        shutil.copy(SCRIPT, folder)
        (folder / "node_modules").symlink_to(os.environ["NODE_MODULES"])
        command = [NODE_PROGRAM, folder / SCRIPT.name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        settings = {
            "issuer": house.issuer,
            "clientId": house.client_id,
            "clientSecret": house.client_secret,
            "redirectUri": NODE,
            "postLogoutRedirectUri": NODE_OUT,
            "scope": scope,
            "pushes": pushes,
        }
        self.write(json.dumps(settings))
        self.url = self.read()["url"]

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def lands_at(self, url):
        self.write(url)
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            assert self.process.wait(timeout=10) == 0
        finally:
            self.process.kill()


@pytest.fixture
def relying_party(house, tmp_path):
    started = RelyingParty(house, tmp_path)
    yield started
    started.close()


def test_signs_in_asks_userinfo_and_refreshes(relying_party, house, browser):
    landing = browser.sign_in(relying_party.url, "friend")
    learnt = relying_party.lands_at(landing.url)
    assert "error" not in learnt, learnt
    claims, renewed = learnt["claims"], learnt["renewed"]
    assert (claims["iss"], claims["aud"], claims["sub"]) == (house.issuer, house.client_id, "plex-48151001")
    assert learnt["scope"] == SCOPE and learnt["newAccessToken"]
    assert learnt["userinfo"]["email"] == "mara@example.net" and learnt["userinfoAgain"] == learnt["userinfo"]
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert claims[name] == renewed[name], name


def test_pushes_its_request(house, browser, tmp_path):
    relying_party = RelyingParty(house, tmp_path, pushes=True)
    try:
        assert "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A" in relying_party.url
        assert "state" not in relying_party.url and "scope" not in relying_party.url
        learnt = relying_party.lands_at(browser.sign_in(relying_party.url, "friend").url)
        assert "error" not in learnt, learnt
        assert learnt["claims"]["sub"] == "plex-48151001" and learnt["scope"] == SCOPE
    finally:
        relying_party.close()


def sign_out(relying_party, browser):
    """Both ways, to where the browser lands. What is left of the tokens then."""
    relying_party.write("sign out")
    landing = browser.open(relying_party.read()["url"])
    assert isinstance(landing, Landing) and landing.url.startswith(f"{NODE_OUT}?"), landing
    learnt = relying_party.lands_at(landing.url)
    assert learnt["ownState"] and learnt["found"] == "state", "nothing comes along but the state"
    return learnt


def is_known(house, browser):
    """Whether somebody is signed in at the provider."""
    asked = {"client_id": house.client_id, "redirect_uri": NODE, "response_type": "code", "scope": "openid"}
    asked |= {"prompt": "none", "code_challenge": "c" * 43, "code_challenge_method": "S256"}
    return "code" in browser.open(f"{house.issuer}/authorize?{urlencode(asked)}").parameters


def test_signs_out_and_gives_the_refresh_token_back(relying_party, house, browser):
    learnt = relying_party.lands_at(browser.sign_in(relying_party.url, "friend").url)
    assert "error" not in learnt and is_known(house, browser), learnt
    learnt = sign_out(relying_party, browser)
    assert not is_known(house, browser)
    # Offline access is for the time when nobody is signed in. What was given back is over.
    assert learnt["signedOut"] == {"userinfo": "good", "refresh": "good"}
    assert learnt["revoked"] == {"userinfo": "invalid_token", "refresh": "invalid_grant"}


def test_signs_out_and_without_offline_access_nothing_is_left(house, browser, tmp_path):
    relying_party = RelyingParty(house, tmp_path, scope="openid email")
    try:
        learnt = relying_party.lands_at(browser.sign_in(relying_party.url, "friend").url)
        assert learnt["userinfo"]["email"] == "mara@example.net" and "renewed" not in learnt
        learnt = sign_out(relying_party, browser)
        assert not is_known(house, browser)
        assert learnt["signedOut"] == {"userinfo": "invalid_token"}
    finally:
        relying_party.close()


@pytest.mark.parametrize("change", ["another issuer", "no issuer", "another state"])
def test_refuses_an_answer_that_is_not_its_own(relying_party, house, browser, change):
    landing = browser.sign_in(relying_party.url, "friend")
    _, _, iss = landing.url.partition("&iss=")
    state = landing.parameters["state"]
    altered = {
        "another issuer": landing.url.replace(f"&iss={iss}", "&iss=https%3A%2F%2Felsewhere.example"),
        "no issuer": landing.url.replace(f"&iss={iss}", ""),
        "another state": landing.url.replace(state, state[::-1]),
    }[change]
    assert altered != landing.url
    assert relying_party.lands_at(altered)["error"] == "OAUTH_INVALID_RESPONSE"


def test_a_cancel_is_an_error_of_the_protocol(relying_party, browser):
    landing = browser.submit(browser.open(relying_party.url), "/cancel")
    assert relying_party.lands_at(landing.url)["error"] == "access_denied"
