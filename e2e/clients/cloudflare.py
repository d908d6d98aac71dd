"""Cloudflare Access, as far as an identity provider sees it: the calls of its "OpenID Connect" login method.

It takes three addresses and knows no issuer, no metadata and no UserInfo. It sends id and secret with HTTP Basic as they
stand, where RFC 6749 s. 2.3.1 asks for form encoding. Its `state` is about 1.2 KB long. It sends no nonce and no prompt.
It takes claims from the ID token alone, and only those that its form lists.
"""

import base64
import hashlib
import json
import secrets
from urllib.parse import quote, urlencode

import jwt

from house import plain_session

CALLBACK = "https://example.cloudflareaccess.com/cdn-cgi/access/callback"
ALGORITHMS = ["RS256", "RS512", "PS512", "ES256", "ES384", "ES512"]
USER_AGENT = "cloudflare-access"


class CloudflareAccess:
    """One login method, with what its form was given."""

    def __init__(self, issuer, app_id, client_secret, claims=(), pkce=True, in_form=False):
        self.auth_url = f"{issuer}/authorize"
        self.token_url = f"{issuer}/token"
        self.certificate_url = f"{issuer}/jwks"
        self.app_id = app_id
        self.client_secret = client_secret
        self.listed_claims = claims
        self.pkce = pkce
        self.in_form = in_form
        self.session = plain_session()
        self.session.headers["User-Agent"] = USER_AGENT
        self.called = []

    def begin(self):
        """The address that Cloudflare sends a visitor to. Each call is a request of its own."""
        self.verifier = secrets.token_urlsafe(32)
        self.state = long_state(self.app_id)
        query = {
            "client_id": self.app_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email profile",
            "state": self.state,
        }
        if self.pkce:
            digest = hashlib.sha256(self.verifier.encode()).digest()
            query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            query["code_challenge_method"] = "S256"
        return f"{self.auth_url}?{urlencode(query)}"

    def exchange(self, landing):
        """The token request, server to server."""
        assert landing.url.startswith(CALLBACK + "?") and landing.parameters["state"] == self.state
        form = {
            "grant_type": "authorization_code",
            "code": landing.parameters["code"],
            "redirect_uri": CALLBACK,
        }
        if self.pkce:
            form["code_verifier"] = self.verifier
        headers = {"Accept": "application/json"}
        if self.in_form:
            form |= {"client_id": self.app_id, "client_secret": self.client_secret}
        else:
            pair = f"{self.app_id}:{self.client_secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return self._call("POST", self.token_url, data=form, headers=headers)

    def test(self, landing):
        """The result of the "Test" button: what Cloudflare knows of the person at the end."""
        answer = self.exchange(landing)
        assert answer.status_code == 200, f"Failed to exchange code for token: {answer.text}"
        token = answer.json()["id_token"]
        claims = self.verified(token)
        fields = {name: claims[name] for name in self.listed_claims if name in claims}
        return {"email": claims["email"], "oidc_fields": fields, "id_token": token, "claims": claims}

    def verified(self, token):
        """The claims of an ID token, whose key comes from the Certificate URL."""
        header = jwt.get_unverified_header(token)
        assert header["alg"] in ALGORITHMS, "Failed to fetch user/group information from the identity provider"
        keys = jwt.PyJWKSet.from_dict(self._call("GET", self.certificate_url).json())
        key = keys[header["kid"]]
        return jwt.decode(token, key, [header["alg"]], audience=self.app_id, options={"require": ["exp", "iat"]})

    def _call(self, method, url, **more):
        self.called.append(url)
        answer = self.session.request(method, url, timeout=10, allow_redirects=False, **more)
        assert not answer.cookies
        return answer


def long_state(aud):
    """As long as the real one and built like it: 64 hexadecimal digits, a dot, base64 of a URL-encoded JSON text."""
    inside = {
        "iat": 1795700000,
        "authDomain": "example.cloudflareaccess.com",
        "hostname": "requests.example.com",
        "redirectURL": "/?next=%2Fa%3Fb&c=<d>\"'",
        "aud": aud,
        "isIDPTest": True,
        "isRefresh": False,
        "nonce": secrets.token_urlsafe(16),
        "idp": secrets.token_hex(16),
        "serviceTokenStatus": False,
        "isWarp": False,
        "isGateway": False,
        "appSessionHash": secrets.token_hex(200),
    }
    text = base64.b64encode(quote(json.dumps(inside)).encode()).decode()
    state = f"{secrets.token_hex(32)}.{text}"
    assert 1200 < len(state) < 2000, len(state)
    return state
