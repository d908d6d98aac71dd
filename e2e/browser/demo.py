"""`cargo demo` as a process: the provider, a relying party and an emulated plex.tv, and that one's control API."""

import contextlib
import json
import os
import subprocess
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "plex-oidc-demo"

# Nothing here is meant for a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Demo:
    """A running demo."""

    def __init__(self, addresses):
        self.issuer = addresses["issuer"]
        self.relying_party = addresses["relying_party"]
        self.guarded = addresses["guarded"]
        self.plextv = addresses["plextv"]
        self.control_url = addresses["control"]

    @classmethod
    @contextlib.contextmanager
    def running(cls, log):
        """Starts the program, and stops it in the end. Its log goes to the file `log`."""
        if not PROGRAM.is_file():
            raise FileNotFoundError(f"{PROGRAM} is missing: cargo build -p plex-oidc-demo")
        with (
            open(log, "w", encoding="utf-8") as file,
            subprocess.Popen(
                [PROGRAM, "--json"], stdout=subprocess.PIPE, stderr=file, text=True
            ) as process,
        ):
            try:
                yield cls(json.loads(process.stdout.readline()))
            finally:
                process.terminate()
                process.wait(timeout=15)

    def control(self, method, path, body=None):
        """One call of the emulator's control API."""
        request = urllib.request.Request(
            self.control_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with DIRECT.open(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def newest_pin(self):
        """The PIN that was made last."""
        return max(self.control("GET", "/pins"), key=lambda pin: pin["id"])

    @contextlib.contextmanager
    def fault(self, kind, **details):
        """Something goes wrong at plex.tv, until the end of the block."""
        self.control("POST", "/faults", {"kind": kind, **details})
        try:
            yield
        finally:
            self.control("DELETE", "/faults")

    @contextlib.contextmanager
    def switched(self, **switches):
        """The emulator behaves otherwise, until the end of the block."""
        before = self.control("GET", "/switches")
        self.control("PUT", "/switches", switches)
        try:
            yield
        finally:
            self.control("PUT", "/switches", before)
