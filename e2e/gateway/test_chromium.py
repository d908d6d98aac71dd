"""The same in a real browser, which knows names below `localhost` by itself and has its own mind about cookies."""

import pytest

from echo import MARK
from installed import MUSIC, NOTES, PHOTOS, WIKI
from test_sign_in import FRIEND

FETCH = """
const done = arguments[arguments.length - 1];
fetch("/api", {method: "POST", redirect: "manual"}).then((answer) => done(answer.status), (error) => done(String(error)));
"""
WEBSOCKET = """
const done = arguments[arguments.length - 1];
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.onopen = () => done("open");
socket.onerror = () => done("error");
"""


def continue_with_plex(browser):
    browser.press("Continue with Plex")
    browser.to_popup()
    browser.click("#continue-friend")
    browser.to_main_after_popup()


@pytest.mark.case("chromium: sign-in, second host, fetch, WebSocket")
def test_chromium_signs_in_and_is_known_everywhere(proxy, house, visitor):
    visitor.driver.get(proxy.url(WIKI, "/page?x=1"))
    visitor.until(lambda: visitor.url.startswith(house.issuer), "the sign-in page")
    assert proxy.echo.take() == []
    continue_with_plex(visitor)
    visitor.sees(MARK)
    assert visitor.url == proxy.url(WIKI, "/page?x=1")
    received = [one for one in proxy.echo.take() if one.target != "/favicon.ico"]
    assert [one.identity() for one in received] == [FRIEND]
    assert visitor.driver.execute_async_script(FETCH) == 200
    assert visitor.driver.execute_async_script(WEBSOCKET) == "open"
    assert visitor.driver.execute_script("return document.cookie") == "", "no script sees a cookie of ours"
    for host in (PHOTOS, NOTES, MUSIC):
        visitor.driver.get(proxy.url(host, "/second"))
        visitor.sees(MARK)
        assert visitor.url == proxy.url(host, "/second")


@pytest.mark.case("chromium: sign-out, then fetch and WebSocket fail")
def test_chromium_signs_out(proxy, house, visitor):
    visitor.driver.get(proxy.url(WIKI))
    continue_with_plex(visitor)
    visitor.sees(MARK)
    page = visitor.driver.current_window_handle
    visitor.driver.switch_to.new_window("tab")
    visitor.driver.get(proxy.url(WIKI, "/.plex-oidc/sign-out"))
    visitor.click("form button")
    visitor.sees("signed out")
    visitor.driver.close()
    visitor.to(page)
    proxy.echo.take()
    assert visitor.driver.execute_async_script(FETCH) == 401
    assert visitor.driver.execute_async_script(WEBSOCKET) == "error"
    visitor.driver.refresh()
    visitor.until(lambda: visitor.url.startswith(house.issuer), "the sign-in page")
    assert proxy.echo.take() == []
