//! The cookies of one browser at applications' hosts: kept and sent by the rules of RFC 6265bis, lifetimes aside.

use http::HeaderValue;

/// A cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppCookie {
    /// The host that it is for, or the domain.
    pub(crate) home: String,
    /// Whether hosts below get it too.
    pub(crate) domain: bool,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// All of them. It keeps them for ever: that they end is ours to see to.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppCookies(pub(crate) Vec<AppCookie>);

impl AppCookies {
    /// Takes a `Set-Cookie` that came from `host`. One that a browser would drop is a defect.
    #[track_caller]
    pub(crate) fn set(&mut self, host: &str, text: &str) {
        let cookie = cookie::Cookie::parse(text.to_owned()).expect("a cookie");
        assert!(cookie.secure() == Some(true) && cookie.http_only() == Some(true), "{text}");
        assert_eq!((cookie.path(), cookie.same_site()), (Some("/"), Some(cookie::SameSite::Lax)), "{text}");
        let domain = cookie.domain().map(|domain| domain.trim_start_matches('.').to_owned());
        let prefix = if domain.is_some() { "__Secure-" } else { "__Host-" };
        assert!(cookie.name().starts_with(prefix), "{text}");
        let is_below = |domain: &String| host == domain || host.ends_with(&format!(".{domain}"));
        assert!(domain.as_ref().is_none_or(is_below), "{host} may not set {text}");
        let new = AppCookie {
            home: domain.clone().unwrap_or_else(|| host.to_owned()),
            domain: domain.is_some(),
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
        };
        let same = |old: &AppCookie| (&old.home, old.domain, &old.name) == (&new.home, new.domain, &new.name);
        self.0.retain(|old| !same(old));
        if cookie.max_age().is_none_or(|age| age > cookie::time::Duration::ZERO) {
            self.0.push(new);
        }
    }

    /// What goes to `host`.
    pub(crate) fn of(&self, host: &str) -> Vec<&AppCookie> {
        let goes = |cookie: &&AppCookie| {
            let below = cookie.domain && host.ends_with(&format!(".{}", cookie.home));
            host == cookie.home || below
        };
        self.0.iter().filter(goes).collect()
    }

    /// The `Cookie` header for `host`.
    pub(crate) fn header(&self, host: &str) -> Option<HeaderValue> {
        let pairs: Vec<String> =
            self.of(host).iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")).expect("text"))
    }

    /// The value of the cookie that `host` gets under this name.
    #[track_caller]
    pub(crate) fn get(&self, host: &str, name: &str) -> String {
        let found = self.of(host).into_iter().find(|cookie| cookie.name == name);
        found.unwrap_or_else(|| panic!("{host} gets no {name}: {self:?}")).value.clone()
    }
}
