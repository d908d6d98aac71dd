"""mod_auth_openidc, a relying party certified by the OpenID Foundation, signs people in."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import jwt

from house import plain_session


def told_by(page):
    """What the application behind Apache was told."""
    assert page.status == 200, page
    return page.json()


def with_changed_query(url, changes):
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | changes
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


def test_signs_in_and_hands_the_claims_to_the_application(apache, browser):
    apache.asked()
    told = told_by(browser.sign_in(f"{apache.secret_page}?a=1&b=2", "friend"))
    assert apache.asked() == ["/secure/page?a=1&b=2"], "the page that was asked for first, and once"
    assert told["x-remote-user"] == "plex-48151001"
    claims = {name: told[f"oidc_claim_{name}"] for name in ("sub", "preferred_username", "name", "groups")}
    assert claims == {
        "sub": "plex-48151001",
        "preferred_username": "mara.k",
        "name": "Mara",
        "groups": "plex-friend,plex-library:1,plex-library:2",
    }
    # These two stand in no ID token of this client: Apache asked UserInfo. It writes `true` as 1.
    assert (told["oidc_claim_email"], told["oidc_claim_email_verified"]) == ("mara@example.net", "1")
    assert told["oidc_claim_iss"] == apache.house.issuer and told["oidc_claim_aud"] == "demo"
    assert (told["oidc_claim_amr"], told["oidc_claim_acr"]) == ("plex", "urn:plex-oidc:acr:plex")
    assert told["oidc_claim_sid"] and told["oidc_claim_auth_time"] and told["oidc_claim_nonce"]


def test_the_id_token_is_signed_with_rs256_and_a_published_key(apache, browser):
    told = told_by(browser.sign_in(apache.secret_page, "home"))
    token = told["oidc_id_token"]
    header = jwt.get_unverified_header(token)
    keys = plain_session().get(apache.house.metadata()["jwks_uri"], timeout=10).json()["keys"]
    (published,) = [key for key in keys if key["kid"] == header["kid"]]
    assert header["alg"] == "RS256" and published["kty"] == "RSA" and published["alg"] == "RS256"
    key = jwt.PyJWK(published)
    claims = jwt.decode(token, key, ["RS256"], audience="demo", issuer=apache.house.issuer)
    assert claims["sub"] == told["x-remote-user"] and "email" not in claims


def test_pkce_s256_state_and_nonce_are_used(apache, browser):
    sent = browser.open(apache.secret_page)
    assert "data-rid" in sent.main, sent
    (asked,) = [url for url in browser.visited if url.startswith(f"{apache.house.issuer}/authorize")]
    query = dict(parse_qsl(urlsplit(asked).query))
    assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
    assert query["state"] and query["nonce"] and query["response_type"] == "code"


def test_refreshes_by_its_hook(apache, browser):
    first = told_by(browser.sign_in(apache.secret_page, "owner"))
    before = browser.open(f"{apache.callback}?info=json").json()
    hook = f"{apache.callback}?refresh={quote(apache.secret_page)}"
    page = browser.open(f"{hook}&access_token={first['oidc_access_token']}")
    second = told_by(page)
    assert page.url == apache.secret_page, "no error is added to the address"
    assert second["oidc_access_token"] != first["oidc_access_token"]
    assert second["oidc_refresh_token"] == first["oidc_refresh_token"], "this client has a secret: no rotation"
    after = browser.open(f"{apache.callback}?info=json").json()
    same = ("iss", "sub", "aud", "auth_time", "sid")
    assert {name: after["id_token"][name] for name in same} == {name: before["id_token"][name] for name in same}
    assert "nonce" in before["id_token"] and "nonce" not in after["id_token"], "OIDC Core 1.0 s. 12.2"


def test_groups_decide_what_apache_opens(apache, new_browser):
    family = f"{apache.url}/secure/family"
    assert told_by(new_browser().sign_in(family, "home"))["x-remote-user"].startswith("plex-")
    apache.asked()
    assert new_browser().sign_in(family, "friend").status == 401
    assert apache.asked() == []


def test_headers_of_the_visitor_do_not_count(apache, browser):
    forged = {"OIDC_CLAIM_groups": "plex-owner", "OIDC_CLAIM_sub": "plex-1", "OIDC_CLAIM_odd": "1"}
    forged |= {"OIDC-CLAIM-groups": "plex-owner", "X-Remote-User": "plex-1"}
    browser.session.headers.update(forged)
    told = told_by(browser.sign_in(apache.secret_page, "friend"))
    assert told["x-remote-user"] == told["oidc_claim_sub"] == "plex-48151001"
    assert "plex-owner" not in "".join(told.values()) and "oidc_claim_odd" not in told


def test_a_stranger_gets_our_page_and_never_reaches_the_application(apache, browser):
    apache.asked()
    page = browser.sign_in(apache.secret_page, "stranger")
    assert page.url.startswith(apache.house.issuer) and page.status == 403
    assert page.heading == "This account can’t come in" and "uwe@example.net" in page.text
    assert not any("code=" in url for url in browser.visited)
    again = browser.open(apache.secret_page)
    assert again.url.startswith(apache.house.issuer), "still not signed in"
    assert apache.asked() == []


def cancelled(apache, browser):
    """Where the button leads: the address at Apache, and what Apache shows."""
    page = browser.submit(browser.open(apache.secret_page), "/cancel")
    return browser.visited[-1], page


def test_cancel_comes_back_as_an_error(apache, browser):
    apache.asked()
    url, page = cancelled(apache, browser)
    answer = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith(apache.callback)
    assert answer["error"] == "access_denied" and answer["iss"] == apache.house.issuer and answer["state"]
    # This version of the module takes an error with `iss`, which RFC 9207 s. 2 asks for, for something else. What it
    # shows is an error either way.
    assert "Error" in page.text
    assert apache.asked() == []


def test_the_error_is_read_when_the_module_is_kept_from_seeing_iss(apache, new_browser):
    browser = new_browser()
    browser.elsewhere = (apache.callback,)
    landing = browser.submit(browser.open(apache.secret_page), "/cancel")
    browser.elsewhere = ()
    page = browser.open(with_changed_query(landing.url, {"iss": None}))
    assert "access_denied" in page.text and "cancelled" in page.text


def test_an_answer_of_another_issuer_is_refused(apache, new_browser):
    apache.asked()
    for change in ({"iss": "http://localhost:1"}, {"iss": apache.house.issuer + "/"}, {"code": "poc_nobody"}):
        browser = new_browser()
        browser.elsewhere = (apache.callback,)
        landing = browser.sign_in(apache.secret_page, "friend")
        browser.elsewhere = ()
        page = browser.open(with_changed_query(landing.url, change))
        assert "Error" in page.text, (change, page)
    assert apache.asked() == []


def test_signs_out(apache, browser):
    told_by(browser.sign_in(apache.secret_page, "friend"))
    apache.asked()
    # This client has registered no address to come back to: we ask, and Apache's session is over in any case.
    page = browser.open(f"{apache.callback}?logout={quote(f'{apache.url}/front')}")
    assert page.url.startswith(apache.house.issuer) and page.heading == "Sign out?", page
    assert apache.asked() == []
    stays = browser.open(apache.secret_page)
    assert told_by(stays)["x-remote-user"] == "plex-48151001", "nobody has to click"

    page = browser.open(f"{apache.callback}?logout={quote(f'{apache.url}/front')}")
    page = browser.submit(page, "/sign-out")
    assert page.status == 200 and "signed out" in page.heading.lower(), page
    apache.asked()
    page = browser.open(apache.secret_page)
    assert "data-rid" in page.main and page.url.startswith(apache.house.issuer)
    assert apache.asked() == []
