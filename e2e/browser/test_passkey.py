"""A passkey of the owner, made and used by chromium's virtual authenticator: what others wrote reads what we ask, and we read what they answer."""

import contextlib

import pytest
from selenium.webdriver.common.virtual_authenticator import Protocol, Transport, VirtualAuthenticatorOptions

from demo import Demo
from visitor import DOWN, NO_POPUPS, REFUSED

KEYS_BUTTON = "form[action='/admin/keys'] button"


@pytest.fixture
def demo(tmp_path):
    """One for each test: passkeys stay."""
    with Demo.running(tmp_path / "log") as demo:
        yield demo


@contextlib.contextmanager
def authenticator(browser, verified=True, consenting=True):
    """A telephone that knows its owner, or does not."""
    options = VirtualAuthenticatorOptions()
    options.protocol = Protocol.CTAP2
    options.transport = Transport.INTERNAL
    options.has_resident_key = True
    options.has_user_verification = True
    options.is_user_verified = verified
    options.is_user_consenting = consenting
    browser.driver.add_virtual_authenticator(options)
    try:
        yield browser.driver
    finally:
        browser.driver.remove_virtual_authenticator()


def to_host_page(visitor, browser, demo):
    browser.driver.get(demo.issuer + "/admin")
    visitor.continue_as("owner")
    browser.sees("The host’s page", "Signing keys")


def add(browser, demo, name):
    browser.driver.get(demo.issuer + "/admin/passkeys")
    browser.find("#name").send_keys(name)
    browser.press("Add a passkey")


def sign_out(browser):
    browser.cdp("Network.clearBrowserCookies")


def test_a_passkey_is_added_and_opens_the_hosts_page_while_plex_is_down(visitor, browser, demo, expected):
    expected += DOWN
    with authenticator(browser) as driver:
        to_host_page(visitor, browser, demo)
        browser.press("Passkeys")
        browser.find("#name").send_keys("The phone")
        browser.press("Add a passkey")
        browser.sees("The passkey is there", "The phone", "never used")
        [credential] = driver.get_credentials()
        assert credential.rp_id == "localhost" and credential.is_resident_credential
        sign_out(browser)
        with demo.fault("server-error"):
            # A guest's page says where the host's way is, and the passkey opens that page alone.
            visitor.arrive()
            with browser.on_each_page(NO_POPUPS):
                browser.press("Continue with Plex")
                browser.sees("Plex isn’t answering")
            browser.press("Are you the host? You can come in without Plex.")
            browser.press("Use a passkey")
            browser.sees("You came in with a passkey", "Signing keys")
            assert browser.url == demo.issuer + "/admin"
            browser.find(KEYS_BUTTON)
            browser.press("Passkeys")
            browser.sees("used just now", "A passkey is not enough")
            browser.driver.get(demo.issuer + "/account")
            browser.sees("Continue with Plex")


def test_a_counter_goes_on_with_each_use_and_the_passkey_with_it(visitor, browser, demo):
    with authenticator(browser):
        to_host_page(visitor, browser, demo)
        add(browser, demo, "The phone")
        browser.sees("The passkey is there")
        for _ in range(3):
            sign_out(browser)
            browser.driver.get(demo.issuer + "/admin/passkey")
            browser.press("Use a passkey")
            browser.sees("You came in with a passkey")
            browser.press("Leave")
            browser.sees("You are signed out")


def test_the_same_device_adds_no_second_one_and_removing_it_closes_the_door(visitor, browser, demo, expected):
    expected += REFUSED
    with authenticator(browser):
        to_host_page(visitor, browser, demo)
        add(browser, demo, "The phone")
        browser.sees("The passkey is there")
        add(browser, demo, "Once more")
        browser.sees("This device has a passkey for this place already.")
        browser.click("form[action='/admin/passkeys/remove'] button")
        browser.sees("The passkey is worth nothing any more.", "There is none yet.")
        sign_out(browser)
        browser.driver.get(demo.issuer + "/admin/passkey")
        browser.press("Use a passkey")
        browser.sees("That did not work. Please try again.")
        assert browser.url == demo.issuer + "/admin/passkey"


def test_a_device_that_does_not_check_who_it_is_makes_none(visitor, browser, demo):
    with authenticator(browser, verified=False) as driver:
        to_host_page(visitor, browser, demo)
        add(browser, demo, "The phone")
        browser.sees("That did not work. Please try again.")
        assert not driver.get_credentials()


def test_one_confirms_who_is_signed_in(visitor, browser, demo):
    with authenticator(browser):
        to_host_page(visitor, browser, demo)
        add(browser, demo, "The phone")
        browser.sees("The passkey is there")
        browser.driver.get(demo.issuer + "/admin/again")
        browser.press("Use your passkey instead")
        browser.press("Use a passkey")
        browser.sees("You came in with a passkey")
        browser.click(KEYS_BUTTON)
        browser.until(lambda: "?done=keys" in browser.url, "the answer, that it was done or is too early")


def test_without_script_the_page_says_what_to_do_instead(browser, demo):
    with browser.without_script():
        browser.driver.get(demo.issuer + "/admin/passkey")
        browser.sees("This needs a script in your browser.", "plex-oidc admin-link")
        assert not [one for one in browser.driver.find_elements("css selector", "button") if one.is_displayed()]


def test_a_browser_without_passkeys_says_so(browser, demo):
    with browser.on_each_page("delete window.PublicKeyCredential;"):
        browser.driver.get(demo.issuer + "/admin/passkey")
        browser.sees("This browser has no passkeys.")
