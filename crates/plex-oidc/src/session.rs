//! The cookies, and the form token bound to two of them (RFC 6265bis s. 4.1.3; security requirements 128 to 131).
//!
//! One cookie holds the browser session; one per sign-in attempt ties that attempt to this browser, so that tabs never
//! overwrite each other. A third one, which opens nothing, tells a browser in which a password was right from a stranger's; a
//! fourth guards the form for the code of a device; a fifth opens the host's page alone, after a link made on the machine or with a passkey; a sixth guards
//! the use of a passkey. Of a seventh kind there is one for each account that signed in: the browser is known to that account by it, and it opens
//! nothing. Over https all have the `__Host-` prefix. A loopback issuer over plain http cannot have it
//! (many clients keep `Secure` cookies from plain http even there), so its cookies go without.

use ::cookie::{Cookie, SameSite};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::COOKIE;
use plex_oidc_core::cookie::{self, Found};
use plex_oidc_core::id::RequestId;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;

/// Life of a sign-in attempt and of its cookie.
pub const ATTEMPT_LIFETIME: Seconds = Seconds::minutes(10);
/// Most attempts of one browser at a time; the oldest cookies beyond are taken away, or the header grows too large.
const MAX_ATTEMPT_COOKIES: usize = 8;
/// By how many accounts a browser can be known at a time.
const MAX_BROWSER_COOKIES: usize = 8;
/// Most cookies of one request. Browsers keep fewer for all hosts of a domain; with more, none of them is looked at, because
/// the second of two might be the last.
const MAX_COOKIES: usize = 256;

const SESSION: &str = "plex-oidc-session";
const ATTEMPT: &str = "plex-oidc-login-";
const KNOWN: &str = "plex-oidc-known";
const DEVICE: &str = "plex-oidc-device";
const HOST: &str = "plex-oidc-host";
const PASSKEY: &str = "plex-oidc-passkey";
/// How long the page for a passkey may stand open.
const PASSKEY_PAGE_LIFETIME: Seconds = Seconds::hours(1);
const BROWSER: &str = "plex-oidc-browser-";
/// How long a browser is known to an account. Browsers keep cookies for 400 days at most (RFC 6265bis s. 5.5).
pub const BROWSER_LIFETIME: Seconds = Seconds::days(400);
/// How long a browser is known in which a password was right.
const KNOWN_LIFETIME: Seconds = Seconds::days(365);
const HOST_PREFIX: &str = "__Host-";

/// What a browser is known by to one account.
pub struct BrowserCookie {
    /// Stands for the account, in the cookie's name.
    pub tag: String,
    /// What is in it.
    pub secret: Secret,
}

/// Names, writes and reads our cookies.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// For an issuer that browsers reach over TLS, or not.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The browser session's secret, if this request has a well-formed one.
    pub fn session(self, headers: &HeaderMap) -> Option<Secret> {
        find(headers, &self.name(SESSION)).and_then(|text| Secret::parse(SecretKind::BrowserSession, text))
    }

    /// The secret of a sign-in attempt, if this request has a well-formed one.
    pub fn attempt(self, headers: &HeaderMap, id: RequestId) -> Option<Secret> {
        let name = self.name(&format!("{ATTEMPT}{id}"));
        find(headers, &name).and_then(|text| Secret::parse(SecretKind::Login, text))
    }

    /// Whether the request has a session cookie that is not one of ours in form.
    pub fn has_malformed_session(self, headers: &HeaderMap) -> bool {
        find(headers, &self.name(SESSION)).is_some() && self.session(headers).is_none()
    }

    /// The `Set-Cookie` values that take away attempts of this browser beyond the limit.
    pub fn prune_attempts(self, headers: &HeaderMap) -> Vec<String> {
        self.prune((&self.name(ATTEMPT), None), MAX_ATTEMPT_COOKIES, headers)
    }

    /// The `Set-Cookie` values that take away all but some cookies whose names begin so, to make room for one more.
    fn prune(self, (prefix, but): (&str, Option<&str>), most: usize, headers: &HeaderMap) -> Vec<String> {
        let is_one = |name: &str| name.starts_with(prefix) && Some(name) != but;
        let names: Vec<String> =
            pairs(headers).map(|(name, _)| name.to_owned()).filter(|name| is_one(name)).collect();
        let surplus = (names.len() + 1).saturating_sub(most);
        names.into_iter().take(surplus).map(|name| self.clear(name)).collect()
    }

    /// What this browser is known by to the account of `tag`, if the request has it in a well-formed way.
    pub fn browser(self, headers: &HeaderMap, tag: &str) -> Option<Secret> {
        let name = self.name(&format!("{BROWSER}{tag}"));
        find(headers, &name).and_then(|text| Secret::parse(SecretKind::KnownBrowser, text))
    }

    /// The `Set-Cookie` values by which this browser is known to one account, and, where it is by too many, to others no more.
    pub fn set_browser(self, cookie: &BrowserCookie, headers: &HeaderMap) -> Vec<String> {
        let (prefix, name) = (self.name(BROWSER), self.name(&format!("{BROWSER}{}", cookie.tag)));
        let mut set = self.prune((&prefix, Some(&name)), MAX_BROWSER_COOKIES, headers);
        set.push(self.set(name, &cookie.secret, BROWSER_LIFETIME));
        set
    }

    /// The `Set-Cookie` value that takes away what this browser is known by to the account of `tag`.
    pub fn clear_browser(self, tag: &str) -> String {
        self.clear(self.name(&format!("{BROWSER}{tag}")))
    }

    /// The `Set-Cookie` value of a browser session.
    pub fn set_session(self, secret: &Secret, lifetime: Seconds) -> String {
        self.set(self.name(SESSION), secret, lifetime)
    }

    /// The `Set-Cookie` value that takes the browser session away.
    pub fn clear_session(self) -> String {
        self.clear(self.name(SESSION))
    }

    /// The `Set-Cookie` value of a sign-in attempt.
    pub fn set_attempt(self, id: RequestId, secret: &Secret) -> String {
        self.set(self.name(&format!("{ATTEMPT}{id}")), secret, ATTEMPT_LIFETIME)
    }

    /// The `Set-Cookie` value that takes a sign-in attempt away.
    pub fn clear_attempt(self, id: RequestId) -> String {
        self.clear(self.name(&format!("{ATTEMPT}{id}")))
    }

    /// The mark of a browser in which a password was right, if this request has one.
    pub fn known_browser(self, headers: &HeaderMap) -> Option<&str> {
        find(headers, &self.name(KNOWN))
    }

    /// The `Set-Cookie` value by which a browser is known in which a password was right. It opens nothing.
    pub fn set_known_browser(self, mark: String) -> String {
        self.build(self.name(KNOWN), mark, KNOWN_LIFETIME)
    }

    /// The secret that guards the form for a device's code, if this request has a well-formed one.
    pub fn device_page(self, headers: &HeaderMap) -> Option<Secret> {
        find(headers, &self.name(DEVICE)).and_then(|text| Secret::parse(SecretKind::DevicePage, text))
    }

    /// The `Set-Cookie` value that guards the form for a device's code.
    pub fn set_device_page(self, secret: &Secret) -> String {
        self.set(self.name(DEVICE), secret, ATTEMPT_LIFETIME)
    }

    /// The secret that guards the use of a passkey, if this request has a well-formed one.
    pub fn passkey_page(self, headers: &HeaderMap) -> Option<Secret> {
        find(headers, &self.name(PASSKEY)).and_then(|text| Secret::parse(SecretKind::PasskeyPage, text))
    }

    /// The `Set-Cookie` value that guards the use of a passkey.
    pub fn set_passkey_page(self, secret: &Secret) -> String {
        self.set(self.name(PASSKEY), secret, PASSKEY_PAGE_LIFETIME)
    }

    /// The secret of a visit to the host's page that began with a link or a passkey, if this request has a well-formed one.
    pub fn host_session(self, headers: &HeaderMap) -> Option<Secret> {
        find(headers, &self.name(HOST)).and_then(|text| Secret::parse(SecretKind::HostSession, text))
    }

    /// The `Set-Cookie` value of such a visit.
    pub fn set_host_session(self, secret: &Secret, lifetime: Seconds) -> String {
        self.set(self.name(HOST), secret, lifetime)
    }

    /// The `Set-Cookie` value that takes such a visit away.
    pub fn clear_host_session(self) -> String {
        self.clear(self.name(HOST))
    }

    fn name(self, base: &str) -> String {
        if self.secure { format!("{HOST_PREFIX}{base}") } else { base.to_owned() }
    }

    fn set(self, name: String, secret: &Secret, lifetime: Seconds) -> String {
        self.build(name, secret.expose().to_owned(), lifetime)
    }

    fn clear(self, name: String) -> String {
        self.build(name, String::new(), Seconds(0))
    }

    fn build(self, name: String, value: String, lifetime: Seconds) -> String {
        Cookie::build((name, value))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(::cookie::time::Duration::seconds(i64::from(lifetime.0)))
            .build()
            .to_string()
    }
}

/// Two cookies of one name mean that somebody planted one: neither is believed.
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let found = few(headers)?.map(|header| cookie::find(header, name));
    found.fold(Found::Nothing, Found::and).only()
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    few(headers).into_iter().flatten().flat_map(cookie::pairs)
}

/// The `Cookie` headers, unless there is more in them than is looked at.
fn few(headers: &HeaderMap) -> Option<impl Iterator<Item = &str>> {
    let values = || headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    (values().map(cookie::count).sum::<usize>() <= MAX_COOKIES).then(values)
}

/// The token that every form carries: only the holder of the cookie can know it.
pub fn form_token(cookie: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, cookie.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"form").as_ref())
}

/// Whether `token` is the form token of this cookie.
pub fn form_token_is_right(cookie: &Secret, token: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, cookie.expose().as_bytes());
    URL_SAFE_NO_PAD.decode(token).is_ok_and(|tag| hmac::verify(&key, b"form", &tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use uuid::Uuid;

    fn secret(kind: SecretKind, byte: u8) -> Secret {
        Secret::from_random(kind, [byte; 32])
    }

    fn headers(values: &[String]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn req_128_the_session_cookie_is_bound_to_the_host() {
        let set = Cookies::new(true).set_session(&secret(SecretKind::BrowserSession, 1), Seconds::days(30));
        assert!(set.starts_with("__Host-plex-oidc-session=pob_"), "{set}");
        for part in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"] {
            assert!(set.split("; ").any(|found| found == part), "{part} in {set}");
        }
        assert!(!set.contains("Domain"));
    }

    #[test]
    fn req_128_a_planted_second_cookie_makes_both_worthless() {
        let cookies = Cookies::new(true);
        let ours = secret(SecretKind::BrowserSession, 1);
        let pair = |secret: &Secret| format!("__Host-plex-oidc-session={}", secret.expose());
        let found = cookies.session(&headers(&[pair(&ours)])).unwrap();
        assert_eq!(found.expose(), ours.expose());
        let planted = format!("{}; {}", pair(&ours), pair(&secret(SecretKind::BrowserSession, 2)));
        assert!(cookies.session(&headers(&[planted])).is_none());
        // However many others are sent between the two, in one header or several.
        let others = |count: usize| vec!["x=y"; count].join("; ");
        for others in [vec![others(200)], vec!["x=y".to_owned(); 200], vec![others(5000)]] {
            let planted =
                [vec![pair(&secret(SecretKind::BrowserSession, 2))], others, vec![pair(&ours)]].concat();
            assert!(cookies.session(&headers(&planted)).is_none());
        }
        assert!(cookies.session(&headers(&[others(200), pair(&ours)])).is_some());
        assert!(cookies.session(&headers(&[pair(&ours), others(5000)])).is_none(), "nor with too many");
        for one_each in [true, false] {
            let with = |count: usize| {
                let all = [vec![pair(&ours)], vec!["x=y".to_owned(); count]].concat();
                headers(&if one_each { all } else { vec![all.join("; ")] })
            };
            assert!(cookies.session(&with(MAX_COOKIES - 1)).is_some(), "as many as are looked at");
            assert!(cookies.session(&with(MAX_COOKIES)).is_none(), "one more");
        }
        let bare = headers(&[pair(&ours).replace("__Host-", "")]);
        assert!(cookies.session(&bare).is_none(), "without the prefix it may come from a parent domain");
    }

    #[test]
    fn req_137_a_malformed_cookie_is_no_session() {
        let cookies = Cookies::new(false);
        for text in ["plex-oidc-session=", "plex-oidc-session=pob_x", "plex-oidc-session", ";;;=;", "=\u{1}"]
        {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, value);
            assert!(cookies.session(&headers).is_none(), "{text}");
        }
        assert!(cookies.has_malformed_session(&headers(&["plex-oidc-session=pob_x".to_owned()])));
    }

    #[test]
    fn req_017_each_attempt_has_a_cookie_of_its_own_and_old_ones_are_taken_away() {
        let cookies = Cookies::new(true);
        let id = |n: u128| RequestId(Uuid::from_u128(n));
        let pair = |n: u128| {
            let byte = u8::try_from(n).unwrap();
            format!("__Host-plex-oidc-login-{}={}", id(n), secret(SecretKind::Login, byte).expose())
        };
        let all: Vec<String> = (1..=9).map(pair).collect();
        let headers = headers(&[all.join("; ")]);
        assert_eq!(cookies.attempt(&headers, id(3)).unwrap().expose(), secret(SecretKind::Login, 3).expose());
        assert!(cookies.attempt(&headers, id(99)).is_none());
        let pruned = cookies.prune_attempts(&headers);
        assert_eq!(pruned.len(), 2, "nine and a new one leave eight");
        assert!(pruned[0].contains(&id(1).to_string()) && pruned[0].contains("Max-Age=0"));
    }

    #[test]
    fn req_131_a_form_token_belongs_to_one_cookie() {
        let (a, b) = (secret(SecretKind::Login, 1), secret(SecretKind::Login, 2));
        assert!(form_token_is_right(&a, &form_token(&a)));
        assert!(!form_token_is_right(&b, &form_token(&a)));
        assert!(!form_token_is_right(&a, ""));
        assert!(!form_token(&a).contains(a.expose()));
    }
}
