"""The script by which a person tries all of it, in a real browser."""

import contextlib
import re
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from echo import MARK
from raw import send
from test_chromium import continue_with_plex
from test_sign_in import FRIEND


@contextlib.contextmanager
def tried():
    """Runs the script until the end of the block, then presses Ctrl-C. Gives the addresses that it prints."""
    script = Path(__file__).with_name("try")
    with subprocess.Popen([script], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield re.findall(r"http://\S+", said_at_first(process))
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0


def said_at_first(process):
    """What it says until it waits."""
    said = []
    while not said or "Ctrl-C" not in said[-1]:
        said.append(process.stdout.readline())
        assert said[-1], f"it ended: {said}"
    return "".join(said)


def test_who_signs_in_at_one_application_is_known_at_the_other(visitor):
    with tried() as (first, second):
        visitor.driver.get(first)
        visitor.until(lambda: urlsplit(visitor.url).hostname == "localhost", "the sign-in page")
        continue_with_plex(visitor)
        visitor.sees(MARK)
        assert visitor.url == first and FRIEND["Remote-User"] in visitor.driver.page_source
        visitor.driver.get(second)
        visitor.sees(MARK)
        assert visitor.url == second and FRIEND["Remote-User"] in visitor.driver.page_source
    port = urlsplit(first).port
    with pytest.raises(ConnectionRefusedError):
        send(port, "/", "wiki.localhost")
