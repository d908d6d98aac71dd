"""The relying party of the demo, which stands on the `openidconnect` crate, by HTTP only."""

import time
from urllib.parse import urlencode

import pytest

from browser import Landing, Page
from conftest import SECOND

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


@pytest.fixture
def desk(house):
    return house.relying_party


def greeted(page):
    assert page.status == 200 and page.heading.startswith("Hello, "), page
    return page


def second_application(house, prompt):
    """An authorization request of another application of the same owner."""
    query = {
        "client_id": house.client_id,
        "redirect_uri": SECOND,
        "response_type": "code",
        "scope": "openid",
        "state": "a-state-of-the-second",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": prompt,
    }
    return f"{house.issuer}/authorize?{urlencode(query)}"


def test_signs_in_and_shows_the_claims(desk, house, browser):
    page = greeted(browser.sign_in(f"{desk}/sign-in", "home"))
    token, userinfo = page.tables["id-token"], page.tables["userinfo"]
    assert page.heading == f"Hello, {userinfo['name']}"
    assert token["iss"] == house.issuer and token["aud"] == "demo"
    assert token["sub"] == userinfo["sub"] and token["sub"].startswith("plex-")
    assert '"plex-home"' in userinfo["groups"] and userinfo["email_verified"] == "true"
    assert "Granted scopes: openid profile email groups offline_access" in page.text


def test_refreshes(desk, browser):
    page = greeted(browser.sign_in(f"{desk}/sign-in", "friend"))
    refreshed = greeted(browser.submit(page, "/refresh"))
    before, after = page.tables["id-token"], refreshed.tables["id-token"]
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert before[name] == after[name], name
    assert "nonce" in before and "nonce" not in after, "a token of the refresh (OIDC Core 1.0 s. 12.2)"
    assert refreshed.tables["userinfo"] == page.tables["userinfo"]


def test_signs_out_of_both_and_comes_back(desk, house, browser):
    page = greeted(browser.sign_in(f"{desk}/sign-in", "friend"))
    out = browser.submit(page, "/sign-out")
    assert isinstance(out, Page) and out.url == f"{desk}/" and out.heading == "You are not signed in", out
    assert any(url.startswith(f"{house.issuer}/end-session?id_token_hint=") for url in browser.visited)
    stopped = browser.open(second_application(house, "none"))
    assert isinstance(stopped, Landing) and stopped.parameters["error"] == "login_required"


def test_signing_in_afresh_asks_plex_again_and_moves_auth_time(desk, browser):
    first = greeted(browser.sign_in(f"{desk}/sign-in", "friend")).tables["id-token"]
    # The clock of the demo is the machine's. auth_time counts whole seconds.
    while int(time.time()) <= int(first["auth_time"]):
        time.sleep(0.05)
    again = greeted(browser.open(f"{desk}/sign-in"))
    assert again.tables["id-token"]["auth_time"] == first["auth_time"], "nobody was asked"
    page = greeted(browser.sign_in(f"{desk}/sign-in?prompt=login", "friend"))
    assert int(page.tables["id-token"]["auth_time"]) > int(first["auth_time"])
    assert page.tables["id-token"]["sub"] == first["sub"]


def test_a_second_application_needs_no_click(desk, house, browser):
    stopped = browser.open(second_application(house, "none"))
    assert isinstance(stopped, Landing) and stopped.parameters["error"] == "login_required"
    greeted(browser.sign_in(f"{desk}/sign-in", "friend"))
    seen = len(browser.visited)
    landing = browser.open(second_application(house, "none"))
    assert isinstance(landing, Landing), landing
    assert landing.url.startswith(SECOND) and landing.parameters["code"]
    assert landing.parameters["state"] == "a-state-of-the-second"
    assert landing.parameters["iss"] == house.issuer
    assert len(browser.visited) == seen + 1, "straight from the authorization endpoint"


def test_a_stranger_and_a_cancel(desk, house, new_browser):
    denied = new_browser().sign_in(f"{desk}/sign-in", "stranger")
    assert denied.status == 403 and denied.url.startswith(house.issuer)

    browser = new_browser()
    page = browser.submit(browser.open(f"{desk}/sign-in"), "/cancel")
    assert isinstance(page, Page) and page.url.startswith(f"{desk}/callback")
    assert page.heading == "That did not work" and "access_denied" in page.text


def test_who_lost_the_share_is_turned_away(desk, house, new_browser):
    greeted(new_browser().sign_in(f"{desk}/sign-in", "unshared"))
    house.plex.unshare("unshared")
    try:
        denied = new_browser().sign_in(f"{desk}/sign-in", "unshared")
        assert denied.status == 403 and denied.url.startswith(house.issuer), denied
    finally:
        house.plex.share("unshared")
    greeted(new_browser().sign_in(f"{desk}/sign-in", "unshared"))
