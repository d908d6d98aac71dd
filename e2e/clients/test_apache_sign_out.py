"""mod_auth_openidc signs people out: by our end-session endpoint, and because we tell it (back-channel logout)."""

import time
from urllib.parse import quote

import pytest

import house as programs
from apache import Apache
from browser import Browser

CLIENT = """
[outbound]
private_addresses = ["localhost"]

[[clients]]
id = "files"
secret_file = "files.secret"
redirect_uris = ["{callback}"]
post_logout_redirect_uris = ["{url}/front"]
backchannel_logout_uri = "{callback}?logout=backchannel"
backchannel_logout_session_required = true
scopes = ["openid", "profile", "email", "groups", "offline_access"]
"""
SECRET = "files-0123456789-abcdefghijklmnopqrstuvwxyz"
TOLD_WITHIN = 10


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Apache as a client that is registered with both addresses for signing out."""
    folder, port = tmp_path_factory.mktemp("sign-out"), programs.free_port()

    def prepare(file):
        secret = file.with_name("files.secret")
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        callback = Apache.redirect_uri(port)
        text = file.read_text() + CLIENT.format(callback=callback, url=callback.rpartition("/secure/")[0])
        file.write_text(text)

    with programs.provider(folder, prepare) as house:
        house.client_id, house.client_secret = "files", SECRET
        with Apache(tmp_path_factory.mktemp("apache-sign-out"), port, house) as started:
            yield started


@pytest.fixture
def browser(files):
    return Browser(files.house.plex)


def is_signed_out_at(files, browser):
    page = browser.open(files.secret_page)
    return page.url.startswith(files.house.issuer) and "data-rid" in page.main


def test_signs_out_of_both_and_comes_back(files, browser):
    assert browser.sign_in(files.secret_page, "friend").status == 200
    front = f"{files.url}/front"
    out = browser.open(f"{files.callback}?logout={quote(front)}")
    assert out.url.partition("?")[0] == front, out
    assert any(url.startswith(f"{files.house.issuer}/end-session?") for url in browser.visited)
    assert is_signed_out_at(files, browser)


def test_an_address_that_is_not_registered_ends_at_our_question(files, browser):
    assert browser.sign_in(files.secret_page, "friend").status == 200
    page = browser.open(f"{files.callback}?logout={quote(f'{files.url}/other')}")
    assert page.url.startswith(files.house.issuer) and page.heading == "Sign out?", page
    page = browser.submit(page, "/sign-out")
    assert page.heading == "You are signed out"


def test_is_told_when_somebody_signs_out_here(files, browser):
    assert browser.sign_in(files.secret_page, "friend").status == 200
    own_cookies = [cookie for cookie in browser.session.cookies if "plex-oidc" not in cookie.name]
    assert own_cookies, "Apache has a session of its own"
    page = browser.submit(browser.open(f"{files.house.issuer}/sign-out"), "/sign-out")
    assert page.heading == "You are signed out"
    end = time.monotonic() + TOLD_WITHIN
    while not (out := is_signed_out_at(files, browser)) and time.monotonic() < end:
        time.sleep(0.2)
    assert out, "Apache's session lives on"
