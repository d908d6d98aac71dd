"""What is in the snippets and no proxy here runs into by itself."""

import os

import pytest
import yaml

from echo import Echo
from house import ROOT
from installed import HOSTS, PHOTOS, WIKI
from proxies import SNIPPETS, Caddy, Haproxy, filled, values_for
from raw import send


def test_the_labels_for_docker_compose_say_what_the_file_says():
    values = values_for("wiki.localhost", "127.0.0.1:1", "127.0.0.1:2")
    file = yaml.safe_load(filled("traefik.yml", values))["http"]
    labels = yaml.safe_load(filled("traefik-labels.yml", values))["services"]["wiki"]["labels"]
    assert labels.pop("traefik.enable") == "true"
    # The container itself is the service.
    del file["services"], file["routers"]["wiki"]["service"]
    assert labels == dict(flat("traefik.http", file))


def flat(path, value):
    if isinstance(value, dict):
        for name, below in value.items():
            yield from flat(f"{path}.{name}", below)
    elif isinstance(value, list):
        yield path, ",".join(value)
    else:
        yield path, str(value).lower() if isinstance(value, bool) else value


GUIDES = {
    "traefik.md": ["traefik.yml", "traefik-labels.yml"],
    "caddy.md": ["Caddyfile"],
    "nginx.md": ["nginx.conf"],
    "nginx-proxy-manager.md": ["nginx-proxy-manager.conf"],
    "ingress-nginx.md": ["ingress-nginx.yml"],
    "haproxy.md": ["haproxy.cfg", "haproxy.lua"],
    "envoy.md": ["envoy.yaml"],
    # What is pasted at Cloudflare is not a proxy's, and is not run here.
    "cloudflare-tunnel.md": ["cloudflare-access.yml"],
}


def test_the_guides_show_what_is_run_here():
    values = values_for("wiki.example.com", "plex-oidc:8400", "wiki:8080")
    for guide, snippets in GUIDES.items():
        text = (ROOT / "docs" / "guides" / guide).read_text()
        for snippet in snippets:
            assert filled(snippet, values) + "```\n" in text, f"{guide} shows another {snippet}"
    shown = {name for names in GUIDES.values() for name in names}
    assert shown == set(os.listdir(SNIPPETS))


def test_the_box_of_nginx_proxy_manager_says_what_nginx_is_told():
    nginx, box = ((SNIPPETS / name).read_text().splitlines() for name in ("nginx.conf", "nginx-proxy-manager.conf"))
    assert [line for line in nginx[1:] if line not in box] == ["    proxy_pass http://{{upstream}};"]
    form = ['    # What the form says under "Details".', "    proxy_pass $forward_scheme://$server:$port;"]
    assert [line for line in box[1:] if line not in nginx] == form


def test_an_old_caddyfile_does_not_let_the_visitor_choose_the_rules(tmp_path, house, new_browser):
    """Without the question mark in the snippet, Caddy hands the visitor's query on to the gateway."""
    with Echo.running() as echo:
        proxy = Caddy(tmp_path, house.address, echo, HOSTS)
        command = proxy.command()
        file = tmp_path / "Caddyfile"
        assert file.read_text().count("uri /authz/forward-auth?\n") == len(HOSTS)
        file.write_text(file.read_text().replace("uri /authz/forward-auth?\n", "uri /authz/forward-auth\n"))
        with proxy.running(command):
            browser = new_browser()
            browser.sign_in(proxy.url(WIKI), "friend")
            echo.take()
            for query in ("?app=wide", "?x=y&app=wide", "?app=wide#x", "?app=wide&app=wiki"):
                answer = send(proxy.port, f"/page{query}", f"{WIKI}:{proxy.port}")
                assert answer.status == 403 and echo.take() == [], (query, answer)
                assert b"uri /authz/forward-auth?" in answer.body
            for query in ("?x=y", "?" + "&".join(["p=x"] * 300), "?%;&&=?app=wide"):
                assert browser.session.get(proxy.url(WIKI, f"/page{query}"), timeout=20).status_code == 200, query
                assert len(echo.take()) == 1


@pytest.mark.parametrize("target", ["/", "/public/x"])
def test_haproxy_lets_nothing_pass_when_the_script_fails(tmp_path, house, target):
    with Echo.running() as echo:
        proxy = Haproxy(tmp_path, house.address, echo, HOSTS)
        command = proxy.command()
        script = tmp_path / "plex-oidc.lua"
        call = "core.httpclient()"
        assert script.read_text().count(call) == 1
        script.write_text(script.read_text().replace(call, 'error("a fault in the script")'))
        with proxy.running(command):
            answer = send(proxy.port, target, f"{WIKI}:{proxy.port}")
        assert answer.status == 503 and echo.take() == [], answer


def test_ingress_nginx_asks_about_the_application_that_it_serves(start_proxy, house):
    """It says the host of the header, and serves the one of the request line; only the wiki has a public part."""
    with start_proxy("ingress", house.address) as proxy:
        answer = send(proxy.port, proxy.url(PHOTOS, "/public/x"), f"{WIKI}:{proxy.port}")
        assert answer.status in (401, 403, 404) and proxy.echo.take() == [], answer
