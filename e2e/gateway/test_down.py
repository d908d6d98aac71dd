"""Nothing passes while the gateway is not there, or does not work."""

import contextlib

import pytest

from echo import MARK, broken_gateway
from house import free_port
from installed import WIKI
from raw import send


@contextlib.contextmanager
def nobody():
    yield f"127.0.0.1:{free_port()}"


@pytest.mark.case("gateway down or broken: nothing passes")
@pytest.mark.parametrize("gateway", [nobody, broken_gateway], ids=["down", "broken"])
def test_nothing_passes_without_the_gateway(proxy, start_proxy, cookies, gateway):
    cookie = cookies("owner")
    with gateway() as address, start_proxy(proxy.name, address) as alone:
        for target in ("/", "/public/x", "/admin/x"):
            for headers in ({}, {"Cookie": cookie, "Remote-User": "plex-1"}):
                answer = send(alone.port, target, f"{WIKI}:{alone.port}", headers)
                assert answer.status in (403, 500, 502, 503), (target, answer)
                assert MARK.encode() not in answer.body
        assert alone.echo.take() == []
