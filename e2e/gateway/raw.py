"""Requests byte for byte, as no browser sends them."""

import contextlib
import http.client
import socket
import ssl

# What a request says that sends its body in pieces, and one that waits for a word before it sends it.
CHUNKED = {"Transfer-Encoding": "chunked"}
EXPECT = {"Expect": "100-continue"}
CONTINUE = b"HTTP/1.1 100"
PIECE = 50_000


class Answer:
    """What came back; a connection that was closed without a word is status 0."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]}"


def send(port, target, host, headers=(), method="GET", source="127.0.0.1", body=b"", tls=False):
    """One request with these header lines. `target` and values may be bytes. By TLS, any certificate will do."""
    lines = [b" ".join((method.encode(), encoded(target), b"HTTP/1.1"))]
    fields = [("Host", host), *(headers.items() if isinstance(headers, dict) else headers)]
    chunked, waits = (given.items() <= dict(fields).items() for given in (CHUNKED, EXPECT))
    if chunked:
        body = in_chunks(body)
    elif body:
        fields.append(("Content-Length", str(len(body))))
    lines += [encoded(name) + b": " + encoded(value) for name, value in fields]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    connected = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
    with in_tls(connected, host) if tls else connected as connection:
        with contextlib.suppress(ConnectionError):  # they may have answered and hung up before the end of the body
            connection.sendall(head if waits else head + body)
            if waits and connection.recv(len(CONTINUE), socket.MSG_PEEK | socket.MSG_WAITALL) == CONTINUE:
                connection.sendall(body)
        answer = http.client.HTTPResponse(connection, method=method)
        try:
            answer.begin()
            return Answer(answer.status, answer.headers, b"" if answer.status == 101 else answer.read())
        except (http.client.BadStatusLine, ConnectionError):
            return Answer(0, {}, b"")


def in_chunks(body):
    pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def in_tls(connected, host):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connected, server_hostname=host)


def encoded(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")
