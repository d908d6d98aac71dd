"""axe-core, which looks for what keeps people with a screen reader, a keyboard or weak eyes from using a page."""

import os
from pathlib import Path

RUN = """
const done = arguments[0];
axe.run(document).then((found) => done(found.violations), (error) => done([{ id: String(error), nodes: [] }]));
"""


def library():
    """The script. A check without it is no check."""
    file = Path(os.environ["NODE_MODULES"]) / "axe-core" / "axe.min.js"
    return file.read_text(encoding="utf-8")


class Axe:
    """Looks at the page that the browser shows. To be put into each new page."""

    def __init__(self, browser):
        self._driver, self._library = browser.driver, library()

    def enter(self):
        self._driver.execute_script(self._library)

    def violations(self):
        found = self._driver.execute_async_script(RUN)
        return [
            f"{one['id']}: {one.get('help')}: {node['html']} {node.get('failureSummary')}"
            for one in found
            for node in one["nodes"] or [{"html": ""}]
        ]
