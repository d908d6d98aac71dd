"""What does not end in a greeting ends on a page of ours that says why, and from there it goes on."""

import pytest

from visitor import REFUSED, SIGN_IN


def test_cancel_on_our_page(visitor, browser):
    visitor.arrive()
    browser.press("Cancel")
    visitor.is_refused()


def test_cancel_while_the_popup_is_open(visitor, browser):
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup()
    browser.find("#deny")
    browser.to(browser.main)
    browser.press("Cancel")
    browser.until(lambda: not browser.other_windows(), "the end of the pop-up")
    visitor.is_refused()


def test_deny_in_the_popup_leaves_a_page_from_which_it_goes_on(visitor, browser):
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup()
    browser.click("#deny")
    browser.to_main_after_popup()
    browser.sees("Waiting for Plex…")
    browser.press("Show the Plex window")
    visitor.approve_in_popup("friend")
    visitor.is_greeted("Mara")


def test_deny_in_the_same_tab_leaves_a_page_from_which_it_goes_on(visitor, browser):
    with browser.as_phone():
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.click("#deny")
        browser.sees("Waiting for Plex…")
        browser.press("Open the Plex page again")
        browser.click("#continue-friend")
        visitor.is_greeted("Mara")


def test_a_pin_that_expires_in_the_popup(visitor, browser, demo):
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup()
    browser.find("#deny")
    browser.to(browser.main)
    demo.control("POST", f"/pins/{demo.newest_pin()['code']}/expire")
    browser.sees("That took too long")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")


def test_a_pin_that_expires_in_the_same_tab(visitor, browser, demo):
    with browser.as_phone():
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.find("#deny")
        page = browser.journal.read().pages(browser.main, demo.issuer)[0]
        demo.control("POST", f"/pins/{demo.newest_pin()['code']}/expire")
        browser.driver.get(page + "/return")
        browser.sees("That took too long")
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        visitor.is_greeted("Mara")


STRANGERS = {
    "stranger": ("Uwe", "uwe@example.net", "This account can’t come in"),
    "friend-nothing": ("Pim", "pim@example.net", "This account can’t come in"),
    "unconfirmed": ("Vera", "vera@example.net", "Please confirm your e-mail"),
    "managed": ("Kid", "Kid", "Managed users can’t come in"),
}


@pytest.mark.parametrize("persona", STRANGERS)
def test_who_may_not_come_in_is_told_which_account_it_was_and_can_switch(
    visitor, browser, expected, persona
):
    expected += REFUSED
    visitor.arrive()
    visitor.continue_as(persona)
    browser.sees(*STRANGERS[persona])
    browser.press("Use another Plex account")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")


def test_who_may_not_come_in_can_go_back_to_the_relying_party(visitor, browser, expected):
    expected += REFUSED
    visitor.arrive()
    visitor.continue_as("stranger")
    browser.sees("Uwe")
    browser.press("Cancel")
    visitor.is_refused()


def test_an_old_link(browser, demo, expected):
    expected += ["status of 400", "status of 404"]
    browser.driver.get(demo.issuer + "/sign-in/01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c")
    browser.sees("Please start again")
    browser.driver.get(demo.issuer + "/nowhere")
    browser.sees("There is nothing here")
