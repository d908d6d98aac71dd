"""Cloudflare Access in front of `plex-oidc serve`, with the client that our guide for it describes.

Cloudflare itself cannot run here: `cloudflare.py` makes the calls that it is known to make.
"""

import subprocess

import jwt
import pytest

import house as programs
from browser import Browser, Landing
from cloudflare import CALLBACK, CloudflareAccess

LISTED = ("groups", "preferred_username", "name")
ID_TOKEN_CLAIMS = ("email", "email_verified", "groups", "name", "preferred_username")
# A secret of the host's own: form-decoding it, as RFC 6749 s. 2.3.1 asks, would change it.
OWN_SECRET = "S+p%2Br&a=n:d~o/m-%41-5f2b9a0c7d1e4f6a8b3c"

MORE_CLIENTS = """
[[clients]]
id = "own-secret"
secret_file = "own.secret"
redirect_uris = ["{callback}"]
id_token_claims = ["email"]

[[clients]]
id = "in-the-form"
auth_method = "client_secret_post"
secret_file = "own.secret"
redirect_uris = ["{callback}"]
id_token_claims = ["email"]

[[clients]]
id = "es256"
signing_algorithm = "ES256"
secret_file = "own.secret"
redirect_uris = ["{callback}"]
id_token_claims = ["email"]

[[clients]]
id = "with-plex-token"
plex_token = "server"
secret_file = "own.secret"
redirect_uris = ["{callback}"]
id_token_claims = ["email"]
"""


def add_client(file):
    """Registers Cloudflare as its guide says. Gives the secret, which is shown this once."""
    command = [programs.PROGRAMS / "plex-oidc", "--config", file, "client", "add"]
    command += ["cloudflare-access", "--redirect-uri", CALLBACK]
    for claim in ID_TOKEN_CLAIMS:
        command += ["--id-token-claim", claim]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    (secret,) = [word for word in done.stdout.split() if word.startswith("pos_")]
    return secret


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    shown = []

    def prepare(file):
        own = file.with_name("own.secret")
        own.touch(mode=0o600)
        own.write_text(OWN_SECRET + "\n")
        shown.append(add_client(file))
        file.write_text(file.read_text() + MORE_CLIENTS.format(callback=CALLBACK))

    with programs.provider(tmp_path_factory.mktemp("cloudflare"), prepare) as started:
        started.client_id, started.client_secret = "cloudflare-access", shown[0]
        yield started


@pytest.fixture
def new_browser(house):
    return lambda: Browser(house.plex, elsewhere=(CALLBACK,))


@pytest.fixture
def cloudflare(house):
    return CloudflareAccess(house.issuer, house.client_id, house.client_secret, LISTED)


def test_the_test_button_shows_email_and_listed_claims(cloudflare, browser):
    result = cloudflare.test(browser.sign_in(cloudflare.begin(), "friend"))
    assert result["email"] == "mara@example.net"
    assert result["oidc_fields"] == {
        "groups": ["plex-friend"],
        "preferred_username": "mara.k",
        "name": "Mara",
    }
    claims = result["claims"]
    assert claims["sub"] == "plex-48151001" and claims["email_verified"] is True
    assert "nonce" not in claims and "picture" not in claims
    assert len(result["id_token"]) < 4096, "security requirement 77"
    assert cloudflare.called == [cloudflare.token_url, cloudflare.certificate_url], "no metadata, no UserInfo"


def test_a_policy_on_groups_tells_people_apart(cloudflare, new_browser):
    groups = {}
    for persona in ("owner", "home", "friend-all"):
        result = cloudflare.test(new_browser().sign_in(cloudflare.begin(), persona))
        groups[persona] = result["oidc_fields"]["groups"]
    expected = {"owner": ["plex-owner", "plex-pass"], "home": ["plex-home"], "friend-all": ["plex-friend", "plex-pass"]}
    assert groups == expected


def test_coming_back_costs_no_click(cloudflare, browser):
    first = cloudflare.test(browser.sign_in(cloudflare.begin(), "friend"))
    landing = browser.open(cloudflare.begin())
    assert isinstance(landing, Landing), landing
    second = cloudflare.test(landing)
    for name in ("sub", "auth_time", "sid"):
        assert first["claims"][name] == second["claims"][name], name


@pytest.mark.parametrize(("app_id", "in_form"), [("own-secret", False), ("in-the-form", True)])
def test_a_secret_is_taken_as_it_stands(house, browser, app_id, in_form):
    cloudflare = CloudflareAccess(house.issuer, app_id, OWN_SECRET, in_form=in_form)
    result = cloudflare.test(browser.sign_in(cloudflare.begin(), "friend"))
    assert result["email"] == "mara@example.net"


def test_es256_is_an_algorithm_that_cloudflare_takes(house, browser):
    cloudflare = CloudflareAccess(house.issuer, "es256", OWN_SECRET)
    result = cloudflare.test(browser.sign_in(cloudflare.begin(), "friend"))
    assert jwt.get_unverified_header(result["id_token"])["alg"] == "ES256"


def test_a_plex_token_is_handed_on_to_the_client_that_may_have_it_and_no_other(house, cloudflare, browser):
    trusted = CloudflareAccess(house.issuer, "with-plex-token", OWN_SECRET, ["plex_token"])
    result = trusted.test(browser.sign_in(trusted.begin(), "friend"))
    assert len(result["oidc_fields"]["plex_token"]) == 20
    assert "plex_token" not in cloudflare.test(browser.open(cloudflare.begin()))["claims"]
    # The session holds no Plex token, so that the next visit has to ask Plex for one again.
    assert "data-rid" in browser.open(trusted.begin()).main


def test_a_wrong_secret_fails_and_costs_the_visitor_nothing(cloudflare, house, browser):
    landing = browser.sign_in(cloudflare.begin(), "friend")
    right, cloudflare.client_secret = cloudflare.client_secret, "pos_" + "A" * 43
    answer = cloudflare.exchange(landing)
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"
    cloudflare.client_secret = right
    assert cloudflare.test(landing)["email"] == "mara@example.net"


def test_without_the_pkce_switch_cloudflare_is_told_so(house, browser):
    cloudflare = CloudflareAccess(house.issuer, house.client_id, house.client_secret, pkce=False)
    landing = browser.open(cloudflare.begin())
    assert isinstance(landing, Landing) and landing.parameters["error"] == "invalid_request"
    assert landing.parameters["state"] == cloudflare.state and "code_challenge" in landing.parameters["error_description"]


def test_a_stranger_and_a_cancel_bring_no_code(cloudflare, new_browser):
    browser = new_browser()
    page = browser.sign_in(cloudflare.begin(), "stranger")
    assert page.status == 403 and page.heading == "This account can’t come in"
    landing = browser.submit(page, "/cancel")
    assert landing.parameters["error"] == "access_denied" and "code" not in landing.parameters
    assert landing.parameters["state"] == cloudflare.state
    assert isinstance(browser.open(cloudflare.begin()), type(page)), "nobody is signed in"
