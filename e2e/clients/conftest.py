"""What the tests share: one demo for all of them, and browsers."""

import pytest

import house as programs
from apache import Apache
from browser import Browser

# Addresses of relying parties that have no server: the test reads there what the browser brings.
AUTHLIB = "http://localhost:9/authlib"
NODE = "http://localhost:9/openid-client"
SECOND = "https://second.example.org/callback"
# Where their people come to after signing out.
AUTHLIB_OUT, NODE_OUT = f"{AUTHLIB}/out", f"{NODE}/out"


@pytest.fixture(scope="session")
def apache_port():
    return programs.free_port()


@pytest.fixture(scope="session")
def house(tmp_path_factory, apache_port):
    uris = [AUTHLIB, NODE, SECOND, Apache.redirect_uri(apache_port)]
    with programs.demo(tmp_path_factory.mktemp("demo"), uris, [AUTHLIB_OUT, NODE_OUT]) as started:
        yield started


@pytest.fixture
def new_browser(house):
    """Makes a browser that nobody has used."""
    return lambda: Browser(house.plex, elsewhere=(AUTHLIB, NODE, SECOND))


@pytest.fixture
def browser(new_browser):
    return new_browser()


@pytest.fixture(scope="session")
def apache(tmp_path_factory, house, apache_port):
    with Apache(tmp_path_factory.mktemp("apache"), apache_port, house) as started:
        yield started
