"""The proxies, each as a process of its own with the text from docs/snippets/ that hosts paste.

A snippet is used as it is, with its placeholders filled in. What differs on this machine (a port instead of 443, no TLS,
a file elsewhere) is a list of replacements; each must occur exactly once, so that no snippet drifts away unnoticed.
"""

import contextlib
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from house import ROOT, START_SECONDS, free_port, running, wait_until_open
from raw import send

SNIPPETS = ROOT / "docs" / "snippets"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plex-oidc-check" / "proxies"


def filled(name, values, changes=()):
    """A snippet with its placeholders filled in, changed as hosts may have to."""
    text = (SNIPPETS / name).read_text()
    for placeholder, value in values.items():
        text = text.replace("{{" + placeholder + "}}", value)
    assert "{{" not in text, f"a placeholder is left in {name}"
    for before, after in changes:
        assert text.count(before) == 1, f"{before!r} is not there once in {name}"
        text = text.replace(before, after)
    return text


def values_for(host, gateway, upstream):
    values = {"app": host.partition(".")[0], "host": host, "gateway": gateway, "upstream": upstream}
    # conftest.py declares one application for two hosts.
    values["app_name"] = "home" if host.endswith(".home.localhost") else values["app"]
    for name in ("gateway", "upstream"):
        values[f"{name}_host"], _, values[f"{name}_port"] = values[name].rpartition(":")
    return values


class Proxy:
    """One running proxy in front of one echo application, for all hosts."""

    endpoint = "/authz/forward-auth"
    family = {"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "http", "X-Forwarded-Uri": "/"}
    host_header = "X-Forwarded-Host"
    environment = {}

    def __init__(self, folder, gateway, echo, hosts):
        self.folder = folder
        self.port = free_port()
        self.gateway = gateway
        self.echo = echo
        self.hosts = hosts

    def url(self, host, target="/"):
        return f"http://{host}:{self.port}{target}"

    def each(self, name, changes=()):
        """The snippet once per host."""
        return [filled(name, values_for(host, self.gateway, self.echo.address), changes) for host in self.hosts]

    def direct(self, host):
        """The headers by which this proxy would ask the gateway for the front page of `host`."""
        return self.family | {self.host_header: f"{host}:{self.port}"}

    @contextlib.contextmanager
    def running(self, command=None):
        log = self.folder / "proxy.log"
        with running(command or self.command(), log) as process:
            wait_until_open(self.port, process, log)
            self.wait_until_ready()
            yield self

    def wait_until_ready(self):
        """Traefik listens before it has read what to do, and then knows no host."""
        end = time.monotonic() + START_SECONDS
        while send(self.port, "/", f"{self.hosts[-1]}:{self.port}").status in (0, 404):
            if time.monotonic() > end:
                raise RuntimeError(f"not ready:\n{(self.folder / 'proxy.log').read_text()}")
            time.sleep(0.05)


class Traefik(Proxy):
    name = "traefik"

    def dynamic(self):
        merged = {}
        for text in self.each("traefik.yml"):
            for kind, entries in yaml.safe_load(text)["http"].items():
                known = merged.setdefault(kind, {})
                assert all(known.get(name, entry) == entry for name, entry in entries.items())
                known.update(entries)
        return {"http": merged}

    def command(self):
        static = {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "entryPoints": {"websecure": {"address": f"127.0.0.1:{self.port}"}},
            "providers": {"file": {"filename": str(self.folder / "dynamic.yml"), "watch": False}},
        }
        (self.folder / "dynamic.yml").write_text(yaml.safe_dump(self.dynamic()))
        (self.folder / "static.yml").write_text(yaml.safe_dump(static))
        return [CACHE / "python/bin/traefik", f"--configFile={self.folder / 'static.yml'}"]


class Caddy(Proxy):
    name = "caddy"

    def command(self):
        sites = [
            filled("Caddyfile", values_for(host, self.gateway, self.echo.address) | {"host": self.url(host, "")})
            for host in self.hosts
        ]
        file = self.folder / "Caddyfile"
        options = f"{{\n\tadmin off\n\tstorage file_system {self.folder}\n}}\n"
        file.write_text(options + "\n".join(sites))
        return [CACHE / "debian/usr/bin/caddy", "run", "--config", file, "--adapter", "caddyfile"]


class Nginx(Proxy):
    name = "nginx"
    endpoint = "/authz/auth-request"
    # What stands beside the server blocks.
    outside = ""

    def direct(self, host):
        return {"X-Original-URL": self.url(host), "X-Original-Method": "GET"}

    def insides(self):
        """What stands in the server block of each host, below its name."""
        return self.each("nginx.conf", self.ports())

    def ports(self):
        return [
            ("$scheme://$host$request_uri;", f"$scheme://$host:{self.port}$request_uri;"),
            ("Host $host;", f"Host $host:{self.port};"),
        ]

    def command(self):
        servers = [
            f"server {{\nlisten 127.0.0.1:{self.port};\nserver_name {host};\n{text}}}\n"
            for host, text in zip(self.hosts, self.insides(), strict=True)
        ]
        paths = "\n".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = self.folder / "nginx.conf"
        file.write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr info;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}\n{self.outside}{''.join(servers)}}}\n"
        )
        return [CACHE / "debian/usr/sbin/nginx", "-p", self.folder, "-e", "stderr", "-c", file]


class NginxProxyManager(Nginx):
    """Debian's nginx, with the server block that Nginx Proxy Manager makes of its form (docs/guides/nginx-proxy-manager.md)."""

    name = "npm"
    # The manager sets these for every server; a location with a `proxy_set_header` of its own inherits none of them.
    outside = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header Accept-Encoding \"\";\n"
    form = 'set $forward_scheme http;\nset $server "{upstream_host}";\nset $port {upstream_port};\n'
    # It leaves its own `location /` out where the box has one, by this expression.
    has_location = re.compile(r"^(?:.*;)?\s*?location\s*?/\s*?{", re.IGNORECASE | re.MULTILINE)

    def insides(self):
        boxes = self.each("nginx-proxy-manager.conf", self.ports())
        assert all(map(self.has_location.search, boxes))
        form = self.form.format(**values_for("", self.gateway, self.echo.address))
        return [form + box for box in boxes]


class IngressNginx(Nginx):
    """Debian's nginx, with the server block that ingress-nginx makes of the annotations (docs/guides/ingress-nginx.md)."""

    name = "ingress"
    outside = "map $http_upgrade $connection_upgrade {\ndefault upgrade;\n'' close;\n}\n"

    def insides(self):
        return [self.server(yaml.safe_load(text)) for text in self.each("ingress-nginx.yml")]

    def server(self, ingress):
        said = {name.partition("/")[2]: text for name, text in ingress["metadata"]["annotations"].items()}
        (rule,) = ingress["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        service = path["backend"]["service"]
        identity = "".join(
            f"auth_request_set $authHeader{number} $upstream_http_{name.lower().replace('-', '_')};\n"
            f"proxy_set_header '{name}' $authHeader{number};\n"
            for number, name in enumerate(said["auth-response-headers"].split(","))
        )
        return f"""\
{said["server-snippet"]}
location = /_external-auth {{
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Forwarded-Proto "";
    proxy_set_header Host {urlsplit(said["auth-url"]).hostname};
    proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Sent-From "nginx-ingress-controller";
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Auth-Request-Redirect $request_uri;
    {said["auth-snippet"]}
    proxy_http_version 1.1;
    set $target {said["auth-url"]};
    proxy_pass $target;
}}
location {path["path"]} {{
    set $best_http_host $http_host;
    auth_request /_external-auth;
    auth_request_set $auth_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $auth_cookie;
    {identity}
    proxy_set_header Host $best_http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $best_http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_http_version 1.1;
    {said["configuration-snippet"]}
    proxy_pass http://{service["name"]}:{service["port"]["number"]};
}}
"""


class Haproxy(Proxy):
    name = "haproxy"

    def command(self):
        lua, file = self.folder / "plex-oidc.lua", self.folder / "haproxy.cfg"
        lua.write_text(filled("haproxy.lua", {}))
        changes = [
            ("/etc/haproxy/plex-oidc.lua", str(lua)),
            ("bind :443 ssl crt /etc/haproxy/certificates/", f"bind 127.0.0.1:{self.port}"),
        ]
        values = values_for(self.hosts[0], self.gateway, self.echo.address)
        file.write_text(filled("haproxy.cfg", values | {"host": " ".join(self.hosts)}, changes))
        libraries = CACHE / "debian/usr/lib/x86_64-linux-gnu"
        return ["env", f"LD_LIBRARY_PATH={libraries}", CACHE / "debian/usr/sbin/haproxy", "-db", "-f", file]


class Envoy(Proxy):
    name = "envoy"
    endpoint = "/authz/ext-authz"
    family = {"X-Forwarded-Proto": "http"}
    host_header = "Host"

    def command(self):
        changes = [("0.0.0.0, port_value: 443", f"127.0.0.1, port_value: {self.port}")]
        whole, *others = [yaml.safe_load(text) for text in self.each("envoy.yaml", changes)]
        for other in others:
            hosts(whole).extend(hosts(other))
            whole["static_resources"]["clusters"].append(other["static_resources"]["clusters"][1])
        file = self.folder / "envoy.yaml"
        file.write_text(yaml.safe_dump(whole))
        options = ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warn"]
        return [CACHE / "python/bin/envoy", "-c", file, *options]


def hosts(envoy):
    chain = envoy["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    return chain["typed_config"]["route_config"]["virtual_hosts"]


ALL = {proxy.name: proxy for proxy in (Traefik, Caddy, Nginx, NginxProxyManager, IngressNginx, Haproxy, Envoy)}
