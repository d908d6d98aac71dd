"""The labels for Docker Compose say what the file for Traefik says. There is no Docker here to run them."""

import yaml

from proxies import filled, values_for


def test_the_labels_are_the_file():
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
