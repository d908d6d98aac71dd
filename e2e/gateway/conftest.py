"""What the tests share: one provider with its plex.tv, every proxy in front of an application of its own, and people."""

import contextlib
import socket

import pytest

import chromium as real_browser
import proxies
from browser import Browser
from echo import Echo
from installed import HOSTS, WIKI, installed
from table import Plugin, Table


def pytest_configure(config):
    config.addinivalue_line("markers", "case(name): the row of the table")
    config.pluginmanager.register(Plugin(Table(list(proxies.ALL))))


@pytest.fixture(scope="session", autouse=True)
def names_below_localhost():
    """Names below `localhost` are this machine (RFC 6761 s. 6.3). Browsers know; the C library here does not."""
    resolve = socket.getaddrinfo

    def patched(host, *arguments, **more):
        own = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if own else host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", patched)
        yield


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("provider")) as house:
        yield house


@pytest.fixture(scope="session")
def start_proxy(tmp_path_factory):
    """Starts a proxy in front of a new application; both end with the `with` block."""

    @contextlib.contextmanager
    def start(name, gateway):
        with Echo.running() as echo:
            proxy = proxies.ALL[name](tmp_path_factory.mktemp(name), gateway, echo, HOSTS)
            with proxy.running():
                yield proxy

    return start


@pytest.fixture(scope="session", params=list(proxies.ALL))
def proxy(request, house, start_proxy):
    with start_proxy(request.param, house.address) as started:
        yield started


@pytest.fixture(autouse=True)
def forget(request):
    """The application remembers only what this test asked for."""
    if "proxy" in request.fixturenames:
        request.getfixturevalue("proxy").echo.take()


@pytest.fixture(scope="session")
def new_browser(house):
    """Makes a browser that nobody has used."""
    return lambda: Browser(house.plex)


@pytest.fixture
def browser(new_browser):
    return new_browser()


@pytest.fixture(scope="session")
def cookies(proxy, new_browser):
    """The `Cookie` header at the wiki of somebody who has signed in there."""
    made = {}

    def cookie(persona):
        if persona not in made:
            browser = new_browser()
            page = browser.sign_in(proxy.url(WIKI), persona)
            assert page.status == 200, page
            jar = [c for c in browser.session.cookies if c.domain == WIKI and c.name == "plex-oidc-app"]
            made[persona] = f"{jar[0].name}={jar[0].value}"
        return made[persona]

    return cookie


@pytest.fixture(scope="session")
def chromium():
    with real_browser.running() as started:
        yield started


@pytest.fixture
def visitor(chromium):
    chromium.forget_everything()
    return chromium
