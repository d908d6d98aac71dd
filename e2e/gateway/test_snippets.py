"""What is in the snippets and no proxy here runs into by itself."""

import pytest
import yaml

from conftest import HOSTS, WIKI
from echo import Echo
from proxies import Haproxy, filled, values_for
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
