"""Paths with several readings (the table in docs/gateway.md): a bypass opens only what is plainly below it, and a rule for
the owner keeps everybody else out, however the path is spelled."""

import re

import pytest

from installed import WIKI
from raw import send

PLAIN = re.compile(r"/public(/[a-z0-9.?=/&%-]*)?(\?.*)?")

# What the application behind may take for /admin, or for something below it.
ADMIN = [
    "/admin",
    "/admin/",
    "/admin/x",
    "/ADMIN/x",
    "/%41dmin/x",
    "/a%64min",
    "/admin?x=/public/",
    "/admin/x?/public/y",
    "/public/../admin",
    "/public/../admin/x",
    "/public/./../admin/x",
    "/public/%2e%2e/admin",
    "/public/.%2e/admin/x",
    "/public/%2e%2e%2fadmin",
    "/public%2f..%2fadmin",
    "/public%2F..%2Fadmin/x",
    "/public%5c..%5cadmin",
    "/public\\..\\admin",
    "/public/..\\admin",
    "/public/..;/admin",
    "/public/..;a=b/admin/x",
    "/public;/../admin",
    "/public/%252e%252e/admin",
    "/public%252f..%252fadmin",
    "//admin",
    "//admin/x",
    "/./admin/x",
    "/x/../admin/x",
    "/admin;x/y",
    "/admin%2fx",
    "/admin%5cx",
    "/admin#/public",
    "/admin/x#/public/y",
    "/public#/../admin",
    "/public/x#/../../admin/x",
    "/public/#/../../admin",
    "/public/x?y#/../../admin",
    "/admin%23/public",
    "/public%23/../admin",
    "/admin%00",
    "/public%00/../admin",
    b"/public/\xc0\xae\xc0\xae/admin",
    b"/admin\xff/x",
]

# No bypass either: they are not plainly below it.
BESIDE = [
    "/",
    "/publicity",
    "/PUBLIC/x",
    "/private?x=/public/",
    "/private?/public/x",
    "//public/x",
    "/public;x/y",
    "/public%2fx",
    "/public%5cx",
    "/public/%2e%2e/x",
    "/public/..",
    "/public/../x",
    "/.plex-oidc/authz",
]


def at(proxy):
    return f"{WIKI}:{proxy.port}"


def ids(target):
    return target if isinstance(target, str) else repr(target)


@pytest.mark.case("paths: what is plainly below a bypass passes")
def test_a_plain_path_below_the_bypass_is_open(proxy):
    targets = ["/public", "/public/", "/public/x", "/public/%78?y=%2f..%2f", "/public/a.b-c/d"]
    for target in targets:
        assert send(proxy.port, target, at(proxy)).status == 200, target
    assert len(proxy.echo.take()) == len(targets)


@pytest.mark.case("paths: no spelling opens a page without sign-in")
def test_no_spelling_opens_a_page_without_sign_in(proxy):
    for target in ADMIN + BESIDE:
        answer = send(proxy.port, target, at(proxy))
        for received in proxy.echo.take():
            # A proxy that resolves the path before it asks may have asked about something plainly public.
            assert PLAIN.fullmatch(received.target) and ".." not in received.target, (target, received)
        assert target in BESIDE or answer.status != 200, (target, answer)


@pytest.mark.case("paths: no spelling opens what is the owner's")
def test_no_spelling_opens_what_is_the_owners(proxy, cookies):
    cookie = {"Cookie": cookies("friend"), "Accept": "text/html"}
    proxy.echo.take()
    for target in ADMIN:
        answer = send(proxy.port, target, at(proxy), cookie)
        assert answer.status != 200, (target, answer)
        assert proxy.echo.take() == [], target
    assert send(proxy.port, "/page", at(proxy), cookie).status == 200


@pytest.mark.case("?app= of the visitor chooses no other rules")
def test_a_visitor_does_not_choose_the_rules(proxy, cookies):
    cookie = {"Cookie": cookies("friend")}
    proxy.echo.take()
    queries = ("?app=wide", "?x=y&app=wide", "?%61pp=wide", "?app=wide#x", "?app=wiki", "?" + "p=x&" * 100 + "app=wide")
    for query in queries:
        answer = send(proxy.port, f"/page{query}", at(proxy))
        assert answer.status != 200 and proxy.echo.take() == [], (query, answer)
        answer = send(proxy.port, f"/admin/x{query}", at(proxy), cookie)
        assert answer.status != 200 and proxy.echo.take() == [], (query, answer)
        if "#" in query:  # not every proxy takes it
            continue
        answer = send(proxy.port, f"/page{query}", at(proxy), cookie)
        (received,) = proxy.echo.take()
        assert answer.status == 200 and received.target == f"/page{query}", (query, answer)


@pytest.mark.case("paths: the owner gets to what is hers")
def test_the_owner_gets_there(proxy, cookies):
    cookie = {"Cookie": cookies("owner")}
    proxy.echo.take()
    for target in ("/admin", "/admin/x?y=z"):
        assert send(proxy.port, target, at(proxy), cookie).status == 200, target
    assert [received.target for received in proxy.echo.take()] == ["/admin", "/admin/x?y=z"]


@pytest.mark.case("methods: none is a way around")
def test_no_method_is_a_way_around(proxy):
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get"):
        answer = send(proxy.port, "/admin/x", at(proxy), method=method)
        assert answer.status != 200 and proxy.echo.take() == [], (method, answer)
