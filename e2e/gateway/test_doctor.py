"""`plex-oidc doctor` through the proxies: with the texts of the guides all is well, and what a host gets wrong is found."""

import json
import subprocess

import pytest

from echo import Echo
from house import PROGRAMS
from installed import HOSTS, WIKI
from proxies import Caddy, Nginx, Traefik


def doctor(house, proxy, *more):
    """The findings about the wiki, and the exit code. The application behind the proxies prints what it gets."""
    command = [PROGRAMS / "plex-oidc", "--config", house.file, "doctor", "--json", "--app", "wiki", "--echo"]
    command += ["--host", f"{WIKI}:{proxy.port}", *(more or ("--via", f"127.0.0.1:{proxy.port}"))]
    ran = subprocess.run(command, capture_output=True, timeout=60, text=True)
    findings = json.loads(ran.stdout)
    return [found for found in findings if found["about"].startswith("wiki")], ran.returncode


def problems(findings):
    return {found["check"] for found in findings if found["outcome"] == "problem"}


@pytest.mark.case("plex-oidc doctor finds nothing")
def test_with_the_texts_of_the_guides_all_is_well(proxy, house):
    findings, code = doctor(house, proxy)
    assert [found for found in findings if found["outcome"] != "ok"] == []
    assert code == 0 and len(findings) > 20
    # What was planted at the open path did get there, without what it said.
    assert [found["status"] for found in findings if found["check"].endswith("-open")].count(200) > 0


class Unguarded(Nginx):
    """Its host forgot the question."""

    def insides(self):
        return [without(text, "auth_request /.plex-oidc/authz;\n") for text in super().insides()]


class OneHeaderLeft(Traefik):
    """Its host left out a header that the application believes."""

    def dynamic(self):
        told = ["Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Authorization"]
        merged = super().dynamic()
        asking = [kinds["forwardAuth"] for kinds in merged["http"]["middlewares"].values() if "forwardAuth" in kinds]
        assert asking and all(kind["authResponseHeaders"] == told for kind in asking)
        for kind in asking:
            kind["authResponseHeaders"] = [name for name in told if name != "Remote-Groups"]
        return merged


class OneSpellingLeft(Caddy):
    """Its host left out what removes the other spelling."""

    def command(self):
        command = super().command()
        file = self.folder / "Caddyfile"
        file.write_text(without(file.read_text(), "request_header -Remote_*\n"))
        return command


class WithCertificate(Caddy):
    """By TLS, with a certificate of its own making."""

    def command(self):
        command = super().command()
        file = self.folder / "Caddyfile"
        file.write_text(file.read_text().replace(self.url(WIKI, ""), f"https://{WIKI}:{self.port}").replace("admin off", "admin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects"))
        return command

    @property
    def authority(self):
        return self.folder / "pki" / "authorities" / "local" / "root.crt"


def test_a_certificate_has_to_be_believed(tmp_path, house):
    with Echo.running() as echo:
        proxy = WithCertificate(tmp_path, house.address, echo, [WIKI])
        with proxy.running():
            tls = ("--via", f"https://127.0.0.1:{proxy.port}")
            doubted, code = doctor(house, proxy, *tls)
            believed, _ = doctor(house, proxy, *tls, "--ca-file", proxy.authority)
    first = doubted[0]
    assert (first["check"], first["status"], code) == ("nothing", None, 1) and "TLS failed" in first["seen"], first
    # This gateway is for pages without TLS, and so refuses this proxy.
    assert (believed[0]["outcome"], believed[0]["status"]) == ("not-seen", 403), believed[0]


def without(text, line):
    assert line in text
    return text.replace(line, "")


UNDERSCORES = {"planted-underscore-open", "planted-underscore-upper-case-open"}
SAME_NAME = {f"planted{how}-open" for how in ("", "-lower-case", "-upper-case", "-odd-case", "-twice")}


@pytest.mark.parametrize(
    ("misconfigured", "check", "header"),
    [
        (Unguarded, {"nothing"}, "lets everybody in"),
        (OneHeaderLeft, SAME_NAME, "Remote-Groups reached the application"),
        (OneSpellingLeft, UNDERSCORES, "Remote_Groups reached the application"),
    ],
)
def test_what_a_host_gets_wrong_is_found(tmp_path, house, misconfigured, check, header):
    with Echo.running() as echo:
        proxy = misconfigured(tmp_path, house.address, echo, HOSTS)
        with proxy.running():
            findings, code = doctor(house, proxy)
    assert (problems(findings), code) == (check, 1), findings
    assert any(header in found["seen"] for found in findings)
