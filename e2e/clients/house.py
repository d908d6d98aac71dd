"""The programs under test, started on loopback: the demo, the provider alone, the stand-in for plex.tv."""

import contextlib
import json
import os
import random
import socket
import subprocess
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
START_SECONDS = 20

# Each is given once, and below those that outgoing connections are given, which could take one before its server does.
PORTS = iter(random.sample(range(10_000, 32_000), 22_000))

CONFIGURATION = """\
public_url = "{issuer}"
listen = ["127.0.0.1:{port}"]

[keys]
file = "demo.key"

[plex]
server = "{machine_identifier}"
owner_id = {owner_id}

[plex.urls]
plex_tv = "{plex_tv}"
clients = "{clients}"
app = "{app}"
"""


def free_port():
    """A port that nobody uses, for addresses that must be known before their server starts."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(("", port))
            return port
    raise RuntimeError("every port is in use")


def plain_session():
    """An HTTP session that reads no proxy and no credentials from the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


@contextlib.contextmanager
def running(command, log, announces=False):
    """Runs a program with its messages in the file `log`. Gives the JSON of its first line, if it prints one."""
    with open(log, "wb") as messages:
        output = subprocess.PIPE if announces else messages
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=messages)
        try:
            first = process.stdout.readline() if announces else None
            if announces and not first:
                raise RuntimeError(f"{command[0]} did not start:\n{Path(log).read_text()}")
            yield json.loads(first) if announces else process
        finally:
            stop(process)


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def wait_until_open(port, process, log):
    """Returns once somebody listens."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nobody listens on {port}:\n{Path(log).read_text()}")


class Plex:
    """The stand-in for plex.tv, as its control API shows it."""

    def __init__(self, control):
        self.control = control
        self.session = plain_session()

    def call(self, method, path, body=None):
        answer = self.session.request(method, f"{self.control}{path}", json=body, timeout=10)
        answer.raise_for_status()

    def approve(self, code, persona):
        self.call("POST", f"/pins/{code}/approve", {"persona": persona})

    def share(self, persona):
        self.call("POST", "/shares", {"persona": persona})

    def unshare(self, persona):
        self.call("DELETE", f"/shares/{persona}")


class House:
    """A provider with its plex.tv, and one client of it."""

    def __init__(self, issuer, plex, client_id, client_secret):
        self.issuer = issuer
        self.plex = plex
        self.client_id = client_id
        self.client_secret = client_secret
        self.relying_party = None

    def metadata(self):
        url = f"{self.issuer}/.well-known/openid-configuration"
        answer = plain_session().get(url, timeout=10)
        answer.raise_for_status()
        return answer.json()


@contextlib.contextmanager
def demo(folder, redirect_uris=(), post_logout_redirect_uris=(), keep=None):
    """`cargo demo`, with more addresses that people may be sent back to."""
    command = [PROGRAMS / "plex-oidc-demo", "--json"]
    for uri in redirect_uris:
        command += ["--redirect-uri", uri]
    for uri in post_logout_redirect_uris:
        command += ["--post-logout-redirect-uri", uri]
    if keep:
        command += ["--keep", keep]
    with running(command, folder / "demo.log", announces=True) as line:
        house = House(line["issuer"], Plex(line["control"]), line["client_id"], line["client_secret"])
        house.relying_party = line["relying_party"]
        yield house


@contextlib.contextmanager
def emulator(folder):
    """The stand-in for plex.tv alone; gives its addresses."""
    command = [PROGRAMS / "plextv-emulator", "--listen", "127.0.0.1:0", "--json"]
    with running(command, folder / "emulator.log", announces=True) as addresses:
        yield addresses


@contextlib.contextmanager
def provider(folder, prepare):
    """`plex-oidc serve`, as a host runs it, beside a stand-in for plex.tv. `prepare` completes its configuration file."""
    # The demo makes the keys and the database.
    with demo(folder, keep=folder):
        pass
    file, log, port = folder / "plex-oidc.toml", folder / "serve.log", free_port()
    issuer = f"http://localhost:{port}"
    with emulator(folder) as plextv:
        file.write_text(CONFIGURATION.format(issuer=issuer, port=port, **plextv))
        prepare(file)
        with running([PROGRAMS / "plex-oidc", "--config", file, "serve"], log) as process:
            wait_until_open(port, process, log)
            yield House(issuer, Plex(plextv["control"]), None, None)
