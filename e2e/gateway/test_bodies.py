"""Bodies: whole at the application, however they are sent, and never at the gateway; of nobody, nowhere at all."""

import contextlib
import hashlib
import socket
import threading

import pytest

from installed import WIKI
from raw import CHUNKED, EXPECT, send

SMALL = b"all=yes"
# 1 MB, more than any buffer on the way, and just what nginx takes by itself (client_max_body_size).
LARGE = bytes(range(256)) * 4096
MARKED = b"the-body-of-a-form"


def at(proxy):
    return f"{WIKI}:{proxy.port}"


def whole(proxy, body):
    """The one request that the application got has this body."""
    (received,) = proxy.echo.take()
    assert received.method == "POST" and len(received.body) == len(body), received
    assert hashlib.sha256(received.body).digest() == hashlib.sha256(body).digest()


@pytest.mark.case("POST: body whole, small, 1 MB, chunked, Expect")
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "1 MB"])
@pytest.mark.parametrize("headers", [{}, CHUNKED, EXPECT, CHUNKED | EXPECT], ids=["plain", "chunked", "expect", "both"])
def test_a_body_arrives_whole(proxy, cookies, headers, body):
    cookie = {"Cookie": cookies("friend")}
    proxy.echo.take()
    answer = send(proxy.port, "/upload", at(proxy), cookie | headers, method="POST", body=body)
    assert answer.status == 200, answer
    whole(proxy, body)
    # A bypass goes the same way.
    answer = send(proxy.port, "/public/upload", at(proxy), headers, method="POST", body=body)
    assert answer.status == 200, answer
    whole(proxy, body)


@pytest.mark.case("POST of nobody: its body goes nowhere")
@pytest.mark.parametrize("headers", [{}, CHUNKED, EXPECT], ids=["length", "chunked", "expect"])
def test_a_body_of_nobody_goes_nowhere(proxy, headers):
    for body in (SMALL, LARGE):
        answer = send(proxy.port, "/upload", at(proxy), headers, method="POST", body=body)
        # A proxy that does not read on may hang up on somebody who is still sending.
        assert answer.status == 401 or (body == LARGE and answer.status == 0), answer
        assert proxy.echo.take() == []


class Overheard:
    """Stands between a proxy and the gateway, and keeps what the proxy says."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.said = bytearray()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"

    @classmethod
    @contextlib.contextmanager
    def running(cls, gateway):
        overheard = cls(gateway)
        threading.Thread(target=overheard.listen, daemon=True).start()
        with overheard.server:
            yield overheard

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                asking = self.server.accept()[0]
                host, _, port = self.gateway.rpartition(":")
                answering = socket.create_connection((host, int(port)))
                for way in ((asking, answering, self.said), (answering, asking, bytearray())):
                    threading.Thread(target=self.carry, args=way, daemon=True).start()

    @staticmethod
    def carry(source, sink, kept):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                kept += part
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)


@pytest.mark.case("POST: the gateway is never sent a body")
def test_the_gateway_is_never_sent_a_body(proxy, start_proxy, house, cookies):
    cookie = {"Cookie": cookies("friend")}
    with Overheard.running(house.address) as overheard, start_proxy(proxy.name, overheard.address) as alone:
        for headers in ({}, CHUNKED, EXPECT):
            for body in (MARKED, MARKED + LARGE[len(MARKED) :]):
                for more in ({}, cookie):
                    send(alone.port, "/upload", at(alone), headers | more, method="POST", body=body)
        assert len([one for one in alone.echo.take() if one.body.startswith(MARKED)]) == 6
    said = bytes(overheard.said)
    assert said.count(b"/authz/") >= 12 and MARKED not in said
    lines = said.lower().split(b"\r\n")
    announced = [line for line in lines if line.startswith((b"content-length", b"transfer-encoding"))]
    assert set(announced) <= {b"content-length: 0", b"content-length:"}
