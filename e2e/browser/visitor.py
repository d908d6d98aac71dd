"""The steps that many tests share."""

import urllib.parse

GREETING = "#greeting"
SIGN_IN = "[data-start] button"

# What the browser reports about a page that says no, and about a plex.tv that is down.
REFUSED = ["status of 403"]
DOWN = ["status of 50", "CORS policy", "ERR_FAILED"]

NO_POPUPS = "window.open = () => null;"

READ_TABLE = """
const rows = document.querySelectorAll(`#${arguments[0]} tr`);
return [...rows].map((row) => [...row.cells].map((cell) => cell.textContent));
"""


class Visitor:
    """Somebody with a browser, at the demo."""

    def __init__(self, browser, demo):
        self.browser, self.demo = browser, demo

    def ask_to_sign_in(self, prompt=None, by_form=False):
        """To our first page, by the relying party, which may want the answer posted."""
        wishes = {"prompt": prompt, "response_mode": "form_post" if by_form else None}
        wishes = urllib.parse.urlencode({name: value for name, value in wishes.items() if value})
        if wishes:
            self.browser.driver.get(f"{self.demo.relying_party}/sign-in?{wishes}")
        else:
            self.browser.driver.get(self.demo.relying_party)
            self.browser.click("#sign-in")

    def arrive(self):
        """To the sign-in page."""
        self.ask_to_sign_in()
        return self.browser.find(SIGN_IN)

    def approve_in_popup(self, persona):
        """Chooses somebody in the pop-up, which then closes."""
        self.browser.to_popup()
        self.browser.click(f"#continue-{persona}")
        self.browser.to_main_after_popup()

    def continue_as(self, persona):
        """The pop-up way, from the sign-in page on."""
        self.browser.press("Continue with Plex")
        self.approve_in_popup(persona)

    def is_greeted(self, name):
        """At the relying party, which knows who this is."""
        hello = f"Hello, {name}"
        # Looked at in one go: the page before may have the same element.
        self.browser.until(lambda: self.browser.find(GREETING).text == hello, f"the greeting {hello!r}")
        assert self.browser.url == self.demo.relying_party + "/"

    def is_refused(self, error="access_denied"):
        """At the relying party, which was told why there is nobody."""
        assert error in self.browser.find("#error").text

    def sign_in(self, persona, name):
        self.arrive()
        self.continue_as(persona)
        self.is_greeted(name)

    def claims(self, table="userinfo"):
        """What the relying party was told, by claim."""
        return dict(self.browser.driver.execute_script(READ_TABLE, table))
