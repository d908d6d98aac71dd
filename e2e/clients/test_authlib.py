"""Authlib, strictly: PKCE, the ID token checked claim by claim, UserInfo, refresh, revocation, sign-out."""

import secrets

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Landing
from conftest import AUTHLIB, AUTHLIB_OUT

SCOPE = "openid profile email groups offline_access"


class RelyingParty(OpenIDMixin):
    """An application on Authlib."""

    def __init__(self, house):
        self.house = house
        self.metadata = house.metadata()
        self.session = OAuth2Session(
            house.client_id,
            house.client_secret,
            scope=SCOPE,
            redirect_uri=AUTHLIB,
            token_endpoint=self.metadata["token_endpoint"],
            token_endpoint_auth_method="client_secret_basic",
            code_challenge_method="S256",
            default_timeout=10,
        )
        self.session.trust_env = False
        self.nonce = secrets.token_urlsafe(16)
        self.verifier = generate_token(64)
        self.url, self.state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], nonce=self.nonce, code_verifier=self.verifier
        )

    def load_server_metadata(self):
        return self.metadata

    def redeem(self, landing, verifier=None):
        assert landing.parameters["iss"] == self.metadata["issuer"]
        return self.session.fetch_token(
            authorization_response=landing.url, state=self.state, code_verifier=verifier or self.verifier
        )

    def claims(self, tokens, nonce):
        """The claims of the ID token, after every check that Authlib knows."""
        keys = KeySet.import_key_set(self.session.get(self.metadata["jwks_uri"], withhold_token=True).json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
        wanted = {
            "iss": {"essential": True, "value": self.metadata["issuer"]},
            "aud": {"essential": True, "value": self.house.client_id},
            "sub": {"essential": True},
            "at_hash": {"essential": True},
            "auth_time": {"essential": True},
        }
        about = {"nonce": nonce, "client_id": self.house.client_id, "access_token": tokens["access_token"]}
        claims = CodeIDToken(token.claims, token.header, wanted, about)
        claims.validate(leeway=0)
        return claims


@pytest.fixture
def relying_party(house):
    return RelyingParty(house)


def test_signs_in_and_checks_the_id_token(relying_party, browser):
    tokens = relying_party.redeem(browser.sign_in(relying_party.url, "friend"))
    assert tokens["token_type"] == "Bearer" and 0 < tokens["expires_in"] <= 600
    assert tokens.get("scope", SCOPE) == SCOPE
    claims = relying_party.claims(tokens, relying_party.nonce)
    assert claims["sub"] == "plex-48151001"
    userinfo = relying_party.session.get(relying_party.metadata["userinfo_endpoint"])
    assert userinfo.status_code == 200 and userinfo.json()["sub"] == claims["sub"]
    assert userinfo.json()["email"] == "mara@example.net"


def test_refreshes(relying_party, browser):
    tokens = dict(relying_party.redeem(browser.sign_in(relying_party.url, "friend")))
    first = relying_party.claims(tokens, relying_party.nonce)
    renewed = relying_party.session.refresh_token(relying_party.metadata["token_endpoint"])
    assert renewed["access_token"] != tokens["access_token"]
    second = relying_party.claims(renewed, None)
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert first[name] == second[name], name
    assert "nonce" not in second
    assert relying_party.session.get(relying_party.metadata["userinfo_endpoint"]).status_code == 200


def test_a_verifier_of_somebody_else_redeems_nothing(relying_party, browser):
    landing = browser.sign_in(relying_party.url, "friend")
    with pytest.raises(OAuthError, match="invalid_grant"):
        relying_party.redeem(landing, verifier=generate_token(64))


def test_a_code_is_redeemed_once(relying_party, browser):
    landing = browser.sign_in(relying_party.url, "friend")
    relying_party.redeem(landing)
    with pytest.raises(OAuthError, match="invalid_grant"):
        relying_party.redeem(landing)
    # With the right verifier and at once it is a double submit, not a theft: what was given before lives on.
    userinfo = relying_party.session.get(relying_party.metadata["userinfo_endpoint"])
    assert userinfo.status_code == 200


def test_gives_a_refresh_token_back(relying_party, browser):
    tokens = dict(relying_party.redeem(browser.sign_in(relying_party.url, "friend")))
    endpoint = relying_party.metadata["revocation_endpoint"]
    hint = {"token_type_hint": "refresh_token"}
    assert relying_party.session.revoke_token(endpoint, tokens["refresh_token"], **hint).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        relying_party.session.refresh_token(relying_party.metadata["token_endpoint"], tokens["refresh_token"])
    assert relying_party.session.get(relying_party.metadata["userinfo_endpoint"]).status_code == 401


def test_signs_out_and_comes_back(relying_party, house, browser):
    tokens = dict(relying_party.redeem(browser.sign_in(relying_party.url, "friend")))
    begun = relying_party.create_logout_url(AUTHLIB_OUT, tokens["id_token"])
    landing = browser.open(begun["url"])
    assert isinstance(landing, Landing) and landing.url.startswith(f"{AUTHLIB_OUT}?"), landing
    assert landing.parameters == {"state": begun["state"]}
    silent = browser.open(f"{RelyingParty(house).url}&prompt=none")
    assert silent.parameters["error"] == "login_required"
    # Offline access is for the time when nobody is signed in.
    renewed = relying_party.session.refresh_token(relying_party.metadata["token_endpoint"], tokens["refresh_token"])
    assert renewed["access_token"] != tokens["access_token"]
