"""The language of the pages: the browser asks, and the app's wish counts more."""

import urllib.error
import urllib.request

import pytest


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Answers with the redirect itself."""

    def redirect_request(self, *_):
        return None


@pytest.fixture
def german(browser):
    """A browser that asks for German."""
    agent = browser.driver.execute_script("return navigator.userAgent")
    browser.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="de-AT,de;q=0.9,en;q=0.5")
    yield browser
    browser.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="en-US,en")


def asked_by_the_app(demo, ui_locales):
    """The address to which the relying party sends a visitor, with its wish for a language."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
    try:
        opener.open(demo.relying_party + "/sign-in", timeout=10)
    except urllib.error.HTTPError as answer:
        return f"{answer.headers['Location']}&ui_locales={ui_locales}"
    raise AssertionError("the relying party did not redirect")


def language(browser):
    return browser.driver.execute_script("return [document.documentElement.lang, document.documentElement.dir]")


def test_a_browser_that_asks_for_german_gets_german(german, visitor):
    visitor.arrive()
    assert language(german) == ["de", "ltr"]
    german.sees("Du brauchst nur dein Plex-Konto.")
    german.press("Weiter mit Plex")
    german.to_popup()
    german.to(german.main)
    german.sees("Warten auf Plex …", "Stimme im Plex-Fenster zu.")
    visitor.approve_in_popup("friend")
    visitor.is_greeted("Mara")


def test_what_the_script_says_is_german_too(german, visitor):
    visitor.arrive()
    said = german.driver.execute_script("return {...document.querySelector('main').dataset}")
    words = [text for name, text in said.items() if name.startswith("say")]
    assert len(words) == 5 and "Einen Moment …" in words, said


def test_the_apps_wish_counts_more_than_the_browsers(german, demo):
    german.driver.get(asked_by_the_app(demo, "tlh%20nl-BE"))
    german.sees("Doorgaan met Plex", "Annuleren")
    assert language(german) == ["nl", "ltr"]


def test_a_language_that_is_not_there_is_english(german, demo):
    agent = german.driver.execute_script("return navigator.userAgent")
    german.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="ja,ko;q=0.9")
    german.driver.get(asked_by_the_app(demo, "tlh"))
    german.sees("Continue with Plex")
    assert language(german) == ["en", "ltr"]
