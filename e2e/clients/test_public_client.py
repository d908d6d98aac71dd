"""Authlib as an application that cannot keep a secret: PKCE alone, and refresh tokens that rotate."""

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import house as programs
from browser import Browser, Landing

CALLBACK = "http://127.0.0.1/callback"
# A native application listens on whatever port is free (RFC 8252 s. 7.3).
LISTENING = "http://127.0.0.1:9/callback"

PUBLIC_CLIENT = f"""
[[clients]]
id = "native"
auth_method = "none"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "offline_access"]

[tokens]
refresh_grace = "0s"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    def prepare(file):
        file.write_text(file.read_text() + PUBLIC_CLIENT)

    with programs.provider(tmp_path_factory.mktemp("public"), prepare) as started:
        yield started


@pytest.fixture
def new_browser(house):
    return lambda: Browser(house.plex, elsewhere=(LISTENING,))


@pytest.fixture
def native(house):
    session = OAuth2Session(
        "native",
        scope="openid offline_access",
        redirect_uri=LISTENING,
        token_endpoint=f"{house.issuer}/token",
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
        default_timeout=10,
    )
    session.trust_env = False
    return session


def sign_in(house, native, browser):
    verifier = generate_token(64)
    url, state = native.create_authorization_url(f"{house.issuer}/authorize", code_verifier=verifier)
    landing = browser.sign_in(url, "friend")
    return dict(native.fetch_token(authorization_response=landing.url, state=state, code_verifier=verifier))


def userinfo(house, access_token):
    headers = {"Authorization": f"Bearer {access_token}"}
    return programs.plain_session().get(f"{house.issuer}/userinfo", headers=headers, timeout=10).status_code


def test_refresh_tokens_rotate_and_reuse_ends_the_grant(house, native, browser):
    first = sign_in(house, native, browser)
    second = dict(native.refresh_token(native.metadata["token_endpoint"]))
    third = dict(native.refresh_token(native.metadata["token_endpoint"]))
    assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3
    assert userinfo(house, third["access_token"]) == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        native.refresh_token(native.metadata["token_endpoint"], first["refresh_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        native.refresh_token(native.metadata["token_endpoint"], third["refresh_token"])
    assert [userinfo(house, tokens["access_token"]) for tokens in (first, second, third)] == [401] * 3


def test_without_pkce_there_is_no_code(house, browser):
    url = f"{house.issuer}/authorize?client_id=native&response_type=code&scope=openid&state=s"
    landing = browser.open(f"{url}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback")
    assert isinstance(landing, Landing) and landing.parameters["error"] == "invalid_request"
