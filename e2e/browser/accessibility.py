"""axe-core, which looks for what keeps people with a screen reader, a keyboard or weak eyes from using a page."""

import contextlib
import os
from pathlib import Path

RUN = """
const [rules, done] = arguments;
const options = { resultTypes: ["violations"], rules };
axe.run(document, options).then((found) => done(found.violations), (error) => done([{ id: String(error), nodes: [] }]));
"""


def library():
    """The script. A check without it is no check."""
    file = Path(os.environ["NODE_MODULES"]) / "axe-core" / "axe.min.js"
    return file.read_text(encoding="utf-8")


class Axe:
    """Looks at the page that the browser shows, once it was put there."""

    def __init__(self, browser):
        self._driver, self._library = browser.driver, library()

    def enter(self):
        """Puts it into the page that the browser shows."""
        self._driver.execute_script(self._library)

    @contextlib.contextmanager
    def on_every_page(self):
        """Puts it into each page that is opened meanwhile."""
        added = self._driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": self._library})
        try:
            yield
        finally:
            self._driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def violations(self, without=()):
        """What it objects to, but for these rules of its own."""
        found = self._driver.execute_async_script(RUN, {rule: {"enabled": False} for rule in without})
        return [
            f"{one['id']}: {one.get('help')}: {node['html']} {node.get('failureSummary')}"
            for one in found
            for node in one["nodes"] or [{"html": ""}]
        ]
