"""How each page looks: no sideways scrolling on the narrowest phone, nothing that axe-core objects to, and a picture of each for
people to judge.

With --screenshots the pictures go to docs/screenshots/. Without, they are taken all the same, and thrown away.
"""

import base64
import itertools

import pytest

from accessibility import Axe
from visitor import DOWN, NO_POPUPS, REFUSED, SIGN_IN

WIDTHS = {360: 740, 1280: 800}
SCHEMES = ("light", "dark")
MOST_BYTES = 80_000

# The pages that go on by themselves are gone before anybody can look, so they are drawn without what makes them go on.
DRAW_ONWARD = """
const form = document.querySelector("form[data-cancel]");
return fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })
  .then((answer) => answer.text())
  .then((html) => {
    document.open();
    document.write(html.replace(/<meta http-equiv="refresh"[^>]*>|<script.*form-post.*<.script>/, ""));
    document.close();
  });
"""

FETCH_ICON = """
return fetch(document.querySelector("link[rel=icon]").href).then((answer) => answer.text());
"""


def sign_in(visitor, _):
    visitor.arrive()


def sign_in_again(visitor, demo):
    with visitor.browser.on_each_page(NO_POPUPS):
        visitor.arrive()
        page = visitor.browser.url
        visitor.browser.click(SIGN_IN)
        visitor.browser.find("#deny")
    demo.control("POST", f"/pins/{demo.newest_pin()['code']}/expire")
    visitor.browser.driver.get(page + "/return")
    visitor.browser.sees("That took too long")


def sign_in_with_popup(visitor, _):
    visitor.arrive()
    visitor.browser.click(SIGN_IN)
    visitor.browser.find("[data-reopen]")


def popup(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/sign-in/popup")


def popup_done(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/sign-in/done")


def waiting(visitor, _):
    with visitor.browser.on_each_page(NO_POPUPS):
        visitor.arrive()
        page = visitor.browser.url
        visitor.browser.click(SIGN_IN)
        visitor.browser.find("#deny")
    visitor.browser.driver.get(page + "/wait")
    visitor.browser.sees("Waiting for Plex…")


def denied(persona):
    def go(visitor, _):
        visitor.arrive()
        visitor.continue_as(persona)
        visitor.browser.named("Use another Plex account")

    return go


def plex_down(visitor, demo):
    visitor.arrive()
    with demo.fault("server-error"):
        visitor.browser.click(SIGN_IN)
        visitor.browser.sees("Plex isn’t answering")


def old_link(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/sign-in/01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c")
    visitor.browser.sees("Please start again")


def account_choice(visitor, _):
    visitor.sign_in("friend", "Mara")
    visitor.ask_to_sign_in("select_account")
    visitor.browser.named("Continue as Mara")


def consent(visitor, _):
    visitor.sign_in("friend", "Mara")
    visitor.ask_to_sign_in("consent")
    visitor.browser.named("Allow")


def onward_by_hand(visitor):
    visitor.browser.driver.execute_script(DRAW_ONWARD)
    visitor.browser.sees("If nothing happens")


def onward(visitor, _):
    visitor.arrive()
    onward_by_hand(visitor)


def form_post(visitor, _):
    visitor.ask_to_sign_in(by_form=True)
    visitor.browser.find(SIGN_IN)
    onward_by_hand(visitor)


def sign_out(visitor, demo):
    visitor.sign_in("friend", "Mara")
    visitor.browser.driver.get(demo.issuer + "/sign-out")
    visitor.browser.sees("Sign out?")


def signed_out(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/sign-out")
    visitor.browser.sees("You are signed out")


def account(visitor, demo):
    visitor.sign_in("guest", "Rene")  # who is signed in nowhere else
    visitor.ask_to_sign_in("consent")
    visitor.browser.press("Allow")
    visitor.browser.until(lambda: visitor.browser.url.startswith(demo.relying_party), "the way back")
    visitor.browser.driver.get(demo.issuer + "/account")
    visitor.browser.sees("Where you are signed in", "What you have allowed")


def admin(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/admin")
    visitor.browser.find(SIGN_IN)
    visitor.continue_as("owner")
    visitor.browser.sees("Who is a member", "Ask Plex again now")


def admin_person(visitor, demo):
    visitor.sign_in("friend-all", "Noor")
    visitor.browser.driver.delete_all_cookies()  # another browser
    admin(visitor, demo)
    visitor.browser.driver.get(demo.issuer + "/admin?q=noor")
    visitor.browser.driver.find_element("link text", "Noor").click()
    visitor.browser.sees("What they may use, and why", "End all sessions and tokens")


def passkey(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/admin/passkey")
    visitor.browser.named("Use a passkey")


def passkeys(visitor, demo):
    admin(visitor, demo)
    visitor.browser.driver.get(demo.issuer + "/admin/passkeys")
    visitor.browser.named("Add a passkey")


def admin_api_tokens(visitor, demo):
    admin(visitor, demo)
    visitor.browser.press("Tokens of the API")
    visitor.browser.sees("Programs of yours show one of these at the API.")


def device(visitor, demo):
    visitor.browser.driver.get(demo.issuer + "/device")
    visitor.browser.named("Continue")


# Each page: the way to it, and what fails on that way as it should.
PAGES = {
    "sign-in": (sign_in, []),
    "sign-in-with-popup": (sign_in_with_popup, []),
    "sign-in-again": (sign_in_again, []),
    "popup": (popup, []),
    "popup-done": (popup_done, ["Scripts may close only the windows"]),
    "waiting": (waiting, []),
    "denied": (denied("stranger"), REFUSED),
    "denied-unconfirmed": (denied("unconfirmed"), REFUSED),
    "denied-managed": (denied("managed"), REFUSED),
    "plex-down": (plex_down, DOWN),
    "old-link": (old_link, ["status of 400"]),
    "account-choice": (account_choice, []),
    "consent": (consent, []),
    "onward": (onward, []),
    "form-post": (form_post, []),
    "sign-out": (sign_out, []),
    "signed-out": (signed_out, []),
    "account": (account, []),
    "admin": (admin, []),
    "admin-person": (admin_person, []),
    "admin-api-tokens": (admin_api_tokens, []),
    "passkey": (passkey, []),
    "passkeys": (passkeys, []),
    "device": (device, []),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page(visitor, browser, demo, expected, screenshots, name):
    go, fails = PAGES[name]
    expected += fails
    go(visitor, demo)
    try:
        resize(browser, 320, 640)
        wide = browser.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 320, f"{name} scrolls sideways"
        axe = Axe(browser)
        axe.enter()
        for (width, height), scheme in itertools.product(WIDTHS.items(), SCHEMES):
            picture = take(browser, width, height, scheme)
            assert not (found := axe.violations()), "\n".join(found)
            (screenshots / f"{name}-{width}-{scheme}.webp").write_bytes(picture)
            assert picture.startswith(b"RIFF") and 2_000 < len(picture) < MOST_BYTES
    finally:
        browser.cdp("Emulation.clearDeviceMetricsOverride")
        browser.cdp("Emulation.setEmulatedMedia", features=[])


def resize(browser, width, height):
    browser.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )


def choose_scheme(browser, scheme):
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    pairs = [{"name": key, "value": value} for key, value in features.items()]
    browser.cdp("Emulation.setEmulatedMedia", features=pairs)


def take(browser, width, height, scheme):
    """A picture of the whole page. Nothing moves in it."""
    choose_scheme(browser, scheme)
    resize(browser, width, height)
    browser.driver.execute_script("document.activeElement.blur()")
    tall = browser.driver.execute_script("return document.documentElement.scrollHeight")
    resize(browser, width, max(height, tall))
    picture = browser.cdp("Page.captureScreenshot", format="webp", quality=80)
    return base64.b64decode(picture["data"])


def test_the_sign_in_page_weighs_less_than_25_kb(visitor, browser, demo):
    browser.cdp("Network.setCacheDisabled", cacheDisabled=True)
    try:
        visitor.arrive()
        # Without a window there is no tab to put the icon on, so the browser does not fetch it by itself.
        browser.driver.execute_script(FETCH_ICON)
        answers = [one for one in browser.journal.read().answers if one.url.startswith(demo.issuer)]
    finally:
        browser.cdp("Network.setCacheDisabled", cacheDisabled=False)
    kinds = sorted(one.kind for one in answers)
    assert kinds == ["Document", "Fetch", "Script", "Stylesheet", "Stylesheet"], answers
    assert all(one.bytes > 0 for one in answers), answers
    total = sum(one.bytes for one in answers)
    print(f"the sign-in page and all it needs: {total} bytes")
    assert total < 25_000, answers
