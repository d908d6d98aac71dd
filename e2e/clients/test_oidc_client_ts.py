"""oidc-client-ts in chromium, as a single-page application that keeps no secret: PKCE, renewal, sign-out, and what its scripts
may read. `single_page/` is the application."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import chromium as real_browser
import house as programs

FILES = Path(__file__).parent / "single_page"
LIBRARY = "oidc-client-ts/dist/browser/oidc-client-ts.min.js"
PAGES = ("/", "/signed-in", "/seen", "/signed-out")
SCOPE = "openid profile email groups offline_access"

CLIENT = """
[[clients]]
id = "single-page"
name = "Single page"
auth_method = "none"
redirect_uris = ["{origin}/signed-in", "{origin}/seen"]
post_logout_redirect_uris = ["{origin}/signed-out"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]
"""

# A script of the page tries to read an answer of the provider. "refused" is the browser's word for a read that is not allowed.
READ = """
const [address, options, done] = arguments;
fetch(address, options).then((answer) => done(answer.status), () => done("refused"));
"""


class Files(BaseHTTPRequestHandler):
    """The application's server: hands out files, and knows nothing of who is there."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        page = (FILES / "index.html").read_text().replace("AUTHORITY", self.server.issuer)
        library = Path(os.environ["NODE_MODULES"]) / LIBRARY
        kind, body = {
            **{each: ("text/html", page.encode()) for each in PAGES},
            "/application.js": ("text/javascript", (FILES / "application.js").read_bytes()),
            "/oidc-client-ts.min.js": ("text/javascript", library.read_bytes()),
        }.get(path, ("text/plain", b""))
        self.send_response(200 if body else 204)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        # What such an application needs of a browser, and nothing more: its provider alone is called, and framed.
        policy = f"default-src 'none'; script-src 'self'; connect-src {self.server.issuer}"
        framed = f"frame-src 'self' {self.server.issuer}; frame-ancestors 'self'"
        self.send_header("Content-Security-Policy", f"{policy}; {framed}; base-uri 'none'; form-action 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    started = ThreadingHTTPServer(("127.0.0.1", programs.free_port()), Files)
    started.origin = f"http://localhost:{started.server_port}"
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()


@pytest.fixture(scope="module")
def house(tmp_path_factory, server):
    def prepare(file):
        file.write_text(file.read_text() + CLIENT.format(origin=server.origin))

    with programs.provider(tmp_path_factory.mktemp("single-page"), prepare) as started:
        server.issuer = started.issuer
        yield started


@pytest.fixture(scope="module")
def chromium():
    with real_browser.running() as started:
        yield started


@pytest.fixture
def expected():
    """A test adds what it expects to see failing: parts of console lines or addresses."""
    return []


class Application:
    """The application in its browser, and somebody who uses it."""

    def __init__(self, browser, origin):
        self.browser, self.origin = browser, origin
        browser.driver.get(origin)
        assert self.learnt("/") is None

    def press(self, name):
        """Presses a button that stays on the page. What came of it."""
        self.browser.press(name)
        return self.learnt(name)

    def leave(self, name, arrival):
        """Presses a button that goes to the provider, which sends the browser straight back. What was made of the answer."""
        self.browser.press(name)
        return self.learnt(arrival)

    def learnt(self, after):
        shown = self.browser.until(lambda: self._shown(after), f"what the library made of {after!r}")
        return json.loads(shown)

    def _shown(self, after):
        # Read in one go: the page may change between two questions.
        script = "const it = document.querySelector('#learnt'); return it?.dataset.after === arguments[0] && it.textContent"
        return self.browser.driver.execute_script(script, after)

    def sign_in(self):
        """By way of Plex, to what the library made of the answer."""
        self.browser.press("Sign in")
        self.browser.press("Continue with Plex")
        self.browser.to_popup()
        self.browser.click("#continue-friend")
        self.browser.to_main_after_popup()
        learnt = self.learnt("/signed-in")
        assert "error" not in learnt, learnt
        return learnt

    def reads(self, address, **options):
        return self.browser.driver.execute_async_script(READ, address, options)


@pytest.fixture
def application(house, server, chromium, expected):
    """A browser that nobody has used. Afterwards: no error on the console, and no request that failed, but for the expected."""
    chromium.driver.get(server.origin)
    chromium.driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    chromium.forget_everything()
    yield Application(chromium, server.origin)
    unexpected = chromium.journal.read().unexpected(expected)
    assert not unexpected, "\n".join(unexpected)


def test_signs_in_renews_and_asks_userinfo(application, house):
    first = application.sign_in()
    profile = first["profile"]
    assert profile["sub"] == "plex-48151001" and profile["email"] == "mara@example.net"
    assert "plex-friend" in profile["groups"], "of UserInfo"
    assert (first["scope"], first["state"]) == (SCOPE, "where I was")
    assert 0 < first["expiresIn"] <= 600
    told = application.press("Ask UserInfo")
    assert told["status"] == 200 and told["body"]["sub"] == profile["sub"]

    renewed = application.press("Refresh")
    assert "error" not in renewed, renewed
    for name in ("accessToken", "idToken", "refreshToken"):
        assert renewed[name] and renewed[name] != first[name], name
    for name in ("sub", "auth_time", "sid"):
        assert renewed["profile"][name] == profile[name], name
    assert application.press("Ask UserInfo") == told


def test_a_second_sign_in_on_loopback_asks_and_a_frame_learns_that_it_must(application):
    first = application.sign_in()
    application.browser.driver.get(application.origin)
    assert application.learnt("/")["refreshToken"] == first["refreshToken"]
    # A loopback address belongs to whichever program takes it first (RFC 8252 s. 8.6). The answer reaches the frame.
    assert application.press("Look in a frame") == {"error": "interaction_required", "kind": "ErrorResponse"}
    application.browser.press("Sign in")
    application.browser.press("Continue as Mara")
    again = application.learnt("/signed-in")
    assert again["profile"]["sid"] == first["profile"]["sid"] and again["accessToken"] != first["accessToken"]


def test_nobody_is_signed_in_without_a_page(application):
    learnt = application.leave("Ask nobody", "/signed-in")
    assert learnt == {"error": "login_required", "kind": "ErrorResponse"}


def test_signs_out_and_everything_is_over(application):
    application.sign_in()
    assert application.press("Revoke") is None
    assert application.leave("Sign out", "/signed-out") == {"state": "gone", "user": None}
    url = application.browser.url
    assert url.startswith(f"{application.origin}/signed-out?state="), url
    application.browser.driver.get(application.origin)
    assert application.leave("Ask nobody", "/signed-in")["error"] == "login_required"


def test_a_refresh_token_that_was_given_back_renews_nothing(application, expected):
    expected += ["/token", "/userinfo"]
    first = application.sign_in()
    # The library forgets what it has given back: the page puts it where it was.
    kept = "return Object.entries(sessionStorage).find(([name]) => name.startsWith('oidc.user:'))"
    name, value = application.browser.driver.execute_script(kept)
    assert application.press("Revoke") is None
    application.browser.driver.execute_script("sessionStorage.setItem(...arguments)", name, value)
    assert json.loads(value)["refresh_token"] == first["refreshToken"]
    assert application.press("Refresh") == {"error": "invalid_grant", "kind": "ErrorResponse"}
    assert application.press("Ask UserInfo")["status"] == 401


def test_scripts_read_what_is_for_them_and_nothing_else(application, house, expected):
    expected += ["CORS policy", "ERR_FAILED", "/userinfo", "/token"]
    form = {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    bearer = {"headers": {"Authorization": "Bearer none"}}
    metadata = house.metadata()
    assert application.reads(f"{house.issuer}/.well-known/openid-configuration") == 200
    assert application.reads(metadata["jwks_uri"]) == 200
    assert application.reads(metadata["userinfo_endpoint"], **bearer) == 401
    # An answer that says what is wrong, which the library shows its application.
    assert application.reads(metadata["token_endpoint"], **form, body="grant_type=none") in (400, 401)
    for endpoint in ("introspection_endpoint", "pushed_authorization_request_endpoint"):
        assert application.reads(metadata[endpoint], **form, body="token=x") == "refused", endpoint
    for endpoint in ("authorization_endpoint", "end_session_endpoint"):
        assert application.reads(metadata[endpoint]) == "refused", endpoint
    # Whoever is signed in here stays unknown to scripts of other origins, in every way of asking.
    assert application.reads(metadata["userinfo_endpoint"], **bearer, credentials="include") == "refused"
    odd = {"headers": {"X-Something": "else"}}
    assert application.reads(metadata["userinfo_endpoint"], **odd) == "refused"
    assert application.reads(metadata["userinfo_endpoint"], method="DELETE") == "refused"
