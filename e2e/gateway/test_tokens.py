"""App tokens: programs that use applications in a person's name, with tokens that the real command makes."""

import base64
import re

import pytest

from installed import PHOTOS, WIKI
from raw import send
from test_sign_in import FRIEND

# Letters on either side of the colon put the token at each of the three places that base64 knows.
USERS = ("", "u", "me", "mara@example.net")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(token, user="phone"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def at(proxy, host=WIKI):
    return f"{host}:{proxy.port}"


@pytest.fixture(scope="module")
def new_token(house, proxy, cookies):
    """Makes a token of the friend for an application."""
    cookies("friend")  # only somebody who has signed in can have one

    def new(app):
        told = house.command("token", "add", "--user", FRIEND["Remote-User"], "--app", app)
        (secret,) = re.findall(r"pot_[\w-]+", told)
        return secret

    return new


def listed(house):
    """The ids of all tokens."""
    return {line.split()[0] for line in house.command("token", "list").splitlines()}


@pytest.mark.case("app token: Bearer and Basic, and whose it is")
def test_a_token_passes_as_its_person(proxy, new_token):
    token = new_token("wiki")
    proxy.echo.take()
    for headers in [bearer(token), *(basic(token, user) for user in USERS)]:
        answer = send(proxy.port, "/api", at(proxy), headers)
        assert answer.status == 200, (headers, answer)
        (received,) = proxy.echo.take()
        assert received.identity() == FRIEND


@pytest.mark.case("app token: ends at the proxy")
def test_the_application_never_sees_a_token(proxy, new_token):
    token = new_token("wiki")
    proxy.echo.take()
    for headers in [bearer(token), *(basic(token, user) for user in USERS)]:
        assert send(proxy.port, "/public/x", at(proxy), headers).status == 200
        assert send(proxy.port, "/api", at(proxy), headers).status == 200
        for received in proxy.echo.take():
            assert received.all("Authorization") == [], received


@pytest.mark.case("the application's own Authorization arrives")
def test_an_authorization_that_is_no_token_arrives(proxy, cookies):
    cookie = {"Cookie": cookies("friend")}
    proxy.echo.take()
    for own in (basic("password"), bearer("something-else"), {"Authorization": "Digest username=\"mara\", uri=\"/\""}):
        assert send(proxy.port, "/", at(proxy), cookie | own).status == 200
        assert send(proxy.port, "/public/x", at(proxy), own).status == 200
        for received in proxy.echo.take():
            assert received.all("Authorization") == [own["Authorization"]], received
    assert send(proxy.port, "/", at(proxy), cookie).status == 200
    (received,) = proxy.echo.take()
    assert received.all("Authorization") == []


@pytest.mark.case("app token revoked or for another app: final")
def test_a_bad_token_is_final_even_beside_a_cookie(proxy, house, new_token, cookies):
    cookie = {"Cookie": cookies("friend")}
    before = listed(house)
    revoked = new_token("wiki")
    (one,) = listed(house) - before
    assert send(proxy.port, "/api", at(proxy), bearer(revoked)).status == 200
    house.command("token", "revoke", one)
    elsewhere = new_token("photos")
    assert send(proxy.port, "/api", at(proxy, PHOTOS), bearer(elsewhere)).status == 200
    proxy.echo.take()
    for token in (revoked, elsewhere, elsewhere[:-1]):
        for headers in (bearer(token), basic(token)):
            for more in ({}, cookie):
                for target in ("/api", "/public/x"):
                    answer = send(proxy.port, target, at(proxy), headers | more)
                    assert answer.status == 401 and proxy.echo.take() == [], (headers, more, target, answer)
                    assert "Location" not in answer.headers
