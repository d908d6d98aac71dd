"""plex.tv is down, or slow."""

import pytest

from demo import Demo
from visitor import DOWN, GREETING, SIGN_IN


@pytest.fixture
def demo(tmp_path):
    """One for each test: after several failures the provider rests plex.tv for half a minute."""
    with Demo.running(tmp_path / "log") as demo:
        yield demo


def test_plex_is_down_at_the_start_and_comes_back(visitor, browser, demo, expected):
    expected += DOWN
    visitor.arrive()
    with demo.fault("server-error"):
        browser.click(SIGN_IN)
        browser.sees("Plex isn’t answering", "try again")
        assert not browser.other_windows()
    browser.press("Try again")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")


def test_plex_goes_down_after_the_approval_which_is_not_lost(visitor, browser, demo, expected):
    expected += DOWN
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup()
    browser.find("#continue-friend")
    with demo.fault("server-error", path="/api/v2/resources"):
        browser.click("#continue-friend")
        browser.to_main_after_popup()
        browser.sees("Plex isn’t answering")
    browser.press("Try again")
    visitor.is_greeted("Mara")


def asked_on_the_way_back(journal, demo):
    """What was asked for after Plex knew of the approval and before the relying party was called back."""
    journal.read()
    approved = [one.time for one in journal.answers if one.url.endswith("/auth-app/approve")]
    called = [time for time, url in journal.sent if url.startswith(demo.relying_party + "/callback")]
    assert len(approved) == len(called) == 1
    return [url for time, url in journal.sent if approved[0] < time < called[0]]


def send_the_poller_away(browser, demo):
    """For a minute, as Plex may. Whoever is signed in sooner did not wait for its next look."""
    look = "/api/v2/pins/"
    demo.control("DELETE", "/log")
    with demo.fault("rate-limited", retry_after=60, path=look):
        browser.until(
            lambda: any(call["path"].startswith(look) for call in demo.control("GET", "/log")), "a look at the PIN"
        )


def test_with_a_slow_plex_the_end_of_the_popup_makes_the_page_ask(visitor, browser, demo):
    visitor.arrive()
    browser.press("Continue with Plex")
    browser.to_popup()
    browser.find("#continue-friend")
    send_the_poller_away(browser, demo)
    with demo.fault("delay", millis=100):
        browser.click("#continue-friend")
        browser.to_main_after_popup()
        visitor.is_greeted("Mara")
    asked = asked_on_the_way_back(browser.journal, demo)
    assert [url for url in asked if url.endswith("/status")], asked


def test_with_a_slow_plex_the_same_tab_comes_back_to_an_outcome(visitor, browser, demo):
    """And not to a page that waits for one."""
    with browser.as_phone(), demo.fault("delay", millis=100):
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        browser.find(GREETING)
    asked = asked_on_the_way_back(browser.journal, demo)
    assert [url for url in asked if url.endswith("/return")], asked
    assert not [url for url in asked if url.endswith(("/wait", "/events", "/status"))], asked
