"""What the tests share: one provider with its plex.tv, every proxy in front of an application of its own, and people."""

import contextlib
import socket
import subprocess
from functools import partial

import pytest

import proxies
from browser import Browser
from echo import Echo
from house import PROGRAMS, House, Plex, emulator, free_port, running, wait_until_open
from table import Plugin, Table

WIKI, PHOTOS = "wiki.localhost", "photos.localhost"
# These two share a session.
NOTES, MUSIC = "notes.home.localhost", "music.home.localhost"
HOSTS = (WIKI, PHOTOS, NOTES, MUSIC)

TOP = """\
listen = ["127.0.0.1:{port}"]
trusted_proxies = ["127.0.0.1"]
"""

REST = """
[plex.urls]
plex_tv = "{plex_tv}"
clients = "{clients}"
app = "{app}"

[gateway]
cookie_domains = ["home.localhost"]

[[apps]]
name = "wiki"
host = "wiki.localhost"

[[apps.rules]]
paths = ["/public/*"]
bypass = true

[[apps.rules]]
paths = ["/admin/*"]
allow = ["plex-owner"]

# For everybody. It has the wiki's host too, so it is meant only where a proxy names it.
[[apps]]
name = "wide"
host = "wiki.localhost"

[[apps.rules]]
bypass = true

[[apps]]
name = "photos"
host = "photos.localhost"

[[apps]]
name = "home"
hosts = ["notes.home.localhost", "music.home.localhost"]
"""


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


def initialised(folder, issuer, plextv, port):
    """Key, database and configuration as `plex-oidc init` makes them, with the rest added."""
    file = folder / "plex-oidc.toml"
    command = [PROGRAMS / "plex-oidc", "--config", file, "init", "--non-interactive", "--protect", "nothing"]
    command += ["--public-url", issuer, "--server", plextv["machine_identifier"]]
    command += ["--owner-id", str(plextv["owner_id"])]
    subprocess.run(command, check=True, capture_output=True, timeout=30, cwd=folder)
    file.write_text(TOP.format(port=port) + file.read_text() + REST.format(**plextv))
    return file


def command(file, *arguments):
    """What a command of the program says, as a host runs it beside the service."""
    line = [PROGRAMS / "plex-oidc", "--config", file, *arguments]
    return subprocess.run(line, check=True, capture_output=True, timeout=30, text=True).stdout


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("provider")
    port, log = free_port(), folder / "serve.log"
    issuer = f"http://localhost:{port}"
    with emulator(folder) as plextv:
        file = initialised(folder, issuer, plextv, port)
        with running([PROGRAMS / "plex-oidc", "--config", file, "serve"], log) as process:
            wait_until_open(port, process, log)
            house = House(issuer, Plex(plextv["control"]), None, None)
            house.address, house.port = f"127.0.0.1:{port}", port
            house.command = partial(command, file)
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
