"""A provider with its gateway, set up as a host does it, for the hosts of several applications."""

import contextlib
import subprocess
from functools import partial

from house import PROGRAMS, House, Plex, emulator, free_port, running, wait_until_open

WIKI, PHOTOS = "wiki.localhost", "photos.localhost"
# These two share a session.
NOTES, MUSIC = "notes.home.localhost", "music.home.localhost"
HOSTS = (WIKI, PHOTOS, NOTES, MUSIC)

TOP = """\
listen = ["127.0.0.1:{port}"]
trusted_proxies = ["127.0.0.1"]
"""

URLS = """
[plex.urls]
plex_tv = "{plex_tv}"
clients = "{clients}"
app = "{app}"
"""

APPS = """
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


def initialised(folder, issuer, plextv, port, apps):
    """Key, database and configuration as `plex-oidc init` makes them, with the rest added."""
    file = folder / "plex-oidc.toml"
    command = [PROGRAMS / "plex-oidc", "--config", file, "init", "--non-interactive", "--protect", "nothing"]
    command += ["--public-url", issuer, "--server", plextv["machine_identifier"]]
    command += ["--owner-id", str(plextv["owner_id"])]
    subprocess.run(command, check=True, capture_output=True, timeout=30, cwd=folder)
    file.write_text(TOP.format(port=port) + file.read_text() + URLS.format(**plextv) + apps)
    return file


def command(file, *arguments):
    """What a command of the program says, as a host runs it beside the service."""
    line = [PROGRAMS / "plex-oidc", "--config", file, *arguments]
    return subprocess.run(line, check=True, capture_output=True, timeout=30, text=True).stdout


@contextlib.contextmanager
def installed(folder, issuer=None, apps=APPS):
    """The provider and the gateway beside a stand-in for plex.tv."""
    port, log = free_port(), folder / "serve.log"
    issuer = issuer or f"http://localhost:{port}"
    with emulator(folder) as plextv:
        file = initialised(folder, issuer, plextv, port, apps)
        with running([PROGRAMS / "plex-oidc", "--config", file, "serve"], log) as process:
            wait_until_open(port, process, log)
            house = House(issuer, Plex(plextv["control"]), None, None)
            house.address, house.port, house.file = f"127.0.0.1:{port}", port, file
            house.command = partial(command, file)
            yield house
