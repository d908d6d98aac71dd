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


def approval_and_arrival(journal, demo):
    """When Plex knew of the approval, and when the relying party was called back."""
    journal.read()
    approved = [one.time for one in journal.answers if one.url.endswith("/auth-app/approve")]
    called = [time for time, url in journal.sent if url.startswith(demo.relying_party + "/callback")]
    assert len(approved) == len(called) == 1
    return called[0] - approved[0]


def test_with_a_slow_plex_the_popup_way_takes_less_than_a_second(visitor, browser, demo):
    with demo.fault("delay", millis=100):
        visitor.sign_in("friend", "Mara")
    assert approval_and_arrival(browser.journal, demo) < 1
    asked = [url for _, url in browser.journal.sent if url.endswith("/status")]
    assert asked, "the end of the pop-up made the page ask, instead of waiting for the next look"


def test_with_a_slow_plex_the_same_tab_takes_less_than_a_second(visitor, browser, demo):
    with browser.as_phone(), demo.fault("delay", millis=100):
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        browser.find(GREETING)
    assert approval_and_arrival(browser.journal, demo) < 1
