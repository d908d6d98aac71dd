//! The `prompt` parameter (OIDC Core 1.0 s. 3.1.2.1): what the client wishes to be shown.

use serde::{Deserialize, Serialize};

/// The wishes in one request. `none` stands alone, by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Prompt {
    /// No wish: show what is needed.
    #[default]
    Unspecified,
    /// Show nothing; fail instead.
    None,
    /// Show at least these.
    Show {
        /// Sign in again, whatever session there is.
        login: bool,
        /// Ask for consent again.
        consent: bool,
        /// Let the user choose an account.
        select_account: bool,
    },
}

impl Prompt {
    /// Reads the parameter; an unknown value, or `none` beside another, is an error (`invalid_request`).
    pub fn parse(text: &str) -> Option<Self> {
        let (mut login, mut consent, mut select_account, mut none, mut count) =
            (false, false, false, false, 0);
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            count += 1;
            match value {
                "none" => none = true,
                "login" => login = true,
                "consent" => consent = true,
                "select_account" => select_account = true,
                _ => return None,
            }
        }
        match (none, count) {
            (true, 1) => Some(Self::None),
            (true, _) => None,
            (false, 0) => Some(Self::Unspecified),
            (false, _) => Some(Self::Show { login, consent, select_account }),
        }
    }

    /// Whether nothing may be shown.
    pub const fn forbids_pages(self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether a fresh sign-in is demanded.
    pub const fn wants_login(self) -> bool {
        matches!(self, Self::Show { login: true, .. })
    }

    /// Whether consent must be asked for.
    pub const fn wants_consent(self) -> bool {
        matches!(self, Self::Show { consent: true, .. })
    }

    /// Whether the user must be able to choose another account.
    pub const fn wants_account_choice(self) -> bool {
        matches!(self, Self::Show { select_account: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_007_none_stands_alone() {
        assert_eq!(Prompt::parse("none"), Some(Prompt::None));
        assert_eq!(Prompt::parse("none login"), None);
        assert_eq!(Prompt::parse("create"), None);
        assert_eq!(Prompt::parse(" "), Some(Prompt::Unspecified));
        let both = Prompt::parse("login consent").unwrap();
        assert!(both.wants_login() && both.wants_consent() && !both.wants_account_choice());
    }
}
