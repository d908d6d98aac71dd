"""What the tests of the pages share: one demo, one browser, and after each test a look at what went wrong unnoticed."""

from pathlib import Path

import pytest

from browser import Browser
from demo import ROOT, Demo
from visitor import Visitor


def pytest_addoption(parser):
    parser.addoption(
        "--screenshots", action="store_true", help="write the screenshots to docs/screenshots/"
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    with Demo.running(tmp_path_factory.mktemp("demo") / "log") as demo:
        yield demo


@pytest.fixture(scope="session")
def the_browser():
    with Browser.running() as browser:
        yield browser


@pytest.fixture
def expected():
    """A test adds what it expects to see failing: parts of console lines or addresses."""
    return []


@pytest.fixture
def browser(the_browser, expected):
    """The browser of somebody who was never here. Afterwards: no error on the console, no request that failed."""
    the_browser.forget_everything()
    yield the_browser
    unexpected = the_browser.journal.read().unexpected(expected)
    assert not unexpected, "\n".join(unexpected)


@pytest.fixture
def visitor(browser, demo):
    return Visitor(browser, demo)


@pytest.fixture(scope="session")
def screenshots(request, tmp_path_factory):
    """Where screenshots go: into the tree only if asked to."""
    if request.config.getoption("--screenshots"):
        folder = ROOT / "docs" / "screenshots"
        folder.mkdir(exist_ok=True)
        return folder
    return Path(tmp_path_factory.mktemp("screenshots"))
