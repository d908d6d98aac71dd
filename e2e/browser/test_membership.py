"""A share that ends, and an outage while somebody is inside, as the demo shows them."""

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

    def is_refused():
        if "invalid_grant" in browser.text():
            return True
        browser.click("form[action='/refresh'] button")
        return False

    browser.until(is_refused, "the end of access, after the next of the rounds that come every ten seconds there")
    demo.control("POST", "/shares", {"persona": "friend"})
    visitor.ask_to_sign_in(prompt="login")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")


def test_an_outage_changes_nothing_for_whoever_is_inside(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    with demo.fault("server-error"):
        demo.control("DELETE", "/log")
        is_list = lambda call: call["path"].endswith("/shared_servers/owned/accepted")
        browser.until(lambda: any(is_list(call) for call in demo.control("GET", "/log")), "a round")
        browser.press("Refresh")
        visitor.is_greeted("Mara")
