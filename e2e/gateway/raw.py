"""Requests byte for byte, as no browser sends them."""

import http.client
import socket


class Answer:
    """What came back; a connection that was closed without a word is status 0."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]}"


def send(port, target, host, headers=(), method="GET", source="127.0.0.1", body=b""):
    """One request with these header lines. `target` and values may be bytes."""
    lines = [b" ".join((method.encode(), encoded(target), b"HTTP/1.1"))]
    fields = [("Host", host), *(headers.items() if isinstance(headers, dict) else headers)]
    if body:
        fields.append(("Content-Length", str(len(body))))
    lines += [encoded(name) + b": " + encoded(value) for name, value in fields]
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(connection, method=method)
        try:
            answer.begin()
            return Answer(answer.status, answer.headers, b"" if answer.status == 101 else answer.read())
        except (http.client.BadStatusLine, ConnectionError):
            return Answer(0, {}, b"")


def encoded(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")
