//! Owns who hears of requests: what each was about, and what came of it. Nothing of a request is in it that is about a person.

use std::fmt;

use crate::Error;
use crate::answer::Answer;

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PIN: made, or looked at.
    Pin,
    /// The account of a token.
    Account,
    /// The servers that an account sees.
    Servers,
    /// A list of shares.
    Shares,
    /// Who lives in a Home.
    Home,
    /// The libraries of a server.
    Libraries,
    /// A sign-out, or whether Plex is there.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Pin, Self::Account, Self::Servers, Self::Shares, Self::Home, Self::Libraries, Self::Other];

    /// What a request to this path is about.
    pub fn of_path(path: &str) -> Self {
        let has = |part: &str| path.split('/').any(|segment| segment == part);
        match path.rsplit('/').next().unwrap_or_default() {
            _ if has("pins") => Self::Pin,
            _ if has("shared_servers") => Self::Shares,
            _ if has("home") => Self::Home,
            _ if has("servers") => Self::Libraries,
            "user" => Self::Account,
            "resources" => Self::Servers,
            "users" => Self::Shares,
            _ => Self::Other,
        }
    }
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// An answer.
    Answer,
    /// Plex does not accept the token.
    Unauthorized,
    /// Plex asks for fewer requests.
    TooMany,
    /// Another refusal, or an answer that is not read.
    Refusal,
    /// Plex says that it is not well.
    Failure,
    /// Nothing.
    Silence,
}

impl Came {
    /// Everything that can come of one.
    pub const ALL: [Self; 6] =
        [Self::Answer, Self::Unauthorized, Self::TooMany, Self::Refusal, Self::Failure, Self::Silence];

    pub(crate) fn of(outcome: &Result<Answer, Error>) -> Self {
        match outcome.as_ref().map(|answer| answer.status) {
            Ok(200..=299) => Self::Answer,
            Ok(401) => Self::Unauthorized,
            Ok(429) => Self::TooMany,
            Ok(500..) => Self::Failure,
            Ok(_) | Err(Error::Unexpected { .. }) => Self::Refusal,
            Err(_) => Self::Silence,
        }
    }
}

/// Hears of every request that was made, each attempt for itself.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A request was made, and this came of it.
    fn asked(&self, about: Kind, came: Came);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_of_its_kind() {
        let machine = "/api/v2/servers/0123456789abcdef0123456789abcdef01234567";
        for (path, kind) in [
            ("/api/v2/pins", Kind::Pin),
            ("/api/v2/pins/123", Kind::Pin),
            ("/api/v2/user", Kind::Account),
            ("/api/v2/resources", Kind::Servers),
            ("/stand-in/api/v2/shared_servers/owned/accepted", Kind::Shares),
            ("/api/servers/0123456789abcdef0123456789abcdef01234567/shared_servers", Kind::Shares),
            ("/api/users", Kind::Shares),
            ("/api/v2/home/users", Kind::Home),
            ("/api/home/users", Kind::Home),
            (machine, Kind::Libraries),
            ("/api/v2/ping", Kind::Other),
            ("/api/v2/users/signout", Kind::Other),
        ] {
            assert_eq!(Kind::of_path(path), kind, "{path}");
        }
    }
}
