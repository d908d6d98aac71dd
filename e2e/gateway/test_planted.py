"""What visitors plant: headers that look like ours, headers of other proxies, tricks with `Connection`, odd hosts."""

import pytest

from echo import MARK
from installed import PHOTOS, WIKI
from raw import send
from test_sign_in import FRIEND

OWNER = "plex-1"
SPELLINGS = ("Remote-User", "Remote_User", "REMOTE-USER", "remote_user", "REMOTE_USER", "rEmOtE-uSeR")
OTHERS = ("Remote-Groups", "Remote_Groups", "Remote-Email", "Remote_Name")


def at(proxy, host=WIKI):
    return f"{host}:{proxy.port}"


def planted(spelling):
    """The header in this spelling, twice."""
    return [(spelling, OWNER), (spelling, "admin")]


ALL_AT_ONCE = [pair for name in SPELLINGS + OTHERS for pair in planted(name)]


@pytest.mark.case("planted Remote-User, Remote_User, REMOTE-USER, twice")
@pytest.mark.parametrize("headers", [*map(planted, SPELLINGS), ALL_AT_ONCE], ids=[*SPELLINGS, "all"])
def test_a_planted_identity_never_arrives(proxy, cookies, headers):
    cookie = ("Cookie", cookies("friend"))
    proxy.echo.take()
    answer = send(proxy.port, "/", at(proxy), [*headers, cookie])
    assert answer.status == 200, answer
    answer = send(proxy.port, "/public/x", at(proxy), headers)
    assert answer.status == 200, answer
    signed_in, anybody = proxy.echo.take()
    assert signed_in.identity() == FRIEND and signed_in.spelled_otherwise() == []
    assert anybody.identity() == {} and anybody.spelled_otherwise() == []


ELSEWHERE = {
    "X-Forwarded-Host": PHOTOS,
    "X-Forwarded-Uri": "/public/x",
    "X-Forwarded-Method": "OPTIONS",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/public",
    "X-Forwarded-Port": "1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Original-URL": "http://wiki.localhost/public/x",
    "X-Original-Method": "GET",
    "X-Original-URI": "/public/x",
    "X-Original-Host": PHOTOS,
    "X-Rewrite-URL": "/public/x",
    "X-Envoy-Original-Path": "/public/x",
    "X-Http-Method-Override": "GET",
    "Forwarded": "host=photos.localhost;proto=https",
}


@pytest.mark.case("planted X-Forwarded-*, X-Original-*, Forwarded")
def test_planted_headers_of_proxies_change_nothing(proxy, house, cookies, new_browser):
    for headers in [{name: value} for name, value in ELSEWHERE.items()] + [ELSEWHERE]:
        answer = send(proxy.port, "/admin/x", at(proxy), headers | {"Accept": "text/html"})
        assert answer.status in (302, 303), (headers, answer)
        assert answer.headers["Location"].startswith(f"{house.issuer}/gateway/sign-in?request="), headers
        assert proxy.echo.take() == [], headers
        friend = {"Cookie": cookies("friend"), "Accept": "text/html"}
        proxy.echo.take()
        answer = send(proxy.port, "/admin/x", at(proxy), headers | friend)
        assert answer.status == 403 and proxy.echo.take() == [], (headers, answer)
    # And the way back leads to where the request really went.
    browser = new_browser()
    browser.session.headers.update(ELSEWHERE)
    del browser.session.headers["X-Http-Method-Override"]
    page = browser.sign_in(proxy.url(WIKI, "/really"), "friend")
    assert page.url == proxy.url(WIKI, "/really") and page.json()["mark"] == MARK


CONNECTION = [
    "X-Forwarded-Host, Remote-User",
    "close, X-Forwarded-Host, X-Forwarded-Uri, X-Forwarded-Proto, X-Forwarded-Method",
    "close, X-Original-URL, X-Original-Method",
    "close, Remote-User, Remote-Groups, Remote-Email, Remote-Name",
    "close, Cookie",
    "Host",
]


@pytest.mark.case("Connection: names our headers")
def test_a_connection_header_takes_nothing_over(proxy, cookies):
    for value in CONNECTION:
        attack = [("Connection", value), ("Remote-User", OWNER), ("X-Forwarded-Host", PHOTOS)]
        cookie = cookies("friend")
        proxy.echo.take()
        answer = send(proxy.port, "/admin/x", at(proxy), [*attack, ("Cookie", cookie)])
        assert answer.status not in (200, 101) and proxy.echo.take() == [], (value, answer)
        answer = send(proxy.port, "/", at(proxy), [*attack, ("Cookie", cookie)])
        # Refused, or told rightly; a header may get lost on the way to the application, but it is never another's.
        for received in proxy.echo.take():
            assert received.identity().items() <= FRIEND.items(), (value, received)
            assert received.spelled_otherwise() == []
        answer = send(proxy.port, "/", at(proxy), attack)
        assert answer.status not in (200, 101) and proxy.echo.take() == [], (value, answer)


@pytest.mark.case("absolute-form target with another Host")
def test_the_decision_is_about_the_host_that_is_served(proxy, cookies):
    cookie = {"Cookie": cookies("friend")}
    proxy.echo.take()
    for host in (at(proxy, PHOTOS), "open.test", at(proxy, "WIKI.localhost")):
        answer = send(proxy.port, proxy.url(WIKI, "/admin/x"), host, cookie)
        assert answer.status != 200, (host, answer)
        answer = send(proxy.port, proxy.url(WIKI, "/"), host)
        assert answer.status != 200 and proxy.echo.take() == [], (host, answer)
    # Only the wiki has a public part. Whichever host a proxy goes by, it asks about the one that it serves.
    send(proxy.port, proxy.url(PHOTOS, "/public/x"), at(proxy))
    for received in proxy.echo.take():
        assert received.all("Host") == [at(proxy)], received


@pytest.mark.case("hosts that nobody declared, odd spellings")
def test_an_unknown_host_opens_nothing(proxy, cookies):
    cookie = {"Cookie": cookies("friend")}
    proxy.echo.take()
    for host in ("evil.test", "wiki.localhost.evil.test", "evilwiki.localhost", "localhost", "x@wiki.localhost", ""):
        # Caddy has an empty 200 for hosts that it does not know.
        answer = send(proxy.port, "/", host, cookie)
        assert MARK.encode() not in answer.body and proxy.echo.take() == [], (host, answer)
    # The same host, spelled otherwise: never more than the plain form gets.
    for host in ("WIKI.LOCALHOST", "wiki.localhost."):
        for target in ("/admin/x", "/ADMIN/x"):
            answer = send(proxy.port, target, f"{host}:{proxy.port}", cookie)
            assert MARK.encode() not in answer.body and proxy.echo.take() == [], (host, answer)


@pytest.mark.case("cookies broken, doubled, of another host")
def test_a_bad_cookie_opens_nothing(proxy, cookies):
    good = cookies("friend")
    name, _, value = good.partition("=")
    bad = [
        f"{name}=",
        f"{name}={value[:-1]}",
        f"{name}={value}x",
        f"{name}={value[::-1]}",
        f'{name}="{value}',
        f"{name}={'x' * 3000}",
        f"{name}=x; {good}",
        f"{good}; {name}=x",
        f"plex-oidc-domain={value}",
        f"plex-oidc-session={value}",
        f"plex-oidc-start={value}",
    ]
    proxy.echo.take()
    for cookie in bad:
        answer = send(proxy.port, "/", at(proxy), {"Cookie": cookie})
        assert answer.status != 200 and proxy.echo.take() == [], (cookie, answer)
    answer = send(proxy.port, "/", at(proxy, PHOTOS), {"Cookie": good})
    assert answer.status != 200 and proxy.echo.take() == [], "the wiki's cookie at another host"


@pytest.mark.case("our cookies end at the proxy (not: Traefik)")
def test_the_application_gets_its_own_cookies_only(proxy, cookies):
    good = cookies("friend")
    ours = ["plex-oidc-domain=x", "__Host-plex-oidc-app=x", "__Secure-plex-oidc-domain=y"]
    proxy.echo.take()
    for sent, kept in (
        (f"a=1; {good}; b=2; xplex-oidc-app=3", "a=1; b=2; xplex-oidc-app=3"),
        (f"{good}; a=1", "a=1"),
        (f"a=1; {good}", "a=1"),
        (f"{ours[0]}; {good}; a=1; {ours[1]}", "a=1"),
        (f"{ours[2]}; {good}; a=1", "a=1"),
        (good, ""),
    ):
        assert send(proxy.port, "/", at(proxy), {"Cookie": sent}).status == 200
        (received,) = proxy.echo.take()
        arrived = "; ".join(received.all("Cookie"))
        if proxy.name == "traefik":  # it cannot take one out; docs/guides/traefik.md says so
            assert arrived == sent
        else:
            assert arrived.strip("; ") == kept, (sent, received)


@pytest.mark.case("the gateway answers its proxies only")
def test_only_trusted_proxies_are_answered(proxy, house, cookies):
    asked = proxy.direct(WIKI)
    host = asked.pop("Host", house.address)
    headers = asked | {"Cookie": cookies("friend"), "Remote-User": OWNER}
    answer = send(house.port, proxy.endpoint, host, headers)
    assert answer.status == 200 and answer.headers["Remote-User"] == FRIEND["Remote-User"]
    for disguise in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}):
        answer = send(house.port, proxy.endpoint, host, headers | disguise, source="127.0.0.2")
        assert answer.status == 403 and "Remote-User" not in answer.headers, answer
