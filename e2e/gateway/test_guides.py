"""The guides, followed to the letter by somebody whose proxy is blank: all texts of a page, by TLS, and what "Try it" says.

What differs on this machine is replaced, and has to be there: addresses, folders, certificates.
"""

import contextlib
import re
import subprocess
import time
from functools import partial

import pytest
import yaml

from echo import Echo
from house import ROOT, START_SECONDS, free_port, running, wait_until_open
from installed import installed
from proxies import CACHE, hosts
from raw import send

ISSUER, OWN, WIKI = "https://auth.example.com", "auth.example.com", "wiki.example.com"


class Guide:
    """One page, and its texts by what they are for."""

    def __init__(self, name):
        self.page = (ROOT / "docs" / "guides" / f"{name}.md").read_text()

    def texts(self, language):
        return re.findall(rf"^```{language}\n(.*?)^```$", self.page, re.MULTILINE | re.DOTALL)

    def apps(self):
        """What belongs at the end of plex-oidc.toml."""
        top, _, end = self.texts("toml")[0].partition("# At the end of the file.\n")
        assert top.splitlines()[1:] == ['trusted_proxies = ["172.16.0.0/12"]', ""]
        return f"\n{end}"


class Place:
    """Where a guide is followed."""

    def __init__(self, folder, gateway, application):
        self.folder, self.port = folder, free_port()
        self.gateway, self.application = gateway, application
        self.key, self.certificate = folder / "example.com.key", folder / "example.com.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.com"]
        command += ["-keyout", self.key, "-out", self.certificate]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def write(self, name, text, changes=()):
        """A file as the page has it, but for what differs here. Everything that is to be changed must be there."""
        text = text.replace("plex-oidc:8400", self.gateway).replace("wiki:8080", self.application)
        for before, after in changes:
            assert before in text, f"{before!r} is not in {text}"
            text = text.replace(before, str(after))
        file = self.folder / name
        file.write_text(text)
        return file


def traefik(guide, place):
    static, wiki, own = guide.texts("yaml")[:3]
    (place.folder / "dynamic").mkdir()
    place.write("dynamic/wiki.yml", wiki)
    place.write("dynamic/plex-oidc.yml", own)
    changes = [(":443", f"127.0.0.1:{place.port}"), ("/etc/traefik", place.folder)]
    file = place.write("traefik.yml", static, changes)
    settings = yaml.safe_load(file.read_text()) | {"global": {"checkNewVersion": False, "sendAnonymousUsage": False}}
    # Nobody gives out certificates here; Traefik then makes one of its own.
    del settings["certificatesResolvers"], settings["entryPoints"]["websecure"]["http"]["tls"]["certResolver"]
    file.write_text(yaml.safe_dump(settings))
    return [CACHE / "python/bin/traefik", f"--configFile={file}"]


def caddy(guide, place):
    options = f"{{\nadmin off\nstorage file_system {place.folder}\nhttps_port {place.port}\n"
    options += "auto_https disable_redirects\nlocal_certs\nskip_install_trust\n}\n"
    file = place.write("Caddyfile", options + "".join(guide.texts("caddyfile")))
    return [CACHE / "debian/usr/bin/caddy", "run", "--config", file, "--adapter", "caddyfile"]


def nginx(guide, place):
    servers, inside = guide.texts("nginx")
    changes = [
        ("listen 443", f"listen 127.0.0.1:{place.port}"),
        ("/etc/nginx/certificates", place.folder),
        ("/etc/nginx/plex-oidc-wiki.conf", place.write("plex-oidc-wiki.conf", inside)),
    ]
    place.write("plex-oidc.conf", servers, changes)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{kind}_temp_path {place.folder}/{kind};" for kind in kinds)
    blank = f"daemon off;\nmaster_process off;\npid {place.folder}/pid;\nevents {{}}\n"
    blank += f"http {{\naccess_log off;\n{paths}\ninclude {place.folder}/plex-oidc.conf;\n}}\n"
    file = place.write("nginx.conf", blank)
    return [CACHE / "debian/usr/sbin/nginx", "-p", place.folder, "-e", "stderr", "-c", file]


def haproxy(guide, place):
    main, own = guide.texts("haproxy")
    (script,) = guide.texts("lua")
    (certificates := place.folder / "certificates").mkdir()
    (certificates / "example.com.pem").write_text(place.certificate.read_text() + place.key.read_text())
    (line,) = re.findall(r"`(use_backend plex-oidc .*)`", guide.page)
    changes = [
        ("/etc/haproxy/plex-oidc.lua", place.write("plex-oidc.lua", script)),
        ("bind :443", f"bind 127.0.0.1:{place.port}"),
        ("/etc/haproxy/certificates", certificates),
        ("    use_backend wiki", f"    {line}\n    use_backend wiki"),
    ]
    file = place.write("haproxy.cfg", f"{main}\n{own}", changes)
    libraries = CACHE / "debian/usr/lib/x86_64-linux-gnu"
    return ["env", f"LD_LIBRARY_PATH={libraries}", CACHE / "debian/usr/sbin/haproxy", "-db", "-f", file]


def envoy(guide, place):
    main, socket, own = map(yaml.safe_load, guide.texts("yaml"))
    (chain,) = main["static_resources"]["listeners"][0]["filter_chains"]
    chain |= socket
    hosts(main).extend(own)
    (gateway, gateway_port), (wiki, wiki_port) = (
        address.split(":") for address in (place.gateway, place.application)
    )
    changes = [
        ("address: 0.0.0.0\n", "address: 127.0.0.1\n"),
        ("port_value: 443\n", f"port_value: {place.port}\n"),
        ("address: plex-oidc\n", f"address: {gateway}\n"),
        ("port_value: 8400\n", f"port_value: {gateway_port}\n"),
        ("address: wiki\n", f"address: {wiki}\n"),
        ("port_value: 8080\n", f"port_value: {wiki_port}\n"),
        ("/etc/envoy", place.folder),
    ]
    file = place.write("envoy.yaml", yaml.safe_dump(main), changes)
    options = ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warn"]
    return [CACHE / "python/bin/envoy", "-c", file, *options]


def wait_until_ready(ask):
    """As in proxies.py: Traefik listens before it knows what to do. Caddy makes its certificates meanwhile."""
    end = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError):
            if ask("/healthz", OWN).status == 200:
                return
        assert time.monotonic() < end, "plex-oidc itself is not reached"
        time.sleep(0.05)


@pytest.mark.parametrize("follow", [traefik, caddy, nginx, haproxy, envoy], ids=lambda follow: follow.__name__)
def test_a_guide_leads_from_a_blank_proxy_to_the_sign_in(tmp_path, follow):
    guide, log = Guide(follow.__name__), tmp_path / "proxy.log"
    with contextlib.ExitStack() as started:
        echo = started.enter_context(Echo.running())
        gateway = started.enter_context(contextlib.ExitStack())
        house = gateway.enter_context(installed(tmp_path, ISSUER, guide.apps()))
        place = Place(tmp_path, house.address, echo.address)
        process = started.enter_context(running(follow(guide, place), log))
        wait_until_open(place.port, process, log)
        ask = partial(send, place.port, tls=True)
        wait_until_ready(ask)
        sign_in = f"{ISSUER}/gateway/sign-in?request="
        for headers in ({}, {"Remote-User": "somebody", "Remote_User": "somebody"}):
            answer = ask("/", WIKI, headers)
            assert answer.status == 401 and answer.headers["Location"].startswith(sign_in), answer
        answer = ask("/", WIKI, {"Accept": "text/html"})
        assert answer.status in (302, 303) and answer.headers["Location"].startswith(sign_in), answer
        gateway.close()
        (said,) = re.findall(r"If plex-oidc is (?:down|not there).*?(\d{3})", guide.page, re.DOTALL)
        assert ask("/", WIKI).status == int(said)
        assert echo.asked == []
