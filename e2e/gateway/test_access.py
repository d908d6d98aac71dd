"""Cloudflare Access, checked at the origin: the proxies with the change that docs/guides/cloudflare-tunnel.md asks for.

That page says what stands in the configuration and where a proxy asks; what it says is what runs. Cloudflare itself is a
stand-in: a team that publishes its keys and signs assertions.
"""

import contextlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

import proxies
from browser import Browser
from echo import Echo
from installed import WIKI, installed
from raw import send
from test_guides import Guide
from test_sign_in import FRIEND

TUNNEL = Guide("cloudflare-tunnel")
ASSERTION = "Cf-Access-Jwt-Assertion"
# A row of the table: guides, instead of, write.
ROW = re.compile(r"^\| (\[.+) \| `(/authz/.+)` \| `(/authz/.+)` \|$", re.MULTILINE)
GUIDE_OF = {"npm": "nginx-proxy-manager", "ingress": "ingress-nginx"}


def changed(name):
    """What the page has the host of this proxy change: a text, and what to write instead of it."""
    guide = f"({GUIDE_OF.get(name, name)}.md)"
    (change,) = [(before, after) for guides, before, after in ROW.findall(TUNNEL.page) if guide in guides]
    return change


@contextlib.contextmanager
def before_the_wiki(folder, proxy_class, gateway, further=()):
    """The wiki behind a proxy that asks where the page says. `further` changes its files as well."""
    with Echo.running() as echo:
        proxy = proxy_class(folder, gateway, echo, [WIKI])
        command = proxy.command()
        for before, after in (changed(proxy.name), *further):
            texts = {file: file.read_text() for file in folder.iterdir() if file.is_file()}
            assert sum(text.count(before) for text in texts.values()) == 1, f"{before!r} is not there once"
            (file,) = [file for file, text in texts.items() if before in text]
            file.write_text(texts[file].replace(before, after))
        with proxy.running(command):
            yield proxy


class Keys(BaseHTTPRequestHandler):
    """Where the team has its keys."""

    def do_GET(self):
        content = json.dumps(self.server.published | {"public_certs": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def new_key():
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


class Team:
    """The team of the page's configuration, which Access signs for."""

    def __init__(self, certs_url, key):
        self.key = key
        (configuration, *_) = TUNNEL.texts("toml")
        top, _, self.apps = configuration.partition("\n\n")
        assert top.startswith("trusted_proxies = ") and "\n" not in top
        (self.audience,) = re.findall(r'^access_audiences = \["(\w{64})"\]$', self.apps, re.MULTILINE)
        for before, after in (
            ("[[access_teams]]\n", f'[[access_teams]]\ncerts_url = "{certs_url}"\n'),
            ("wiki.example.com", WIKI),
        ):
            assert self.apps.count(before) == 1
            self.apps = self.apps.replace(before, after)

    @classmethod
    @contextlib.contextmanager
    def running(cls):
        key = new_key()
        with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
            server.published = KeySet([key]).as_dict(private=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield cls(f"http://127.0.0.1:{server.server_address[1]}/cdn-cgi/access/certs", key)
            finally:
                server.shutdown()

    def assertion(self, key=None, **claims):
        """Of the friend; `claims` replace the usual ones."""
        now = int(time.time())
        usual = {
            "iss": "https://example.cloudflareaccess.com",
            "aud": [self.audience],
            "type": "app",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": "7335d417-61da-459d-899c-0a01c76a2f94",
            "email": FRIEND["Remote-Email"],
            "country": "NL",
            "identity_nonce": "6ei69kawdKzMIAPF",
        }
        # By the team's kid, whoever signs.
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key.kid}
        return jwt.encode(header, usual | claims, key or self.key)


@pytest.fixture(scope="module")
def team():
    with Team.running() as team:
        yield team


@pytest.fixture(scope="module")
def house(tmp_path_factory, start_proxy, team):
    """With the page's configuration. The friend has signed in there before, with Plex."""
    with installed(tmp_path_factory.mktemp("provider"), apps=team.apps) as house:
        with start_proxy("nginx", house.address) as plain:
            page = Browser(house.plex).sign_in(plain.url(WIKI), "friend")
            assert page.status == 200, page
        yield house


@pytest.fixture(scope="module", params=list(proxies.ALL))
def proxy(request, tmp_path_factory, house):
    folder = tmp_path_factory.mktemp(request.param)
    with before_the_wiki(folder, proxies.ALL[request.param], house.address) as started:
        yield started


def ask(proxy, headers):
    """As a browser does, which would be sent to sign in anywhere else."""
    fields = [("Accept", "text/html"), *headers]
    return send(proxy.port, "/page", f"{WIKI}:{proxy.port}", fields)


def told(proxy, headers):
    """What the application got with a request that passes."""
    answer = ask(proxy, headers)
    assert answer.status == 200, (headers, answer)
    (received,) = proxy.echo.take()
    return received


def refused(proxy, headers):
    answer = ask(proxy, headers)
    assert answer.status == 401 and "Location" not in answer.headers, (headers, answer)
    assert proxy.echo.take() == []


@pytest.mark.case("Access: who a good assertion is for")
def test_a_good_assertion_tells_the_application_who_it_is(proxy, team):
    received = told(proxy, [(ASSERTION, team.assertion())])
    assert received.identity() == FRIEND and received.target == "/page"


@pytest.mark.case("Access: no assertion, or a cookie alone: 401")
def test_nobody_is_sent_to_sign_in(proxy, team):
    cookie = f"CF_Authorization={team.assertion()}"
    unsigned = ("Cf-Access-Authenticated-User-Email", FRIEND["Remote-Email"])
    for headers in ([], [("Cookie", cookie)], [("Cookie", f"a=b; {cookie}"), unsigned], [unsigned]):
        refused(proxy, headers)


@pytest.mark.case("Access: other key, other audience, two assertions")
def test_an_assertion_that_is_not_good_opens_nothing(proxy, team):
    good = team.assertion()
    for bad in (team.assertion(new_key()), team.assertion(aud=["f" * 64]), good[:-8], "x"):
        refused(proxy, [(ASSERTION, bad)])
        refused(proxy, [(ASSERTION, bad), ("Cookie", f"CF_Authorization={good}")])
        refused(proxy, [(ASSERTION, good), (ASSERTION, bad)])
        refused(proxy, [(ASSERTION, bad), (ASSERTION, good)])
    refused(proxy, [(ASSERTION, good), (ASSERTION, good)])
    refused(proxy, [(ASSERTION, good), (ASSERTION.lower(), good)])


@pytest.mark.case("Access: planted Remote-User beside an assertion")
def test_what_is_planted_beside_an_assertion_does_not_arrive(proxy, team):
    planted = [(name, "plex-1") for name in ("Remote-User", "Remote_User", "REMOTE-GROUPS", "remote_email")]
    received = told(proxy, [*planted, (ASSERTION, team.assertion())])
    assert received.identity() == FRIEND and received.spelled_otherwise() == []
    refused(proxy, planted)


@pytest.mark.case("Access: the application's own Authorization")
def test_an_authorization_that_is_no_token_arrives(proxy, team):
    own = "Basic cGhvbmU6cGFzc3dvcmQ="
    received = told(proxy, [("Authorization", own), (ASSERTION, team.assertion())])
    assert received.all("Authorization") == [own]
    refused(proxy, [("Authorization", own)])


def test_traefik_may_be_told_which_headers_to_ask_with(tmp_path, house, team):
    """Its guide lists them, and one more for this."""
    (rule,) = re.findall(r"^- `authRequestHeaders` must.*?(?=^- )", Guide("traefik").page, re.MULTILINE | re.DOTALL)
    names = re.findall(r"`([A-Z][\w-]+)`", rule)
    assert len(names) == 11 and names[-1] == ASSERTION, names
    for listed, passes in ((names, True), (names[:-1], False)):
        (folder := tmp_path / str(passes)).mkdir()
        further = [("trustForwardHeader: false", f"trustForwardHeader: false\n        authRequestHeaders: {listed}")]
        with before_the_wiki(folder, proxies.Traefik, house.address, further) as proxy:
            good = [(ASSERTION, team.assertion())]
            if passes:
                assert told(proxy, good).identity() == FRIEND
            else:
                refused(proxy, good)
