"""The real browser of e2e/browser, for the tests beside it. Not by its name: the scripted browser here has the same."""

import contextlib
import importlib.util

from house import ROOT

PATIENCE = 40  # a machine that does other things too


@contextlib.contextmanager
def running():
    """One chromium, which waits long enough."""
    spec = importlib.util.spec_from_file_location("chromium_browser", ROOT / "e2e" / "browser" / "browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PATIENCE = PATIENCE
    with module.Browser.running() as started:
        started.driver.set_script_timeout(15)
        yield started
