"""Signing in through each proxy, and what programs are told who have not."""

import json
from urllib.parse import urlsplit

import pytest

from browser import Page
from echo import MARK
from installed import MUSIC, NOTES, PHOTOS, WIKI
from proxies import Nginx
from raw import send

FRIEND = {
    "Remote-User": "plex-48151001",
    "Remote-Name": "Mara",
    "Remote-Email": "mara@example.net",
    "Remote-Groups": "plex-friend",
}


def served(proxy, page):
    """The one request that the application got, and its page."""
    assert page.status == 200 and page.json()["mark"] == MARK, page
    (received,) = proxy.echo.take()
    return received


@pytest.mark.case("sign-in from cold, by browser")
def test_signs_in_from_cold_and_lands_where_it_was_asked_for(proxy, house, browser):
    url = proxy.url(WIKI, "/page?x=1&y=%2F")
    page = browser.sign_in(url, "friend")
    received = served(proxy, page)
    assert page.url == url and received.target == "/page?x=1&y=%2F"
    assert proxy.url(WIKI, "/.plex-oidc/callback") in " ".join(browser.visited)


@pytest.mark.case("identity headers at the application")
def test_the_application_is_told_who_it_is(proxy, browser):
    received = served(proxy, browser.sign_in(proxy.url(WIKI), "friend"))
    assert received.identity() == FRIEND
    served(proxy, browser.open(proxy.url(WIKI, "/again")))


@pytest.mark.case("a bypass says nothing of nobody")
def test_a_bypass_tells_the_application_of_nobody(proxy, browser):
    received = served(proxy, browser.open(proxy.url(WIKI, "/public/page")))
    assert received.identity() == {}


@pytest.mark.case("second application without a click")
def test_a_second_application_needs_no_click(proxy, browser):
    browser.sign_in(proxy.url(WIKI), "friend")
    proxy.echo.take()
    page = browser.open(proxy.url(PHOTOS, "/album"))
    assert page.url == proxy.url(PHOTOS, "/album")
    assert served(proxy, page).identity() == FRIEND


@pytest.mark.case("whole domain: one session for two hosts")
def test_two_hosts_of_a_domain_share_a_session(proxy, house, browser):
    browser.sign_in(proxy.url(NOTES), "friend")
    proxy.echo.take()
    browser.visited.clear()
    served(proxy, browser.open(proxy.url(MUSIC, "/song")))
    assert browser.visited == [proxy.url(MUSIC, "/song")], "no way over the issuer"


@pytest.mark.case("a stranger never reaches the application")
def test_a_stranger_never_reaches_the_application(proxy, house, browser):
    page = browser.sign_in(proxy.url(WIKI), "stranger")
    assert page.status == 403 and page.url.startswith(house.issuer)
    assert browser.open(proxy.url(WIKI)).url.startswith(house.issuer)
    assert proxy.echo.take() == []


def sent_to_sign_in(proxy, house, answer):
    """Whether this is a 401 with the address to sign in at, and nothing of the application."""
    assert answer.status == 401, answer
    assert answer.headers["Location"].startswith(f"{house.issuer}/gateway/sign-in?request="), answer
    if not isinstance(proxy, Nginx):  # it keeps nothing of the body
        told = json.loads(answer.body)
        assert told == {"error": "sign_in_required", "sign_in": answer.headers["Location"]}
    assert proxy.echo.take() == []


@pytest.mark.case("XHR and fetch: 401 with the address")
@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
        {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Accept": "application/json"},
    ],
    ids=["xhr", "fetch", "program"],
)
def test_a_script_is_told_to_sign_in(proxy, house, headers):
    answer = send(proxy.port, "/api", f"{WIKI}:{proxy.port}", headers)
    sent_to_sign_in(proxy, house, answer)


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.case("WebSocket: 401, and 101 when signed in")
def test_a_websocket_is_told_to_sign_in_and_opens_afterwards(proxy, house, cookies):
    host = f"{WIKI}:{proxy.port}"
    sent_to_sign_in(proxy, house, send(proxy.port, "/socket", host, WEBSOCKET))
    cookie = cookies("friend")
    proxy.echo.take()
    answer = send(proxy.port, "/socket", host, WEBSOCKET | {"Cookie": cookie})
    assert answer.status == 101, answer
    (received,) = proxy.echo.take()
    assert received.identity() == FRIEND


@pytest.mark.case("POST: never sent again, back to its page")
def test_a_form_is_not_sent_again_and_its_page_comes_back(proxy, house, browser):
    form, action = proxy.url(WIKI, "/form?id=7"), proxy.url(WIKI, "/delete")
    headers = {"Referer": form, "Origin": proxy.url(WIKI, "")}
    answer = browser.session.post(action, data={"all": "yes"}, headers=headers, allow_redirects=False, timeout=20)
    assert answer.status_code == 303 and proxy.echo.take() == []
    page = browser.approve(browser.open(answer.headers["Location"]), "friend")
    assert page.url == form and isinstance(page, Page)
    received = served(proxy, page)
    assert (received.method, received.target) == ("GET", "/form?id=7")
    sent = browser.session.post(action, data={"all": "yes"}, headers=headers, allow_redirects=False, timeout=20)
    received = served(proxy, Page(sent))
    assert (received.method, received.body) == ("POST", b"all=yes")


@pytest.mark.case("sign-out ends it at once")
def test_signing_out_ends_it(proxy, house, browser):
    browser.sign_in(proxy.url(WIKI), "friend")
    page = browser.open(proxy.url(WIKI, "/.plex-oidc/sign-out"))
    assert page.url == f"{house.issuer}/sign-out", page
    proxy.echo.take()
    browser.submit(page, "/sign-out")
    page = browser.open(proxy.url(WIKI))
    assert "data-rid" in page.main and page.url.startswith(house.issuer)
    assert proxy.echo.take() == []


@pytest.mark.case("a hand-over is of no use to another browser")
def test_a_stolen_hand_over_is_of_no_use(proxy, house, new_browser):
    callback = proxy.url(WIKI, "/.plex-oidc/callback")
    victim, thief = new_browser(), new_browser()
    victim.elsewhere = (callback,)
    landing = victim.sign_in(proxy.url(WIKI), "friend")
    assert urlsplit(landing.url).query
    thief.open(proxy.url(WIKI))
    page = thief.open(landing.url)
    assert page.status == 403, page
    assert "data-rid" in thief.open(proxy.url(WIKI)).main
    assert proxy.echo.take() == []
