"""openid-client for Node.js, with its strictest checks. `node/sign_in.mjs` is the relying party."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import NODE

SCOPE = "openid profile email groups offline_access"
NODE_PROGRAM = Path(sys.executable).with_name("node")
SCRIPT = Path(__file__).parent / "node" / "sign_in.mjs"


class RelyingParty:
    """The script, running."""

    def __init__(self, house, folder, pushes=False):
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
            "scope": SCOPE,
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
