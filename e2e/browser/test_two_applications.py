"""What the demo tells people to try: a share that ends, and plex.tv that is down, at the relying party and at the application behind
the gateway."""

import pytest

from demo import Demo
from visitor import SIGN_IN

GUARDED = "#guarded"


@pytest.fixture
def demo(tmp_path):
    """One for each test: what is shared changes."""
    with Demo.running(tmp_path / "log") as demo:
        yield demo


def is_known_at_the_guarded(browser, demo, name):
    browser.driver.get(demo.guarded + "/")
    assert browser.find(GUARDED).text == f"The proxy says that you are {name}"


def test_both_applications_refuse_within_the_interval(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    is_known_at_the_guarded(browser, demo, "Mara")
    browser.driver.get(demo.relying_party)
    demo.control("DELETE", "/shares/friend")

    def is_refused():
        if "invalid_grant" in browser.text():
            return True
        browser.click("form[action='/refresh'] button")
        return False

    browser.until(is_refused, "the end of access at the relying party")

    def is_asked_to_sign_in():
        browser.driver.get(demo.guarded + "/")
        return browser.url.startswith(demo.issuer) and browser.driver.find_elements("css selector", SIGN_IN)

    browser.until(is_asked_to_sign_in, "the end of access behind the gateway")
    # Shared again, a new sign-in is all it takes; it goes on to the page that was asked for.
    demo.control("POST", "/shares", {"persona": "friend"})
    visitor.continue_as("friend")
    assert browser.find(GUARDED).text == "The proxy says that you are Mara"
    assert browser.url == demo.guarded + "/"


def test_an_outage_changes_nothing_inside_and_is_explained_to_newcomers(visitor, browser, demo, expected):
    expected += ["status of 50", "ERR_EMPTY_RESPONSE", "CORS policy", "ERR_FAILED", "ERR_CONNECTION"]
    visitor.sign_in("friend", "Mara")
    is_known_at_the_guarded(browser, demo, "Mara")
    with demo.fault("reset"):
        demo.control("DELETE", "/log")
        is_list = lambda call: call["path"].endswith("/shared_servers/owned/accepted")
        browser.until(lambda: any(is_list(call) for call in demo.control("GET", "/log")), "a round that came to nothing")
        is_known_at_the_guarded(browser, demo, "Mara")
        browser.driver.get(demo.relying_party)
        browser.press("Refresh")
        visitor.is_greeted("Mara")

        browser.forget_everything()
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.sees("Plex isn’t answering", "try again")
        browser.driver.get(demo.guarded + "/")
        browser.click(SIGN_IN)
        browser.sees("Plex isn’t answering", "try again")
