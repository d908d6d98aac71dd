"""A share that ends, and an outage while somebody is inside, as the demo shows them."""

import time

import pytest

from demo import Demo


@pytest.fixture
def demo(tmp_path):
    """One for each test: what is shared changes."""
    with Demo.running(tmp_path / "log") as demo:
        yield demo


def test_access_ends_with_the_share_and_comes_back_by_signing_in(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    browser.press("Refresh")
    visitor.is_greeted("Mara")
    demo.control("DELETE", "/shares/friend")
    time.sleep(12)  # asked every ten seconds there
    browser.press("Refresh")
    browser.until(lambda: "invalid_grant" in browser.text(), "the refusal")
    demo.control("POST", "/shares", {"persona": "friend"})
    visitor.ask_to_sign_in(prompt="login")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")


def test_an_outage_changes_nothing_for_whoever_is_inside(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    with demo.fault("server-error"):
        time.sleep(12)  # longer than a round
        browser.press("Refresh")
        visitor.is_greeted("Mara")
