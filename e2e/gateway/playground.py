"""What `try` starts: the gateway, a stand-in for plex.tv, Traefik with the texts of docs/snippets/, two applications."""

import contextlib
import signal
import tempfile
from pathlib import Path

from echo import Echo
from installed import PHOTOS, WIKI, installed
from proxies import Traefik, filled, values_for


class TraefikBeforeTwo(Traefik):
    """With an application of its own for each host."""

    def each(self, name, changes=()):
        pairs = zip(self.hosts, self.echo, strict=True)
        return [filled(name, values_for(host, self.gateway, echo.address), changes) for host, echo in pairs]


@contextlib.contextmanager
def playground(folder):
    with installed(folder) as house, Echo.running() as wiki, Echo.running() as photos:
        with TraefikBeforeTwo(folder, house.address, (wiki, photos), (WIKI, PHOTOS)).running() as proxy:
            yield proxy


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as folder:
        with playground(Path(folder)) as proxy:
            print("Sign in at the first, and you are known at the second. Each shows what it is told about you.\n")
            print(f"    {proxy.url(WIKI)}\n    {proxy.url(PHOTOS)}\n")
            print("plex.tv is a stand-in on this machine. Ctrl-C ends all of it.", flush=True)
            signal.pause()


if __name__ == "__main__":
    main()
