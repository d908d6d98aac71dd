"""A visitor's browser, scripted: cookies, redirects, forms, and what the script of our sign-in page does."""

import itertools
import json
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from requests.adapters import HTTPAdapter

from house import plain_session

MAX_REDIRECTS = 12
PLEX_ATTRIBUTES = ("rid", "csrf", "pins-url", "client-identifier", "product")


class Page:
    """One page that is shown."""

    def __init__(self, answer):
        self.url = answer.url
        self.status = answer.status_code
        self.headers = answer.headers
        self.body = answer.text
        reader = PageReader()
        reader.feed(self.body)
        self.heading = " ".join(reader.heading.split())
        self.text = " ".join(reader.text.split())
        self.forms = reader.forms
        self.tables = reader.tables
        self.main = reader.main
        self.onward = reader.onward

    def form(self, action):
        """The fields of the form whose action ends so, and its address."""
        for form in self.forms:
            if form["action"].endswith(action):
                return urljoin(self.url, form["action"]), form["fields"]
        raise AssertionError(f"no form {action} on {self}")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.url} ({self.status}): {self.text[:400]}"


class PageReader(HTMLParser):
    """Finds in a page what a script or a person would."""

    def __init__(self):
        super().__init__()
        self.heading = ""
        self.text = ""
        self.main = {}
        self.forms = []
        self.tables = {}
        self.onward = None
        self._inside = []
        self._table = None
        self._cells = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in ("meta", "link", "input", "br", "img", "hr"):
            self._inside.append(tag)
        if tag == "main":
            self.main = found
        elif tag == "meta" and found.get("http-equiv") == "refresh":
            self.onward = found["content"].partition("url=")[2]
        elif tag == "form":
            self.forms.append({"action": found.get("action", ""), "fields": {}})
        elif tag == "input" and self.forms and "name" in found:
            self.forms[-1]["fields"][found["name"]] = found.get("value", "")
        elif tag == "table":
            self._table = self.tables.setdefault(found.get("id"), {})
        elif tag in ("th", "td"):
            self._cells.append("")

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        if tag == "tr" and self._table is not None and len(self._cells) == 2:
            self._table[self._cells[0]] = self._cells[1]
        if tag == "tr":
            self._cells = []

    def handle_data(self, data):
        self.text += data + " "
        if "h1" in self._inside and not self.heading.endswith("\n"):
            self.heading += data
        if self._cells:
            self._cells[-1] += data


class Landing:
    """The address at a relying party that has no server here, as the browser would have called it."""

    def __init__(self, url):
        self.url = url
        found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in found.values()), f"a name stands twice in {url}"
        self.parameters = {name: values[0] for name, values in found.items()}

    def __repr__(self):
        return f"landing at {self.url}"


class Home(HTTPAdapter):
    """Calls from an address of its own, as people in different places do. All of 127.0.0.0/8 is this machine."""

    addresses = itertools.count(2)

    def __init__(self):
        self.address = f"127.0.1.{next(self.addresses)}"
        super().__init__()

    def init_poolmanager(self, *arguments, **more):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **more)


class Browser:
    """One browser of one person. Addresses that begin with one of `elsewhere` have no server: it stops there."""

    def __init__(self, plex, elsewhere=()):
        self.plex = plex
        self.elsewhere = tuple(elsewhere)
        self.home = Home()
        self.session = self._session()
        self.session.headers["Accept"] = "text/html"
        self.visited = []

    def open(self, url):
        """Opens an address. Ends at a page, or at a relying party without server."""
        return self._follow(url, self._get(url))

    def submit(self, page, action):
        """Presses the button of the form whose action ends so."""
        url, fields = page.form(action)
        answer = self.session.post(
            url, data=fields, headers=self._own(url), allow_redirects=False, timeout=40
        )
        return self._follow(url, answer)

    def sign_in(self, url, persona):
        """From an address that wants somebody signed in, over Plex, to where that ends."""
        page = self.open(url)
        assert isinstance(page, Page) and "data-rid" in page.main, f"no sign-in page: {page}"
        return self.approve(page, persona)

    def approve(self, page, persona):
        """From the sign-in page, over Plex, to where that ends."""
        code = self.start(page)
        self.plex.approve(code, persona)
        return self.open(urljoin(page.url, f"/sign-in/{page.main['data-rid']}/return"))

    def start(self, page):
        """What our script does at the click, in the same tab: makes a PIN at Plex, has it adopted. Gives its code."""
        rid, csrf, pins_url, identifier, product = (page.main[f"data-{name}"] for name in PLEX_ATTRIBUTES)
        headers = {
            "Accept": "application/json",
            "X-Plex-Product": product,
            "X-Plex-Client-Identifier": identifier,
        }
        # Without credentials: Plex's host gets none of our cookies.
        made = self._session().post(pins_url, headers=headers, timeout=10)
        assert made.status_code == 201, made.text
        pin = made.json()
        url = urljoin(page.url, f"/sign-in/{rid}/pin")
        offer = {"id": pin["id"], "code": pin["code"], "mode": "same-tab"}
        headers = self._own(url) | {"Accept": "application/json", "X-CSRF-Token": csrf}
        adopted = self.session.post(url, json=offer, headers=headers, timeout=20)
        assert adopted.status_code == 200, adopted.text
        assert pin["code"] in adopted.json()["next"]
        return pin["code"]

    def _session(self):
        session = plain_session()
        session.mount("http://", self.home)
        return session

    def _get(self, url):
        self.visited.append(url)
        return self.session.get(url, allow_redirects=False, timeout=40)

    def _follow(self, url, answer):
        for _ in range(MAX_REDIRECTS):
            if answer.is_redirect:
                following = answer.headers["Location"]
            else:
                page = Page(answer)
                if page.onward is None:
                    return page
                following = page.onward
            url = urljoin(url, following)
            if url.startswith(self.elsewhere):
                return Landing(url)
            answer = self._get(url)
        raise AssertionError(f"{url} redirects for ever")

    @staticmethod
    def _own(url):
        """What a browser says about a request of the same site."""
        parts = urlsplit(url)
        return {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
