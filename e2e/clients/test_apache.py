"""mod_auth_openidc, a relying party certified by the OpenID Foundation, signs people in."""

import json
from urllib.parse import parse_qs, quote, urlsplit

from browser import Browser


def headers_of(page):
    assert page.status == 200, page
    return page.json()


def test_signs_in_and_hands_on_the_claims(apache, browser):
    apache.asked()
    told = headers_of(browser.sign_in(f"{apache.secret_page}?a=1&b=2", "friend"))
    assert apache.asked() == ["/secure/page?a=1&b=2"], "the page that was asked for first, and once"
    print(json.dumps(told, indent=1))
