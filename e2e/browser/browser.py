"""Debian's chromium, as these tests use it: a few words for what a visitor does, and a journal of what the browser saw."""

import contextlib
import json
import tempfile
import time
from dataclasses import dataclass

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run "
    "--no-proxy-server --disable-background-networking --disable-component-update --disable-sync "
    "--hide-scrollbars --window-size=1280,900"
).split()

PATIENCE = 15


@dataclass
class Answer:
    """A response that the browser got, redirects among them."""

    window: str
    url: str
    kind: str
    status: int
    time: float
    bytes: int = 0


class Journal:
    """What the browser did on the network and wrote to the console since the last `clear`."""

    def __init__(self, driver):
        self._driver = driver
        self.clear()

    def clear(self):
        self._driver.get_log("performance")
        self._driver.get_log("browser")
        self._answers, self._urls = {}, {}
        self.redirects, self.failures, self.console, self.sent = [], [], [], []

    def read(self):
        """Takes in what has come since the last time."""
        for entry in self._driver.get_log("performance"):
            message = json.loads(entry["message"])
            event = message["message"]
            self._note(message["webview"], event["method"], event["params"])
        for entry in self._driver.get_log("browser"):
            self.console.append(f"{entry['level']} {entry['message']}")
        return self

    def _note(self, window, method, event):
        key = (window, event.get("requestId"))
        if method == "Network.requestWillBeSent":
            if before := event.get("redirectResponse"):
                self.redirects.append(
                    Answer(window, before["url"], event["type"], before["status"], event["timestamp"])
                )
            self._urls[key] = event["request"]["url"]
            self.sent.append((event["timestamp"], event["request"]["url"]))
        elif method == "Network.responseReceived":
            got = event["response"]
            self._answers[key] = Answer(
                window, got["url"], event["type"], got["status"], event["timestamp"]
            )
        elif method == "Network.loadingFinished" and key in self._answers:
            self._answers[key].bytes = event["encodedDataLength"]
        elif method == "Network.loadingFailed" and not event.get("canceled"):
            self.failures.append(f"{event['errorText']} {self._urls.get(key)}")

    @property
    def answers(self):
        return list(self._answers.values())

    def pages(self, window, origin):
        """The documents of `origin` that this window showed."""
        return [
            answer.url
            for answer in self.answers
            if answer.kind == "Document" and answer.window == window and answer.url.startswith(origin)
        ]

    def unexpected(self, expected):
        """Lines of the console, failed requests and bad statuses that contain none of the `expected` texts."""
        bad = [f"status of {one.status}: {one.url}" for one in self.answers if one.status >= 400]
        lines = self.console + self.failures + bad
        return [line for line in lines if not any(text in line for text in expected)]


class Browser:
    """One chromium with one main window."""

    def __init__(self, driver):
        self.driver = driver
        self.main = driver.current_window_handle
        self.journal = Journal(driver)

    @classmethod
    @contextlib.contextmanager
    def running(cls):
        with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
            options = webdriver.ChromeOptions()
            options.binary_location = "/usr/bin/chromium"
            for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
                options.add_argument(argument)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
            driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
            try:
                driver.set_page_load_timeout(30)
                yield cls(driver)
            finally:
                driver.quit()

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def forget_everything(self):
        """One window, no cookies, an empty journal: as a visitor who was never here."""
        for handle in self.driver.window_handles:
            if handle != self.main:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(self.main)
        self.driver.get("about:blank")
        self.cdp("Network.clearBrowserCookies")
        self.journal.clear()

    # What a visitor sees.

    @property
    def url(self):
        return self.driver.current_url

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def until(self, condition, what):
        """Waits for a condition, which may fail in the meantime as pages change under it."""
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(WebDriverException):
                if result := condition():
                    return result
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}, at {self.url}:\n{self.text()}")
            time.sleep(0.05)

    def find(self, css):
        """The visible element, as soon as there is one."""
        return self.until(lambda: self._visible(css), css)

    def _visible(self, css):
        found = self.driver.find_elements(By.CSS_SELECTOR, css)
        return next((element for element in found if element.is_displayed()), None)

    def sees(self, *texts):
        """Waits until all these texts are on the page."""
        for text in texts:
            self.until(lambda: text in self.text(), f"the text {text!r}")

    def named(self, name):
        """The visible link or button with this name."""

        def search():
            found = self.driver.find_elements(By.CSS_SELECTOR, "a, button")
            return next((one for one in found if one.is_displayed() and one.text == name), None)

        return self.until(search, f"a button {name!r}")

    # What a visitor does.

    def click(self, css):
        self._press(lambda: self.find(css))

    def press(self, name):
        self._press(lambda: self.named(name))

    def _press(self, find):
        try:
            find().click()
        except StaleElementReferenceException:
            find().click()

    def key(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, css):
        """Walks with the Tab key; the keyboard's user must get there."""
        for _ in range(30):
            self.key(Keys.TAB)
            if self.driver.execute_script("return document.activeElement.matches(arguments[0])", css):
                return self.driver.switch_to.active_element
        raise AssertionError(f"{css} cannot be reached by Tab at {self.url}")

    # Windows.

    def other_windows(self, *known):
        return [handle for handle in self.driver.window_handles if handle not in (self.main, *known)]

    def to_popup(self, *known):
        """Goes to the pop-up that has opened beside the main window and the known ones."""
        handle = self.until(lambda: self.other_windows(*known), "a pop-up")[0]
        self.driver.switch_to.window(handle)
        return handle

    def to(self, handle):
        self.driver.switch_to.window(handle)

    def to_main_after_popup(self):
        """Waits for the pop-up to close itself."""
        self.until(lambda: not self.other_windows(), "the end of the pop-up")
        self.to(self.main)

    # What sort of browser this is, in the current window, until the end of the block.

    @contextlib.contextmanager
    def as_phone(self, width=360, height=800):
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            screenWidth=width,
            screenHeight=height,
            deviceScaleFactor=1,
            mobile=True,
        )
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=1)
        try:
            yield
        finally:
            self.cdp("Emulation.setTouchEmulationEnabled", enabled=False)
            self.cdp("Emulation.clearDeviceMetricsOverride")

    @contextlib.contextmanager
    def without_script(self):
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)
        try:
            yield
        finally:
            self.cdp("Emulation.setScriptExecutionDisabled", value=False)

    @contextlib.contextmanager
    def on_each_page(self, script):
        """Runs a script before those of each page."""
        added = self.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
        try:
            yield
        finally:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
