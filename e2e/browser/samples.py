"""Every page with its samples, as the example `render-pages` draws them, on a server of their own. The scripts are left out: what
is looked at stays as it is drawn."""

import contextlib
import functools
import http.server
import re
import subprocess
import threading

from demo import PROGRAM

RENDER = PROGRAM.parent / "examples" / "render-pages"
# What makes a page go on by itself.
MOVES = re.compile(r"<script[^>]*></script>|<noscript>.*?</noscript>|<meta http-equiv=.refresh.[^>]*>")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing about what it serves."""

    def log_message(self, *_):
        pass


def draw(folder, language):
    """Draws the pages into a folder, and says which there are."""
    if not RENDER.is_file():
        raise FileNotFoundError(f"{RENDER} is missing: cargo build --workspace --examples")
    subprocess.run([RENDER, folder, language], check=True, timeout=60)
    pages = sorted(folder.glob("*.html"))
    for page in pages:
        page.write_text(MOVES.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    return [page.name for page in pages]


@contextlib.contextmanager
def served(folder):
    """The address of a server for this folder."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
