"""The application behind a proxy: tells what it received, and remembers what it was asked for."""

import base64
import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Stands in every answer of the application, and in no other.
MARK = "the-application-itself"
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 s. 1.3


class Received:
    """A request as the application got it."""

    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body

    def all(self, name):
        """Every value that an application would take for this header: those of CGI cannot tell `_` from `-`."""
        return [value for given, value in self.headers if folded(given) == folded(name)]

    def identity(self):
        """What the request says about a person, without what is empty."""
        names = ("Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups")
        values = {name: self.all(name) for name in names}
        return {name: value[0] if len(value) == 1 else value for name, value in values.items() if any(value)}

    def spelled_otherwise(self):
        """Names that only look like ours."""
        return [name for name, _ in self.headers if "_" in name and folded(name).startswith("remote-")]

    def __repr__(self):
        return f"{self.method} {self.target} {self.headers}"


def folded(name):
    return name.lower().replace("_", "-")


class Echo(ThreadingHTTPServer):
    """Use it with `with`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A proxy that hangs up is no error here."""

    def take(self):
        """What it was asked for since the last call."""
        asked, self.asked = self.asked, []
        return asked

    @classmethod
    @contextlib.contextmanager
    def running(cls):
        with cls() as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield server
            finally:
                server.shutdown()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def answer(self):
        received = Received(self.command, self.path, list(self.headers.items()), self.body())
        self.server.asked.append(received)
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.accept_websocket()
        told = {"mark": MARK, "method": self.command, "target": self.path}
        content = json.dumps(told | {"headers": received.headers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while length := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()  # no trailers
        return b"".join(chunks)

    do_GET = do_POST = do_PUT = do_OPTIONS = answer

    def accept_websocket(self):
        key = self.headers["Sec-WebSocket-Key"].encode()
        accepted = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accepted)):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Fixed(BaseHTTPRequestHandler):
    """Stands where the gateway should be, and always answers 500."""

    def do_GET(self):
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def broken_gateway():
    """A gateway that fails on every request. Gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Fixed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
