"""Every way from the relying party's button to its greeting, for every sort of browser."""

import time

from selenium.webdriver.common.keys import Keys

from visitor import NO_POPUPS, SIGN_IN

POST = """
const [action, fields] = arguments;
const form = Object.assign(document.createElement("form"), { method: "post", action });
for (const [name, value] of Object.entries(fields)) {
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
}
document.body.append(form);
form.submit();
"""


def test_a_popup_on_a_desktop(visitor, browser, demo):
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.find("[data-reopen]")
    browser.sees("Say yes in the Plex window.")
    assert browser.driver.title.startswith("Waiting for Plex")
    visitor.approve_in_popup("friend")
    visitor.is_greeted("Mara")
    claims = visitor.claims()
    assert claims["sub"] == "plex-48151001"
    assert claims["email"] == "mara@example.net"
    assert "plex-friend" in claims["groups"] and "plex-library:1" in claims["groups"]
    assert visitor.claims("id-token")["iss"] == demo.issuer

    shown = browser.journal.read().pages(browser.main, demo.issuer)
    assert len(shown) == 1, f"one page of ours between the click and the relying party: {shown}"
    posts = [url for _, url in browser.journal.sent if url.startswith(demo.plextv) and "/pins" in url]
    assert posts, "this browser made the PIN"


def test_the_same_tab_on_a_phone(visitor, browser, demo):
    with browser.as_phone():
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        visitor.is_greeted("Mara")
        assert not browser.other_windows()
    shown = browser.journal.read().pages(browser.main, demo.issuer)
    assert len(shown) == 1, shown


def test_without_any_script(visitor, browser, demo):
    with browser.without_script():
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.until(lambda: browser.url.startswith(demo.plextv), "the Plex page")
    browser.driver.refresh()  # Plex's own page needs script.
    browser.click("#continue-friend")
    visitor.is_greeted("Mara")


def test_without_any_script_the_waiting_page_looks_again_by_itself(visitor, browser, demo):
    with browser.without_script():
        page = visitor.arrive() and browser.url
        browser.click(SIGN_IN)
        browser.until(lambda: browser.url.startswith(demo.plextv), "the Plex page")
        browser.driver.get(page + "/return")
        browser.sees("Waiting for Plex…")
        demo.control("POST", f"/pins/{demo.newest_pin()['code']}/approve", {"persona": "friend"})
        visitor.is_greeted("Mara")


def test_a_blocked_popup_falls_back_to_the_same_tab(visitor, browser):
    with browser.on_each_page(NO_POPUPS):
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        visitor.is_greeted("Mara")
    assert not browser.other_windows()


def test_without_cors_the_server_makes_the_pin(visitor, browser, demo, expected):
    expected += ["CORS policy", "ERR_FAILED", "/api/v2/pins"]
    with demo.switched(cors=False):
        visitor.arrive()
        visitor.continue_as("friend")
        visitor.is_greeted("Mara")
    browser.journal.read()
    assert any(url.endswith("/start") for _, url in browser.journal.sent)
    assert not any(url.endswith("/pin") for _, url in browser.journal.sent)


def test_where_something_cuts_the_event_stream_the_page_asks_instead(visitor, browser, expected):
    expected += ["/events"]
    browser.cdp("Network.setBlockedURLs", urls=["*/events"])
    try:
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.to_popup()
        browser.find("#continue-friend")
        # The pop-up's own end would make the page ask once. Approved elsewhere, only asking again and again helps.
        demo = visitor.demo
        demo.control("POST", f"/pins/{demo.newest_pin()['code']}/approve", {"persona": "friend"})
        browser.to_main_after_popup()
        visitor.is_greeted("Mara")
    finally:
        browser.cdp("Network.setBlockedURLs", urls=[])
    asked = [url for _, url in browser.journal.read().sent if url.endswith("/status")]
    assert asked, "the stream was cut, so it was asked"


def test_back_from_plex_the_page_is_of_use_again(visitor, browser):
    with browser.as_phone():
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.find("#continue-friend")
        browser.driver.back()
        browser.until(lambda: browser.find(SIGN_IN).is_enabled(), "a button that can be pressed")
        browser.click(SIGN_IN)
        browser.click("#continue-friend")
        visitor.is_greeted("Mara")


def test_where_the_popup_is_cut_off_by_plex_its_opener_still_learns_the_outcome(visitor, browser, demo):
    with demo.switched(coop=True):
        visitor.arrive()
        browser.click(SIGN_IN)
        browser.to_popup()
        browser.click("#continue-friend")
        browser.to(browser.main)
        visitor.is_greeted("Mara")


def test_with_the_keyboard_alone(visitor, browser):
    browser.driver.get(visitor.demo.relying_party)
    browser.find("#sign-in")
    browser.tab_to("#sign-in")
    browser.key(Keys.ENTER)
    browser.find(SIGN_IN)
    browser.tab_to(SIGN_IN)
    browser.key(Keys.ENTER)
    browser.to_popup()
    browser.find("#continue-friend")
    browser.tab_to("#continue-friend")
    browser.key(Keys.ENTER)
    browser.to_main_after_popup()
    visitor.is_greeted("Mara")


def test_the_keyboard_shows_where_it_is(visitor, browser):
    visitor.arrive()
    for css in (SIGN_IN, "[data-cancel] button"):
        browser.tab_to(css)
        style = "return getComputedStyle(document.activeElement).outlineStyle"
        assert browser.driver.execute_script(style) == "solid", css


def test_two_tabs_that_cross_each_get_their_own(visitor, browser, demo):
    visitor.arrive()
    browser.click(SIGN_IN)
    first_popup = browser.to_popup()
    browser.to(browser.main)
    browser.driver.switch_to.new_window("tab")
    second = browser.driver.current_window_handle
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup(first_popup, second)

    browser.click("#continue-friend-all")
    browser.to(second)
    visitor.is_greeted("Noor")
    browser.to(first_popup)
    browser.click("#continue-friend")
    browser.to(browser.main)
    visitor.is_greeted("Mara")


def test_the_popup_that_was_closed_can_be_opened_again(visitor, browser):
    visitor.arrive()
    browser.click(SIGN_IN)
    browser.to_popup()
    browser.find("#continue-friend")
    browser.driver.close()
    browser.to(browser.main)
    browser.press("Show the Plex window")
    visitor.approve_in_popup("friend")
    visitor.is_greeted("Mara")


def test_the_second_visit_needs_no_click_of_ours(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    browser.press("Sign out here")
    browser.sees("You are not signed in")
    browser.journal.clear()
    browser.click("#sign-in")
    visitor.is_greeted("Mara")
    assert browser.journal.read().pages(browser.main, demo.issuer) == []


def test_prompt_login_asks_at_plex_again(visitor, browser):
    visitor.sign_in("friend", "Mara")
    first = int(visitor.claims("id-token")["auth_time"])
    # The clock of the demo is the machine's, and auth_time counts whole seconds.
    browser.until(lambda: int(time.time()) > first, "the next second")
    browser.press("Sign in afresh")
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")
    assert int(visitor.claims("id-token")["auth_time"]) > first


def test_select_account_offers_the_one_and_another(visitor, browser):
    visitor.sign_in("friend", "Mara")
    browser.press("Use another account")
    browser.sees("mara@example.net")
    browser.press("Continue as Mara")
    visitor.is_greeted("Mara")

    browser.press("Use another account")
    browser.press("Use another account")
    visitor.continue_as("friend-all")
    visitor.is_greeted("Noor")


def test_sign_out_at_the_provider(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    browser.press("Sign out at the provider")
    browser.sees("Sign out?", "Mara")
    browser.press("Sign out of this browser")
    browser.sees("You are signed out")
    visitor.ask_to_sign_in("login")
    browser.find(SIGN_IN)
    browser.driver.get(f"{demo.relying_party}/sign-in?prompt=none")
    visitor.is_refused("login_required")


def test_a_form_of_another_site_finds_who_is_signed_in(visitor, browser, demo):
    visitor.sign_in("friend", "Mara")
    # To the browser another site than the one called localhost, so that no cookie of the provider goes along.
    elsewhere = demo.relying_party.replace("localhost", "127.0.0.1")
    browser.driver.get(elsewhere)
    browser.sees("You are not signed in")
    asked = {
        "client_id": "demo",
        "redirect_uri": f"{demo.relying_party}/callback",
        "response_type": "code",
        "scope": "openid",
        "state": "of-a-form",
        "prompt": "none",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    browser.driver.execute_script(POST, f"{demo.issuer}/authorize", asked)
    # The relying party made no such request, and says so; what counts is that it got a code.
    visitor.is_refused("belongs to no request of this browser")
    assert "code=" in browser.url and "state=of-a-form" in browser.url, browser.url
    redirects = [one.url.partition("?")[0] for one in browser.journal.read().redirects]
    assert redirects.count(f"{demo.issuer}/authorize") >= 2, redirects


def test_the_answer_is_posted_where_the_application_wants_that(visitor, browser, demo):
    visitor.ask_to_sign_in(by_form=True)
    browser.find(SIGN_IN)
    visitor.continue_as("friend")
    visitor.is_greeted("Mara")
    # With a session no page of ours waits for anybody: the form posts itself.
    visitor.ask_to_sign_in(by_form=True)
    visitor.is_greeted("Mara")
    visitor.ask_to_sign_in("select_account", by_form=True)
    browser.press("Continue as Mara")
    visitor.is_greeted("Mara")
    sent = [url for _, url in browser.journal.read().sent if url.startswith(demo.relying_party + "/callback")]
    assert len(sent) == 3 and not any("?" in url for url in sent), sent


def test_without_any_script_the_answer_is_posted_by_a_button(visitor, browser, demo):
    with browser.without_script():
        visitor.ask_to_sign_in(by_form=True)
        browser.press("Cancel")
        browser.press("Go to Demo relying party")
        visitor.is_refused()
