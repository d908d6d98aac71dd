//! What a host may write down about a local account: the standard claims of OIDC Core 1.0 s. 5.1, each checked for its form.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Account;
use crate::time::Timestamp;

/// Longest text, in characters.
const LONGEST: usize = 255;

/// The claims that no Plex account has. What has no value is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// The given names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The middle names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// What friends say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The address of a page about this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The address of this person's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// `female`, `male`, or another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `1980-12-31`, `0000-12-31` or `1980`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// `Europe/Amsterdam`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `+31201234567`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether the host vouches for that number.
    pub phone_number_verified: bool,
    /// Where this person lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// When any of this was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A postal address (OIDC Core 1.0 s. 5.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// All of it, ready to be written on an envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// The town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// The state or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Why a claim cannot have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no such claim.
    #[error("there is no such claim")]
    Unknown,
    /// The value has another form; the words say which.
    #[error("it must be {0}")]
    Form(&'static str),
    /// It is about another claim, which has no value.
    #[error("there is nothing that could be verified")]
    Nothing,
}

impl Account {
    /// Writes down a claim; an empty text takes it away. Its name for sign-in is not one of these, nor is the time of the
    /// last change.
    pub fn write_down(&mut self, claim: &str, text: &str) -> Result<(), ClaimError> {
        let value = Some(text.to_owned()).filter(|text| !text.is_empty());
        let fits = |form: Form| text.is_empty() || form.fits(text);
        let form = Form::of(claim).ok_or(ClaimError::Unknown)?;
        if !fits(form) {
            return Err(ClaimError::Form(form.words()));
        }
        match claim {
            "name" => {
                self.display_name = value.or_else(|| self.username.clone()).unwrap_or_default();
                return Ok(());
            }
            "email" => {
                // A new address is another: what was said of the old one does not hold for it.
                self.email_confirmed &= self.email == value && value.is_some();
                self.email = value;
                return Ok(());
            }
            "email_verified" => {
                if text == "true" && self.email.is_none() {
                    return Err(ClaimError::Nothing);
                }
                self.email_confirmed = text == "true";
                return Ok(());
            }
            "picture" => {
                self.picture = value;
                return Ok(());
            }
            _ => {}
        }
        self.profile.get_or_insert_default().write_down(claim, value)
    }
}

impl Profile {
    fn write_down(&mut self, claim: &str, value: Option<String>) -> Result<(), ClaimError> {
        let place = match claim {
            "given_name" => &mut self.given_name,
            "family_name" => &mut self.family_name,
            "middle_name" => &mut self.middle_name,
            "nickname" => &mut self.nickname,
            "profile" => &mut self.profile,
            "website" => &mut self.website,
            "gender" => &mut self.gender,
            "birthdate" => &mut self.birthdate,
            "zoneinfo" => &mut self.zoneinfo,
            "locale" => &mut self.locale,
            "phone_number" => {
                self.phone_number_verified &= self.phone_number == value && value.is_some();
                &mut self.phone_number
            }
            "phone_number_verified" => {
                let is_true = value.as_deref() == Some("true");
                if is_true && self.phone_number.is_none() {
                    return Err(ClaimError::Nothing);
                }
                self.phone_number_verified = is_true;
                return Ok(());
            }
            _ => {
                let part = claim.strip_prefix("address.").ok_or(ClaimError::Unknown)?;
                let mut address = self.address.take().unwrap_or_default();
                *address.part(part).ok_or(ClaimError::Unknown)? = value;
                self.address = Some(address).filter(|address| *address != Address::default());
                return Ok(());
            }
        };
        *place = value;
        Ok(())
    }
}

impl Address {
    fn part(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "formatted" => &mut self.formatted,
            "street_address" => &mut self.street_address,
            "locality" => &mut self.locality,
            "region" => &mut self.region,
            "postal_code" => &mut self.postal_code,
            "country" => &mut self.country,
            _ => return None,
        })
    }
}

/// What the value of a claim looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Lines,
    Web,
    Email,
    Phone,
    Date,
    Zone,
    Locale,
    Flag,
}

impl Form {
    fn of(claim: &str) -> Option<Self> {
        Some(match claim {
            "name"
            | "given_name"
            | "family_name"
            | "middle_name"
            | "nickname"
            | "gender"
            | "address.locality"
            | "address.region"
            | "address.postal_code"
            | "address.country" => Self::Line,
            "address.street_address" | "address.formatted" => Self::Lines,
            "profile" | "picture" | "website" => Self::Web,
            "email" => Self::Email,
            "phone_number" => Self::Phone,
            "birthdate" => Self::Date,
            "zoneinfo" => Self::Zone,
            "locale" => Self::Locale,
            "email_verified" | "phone_number_verified" => Self::Flag,
            _ => return None,
        })
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Line => "one line of at most 255 characters",
            Self::Lines => "at most 255 characters, and no control characters but line breaks",
            Self::Web => "an address that begins with https:// or http://",
            Self::Email => "an e-mail address such as robin@example.com",
            Self::Phone => "a number such as +31201234567",
            Self::Date => "a date such as 1980-12-31, 0000-12-31 without the year, or 1980",
            Self::Zone => "a time zone such as Europe/Amsterdam",
            Self::Locale => "a language such as en-GB",
            Self::Flag => "true or false",
        }
    }

    fn fits(self, text: &str) -> bool {
        let plain = |allowed: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || allowed.contains(c));
        let short = text.chars().count() <= LONGEST && text.trim() == text;
        short
            && match self {
                Self::Line => !text.chars().any(char::is_control),
                Self::Lines => !text.chars().any(|c| c.is_control() && c != '\n'),
                Self::Web => Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http")),
                Self::Email => is_email(text),
                Self::Phone => {
                    let digits = text.chars().filter(char::is_ascii_digit).count();
                    let spelled = text.chars().all(|c| c.is_ascii_digit() || " ()-.".contains(c) || c == '+');
                    text.starts_with('+') && (5..=20).contains(&digits) && spelled
                }
                Self::Date => is_date(text),
                Self::Zone => plain("/_+-"),
                Self::Locale => plain("-_"),
                Self::Flag => matches!(text, "true" | "false"),
            }
    }
}

/// One `@`, something on both sides of it, and nothing that is not seen.
pub fn is_email(text: &str) -> bool {
    let whole = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    whole && text.len() <= 254 && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_date(text: &str) -> bool {
    let number = |part: &str, len| {
        (part.len() == len && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok())?
    };
    let mut parts = text.split('-');
    let year = parts.next().and_then(|year| number(year, 4));
    match (year, parts.next(), parts.next(), parts.next()) {
        (Some(year), None, None, None) => year > 0,
        (Some(_), Some(month), Some(day), None) => {
            number(month, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::kept;

    fn written(claims: &[(&str, &str)]) -> Result<Account, ClaimError> {
        let mut account = kept().account;
        for (claim, text) in claims {
            account.write_down(claim, text)?;
        }
        Ok(account)
    }

    #[test]
    fn every_claim_takes_what_it_is_for_and_nothing_else() {
        for (claim, good, bad) in [
            ("name", "Robin Ö.", "a\u{7}b"),
            ("birthdate", "1980-12-31", "31.12.1980"),
            ("birthdate", "0000-02-29", "1980-13-01"),
            ("birthdate", "1980", "0000"),
            ("website", "https://example.com/~robin", "javascript:alert(1)"),
            ("picture", "https://example.com/r.jpg", "r.jpg"),
            ("email", "robin@example.com", "robin"),
            ("email_verified", "false", "yes"),
            ("phone_number", "+31 20 123 4567", "020"),
            ("zoneinfo", "Europe/Amsterdam", "Europe Amsterdam"),
            ("locale", "en-GB", "<en>"),
            ("address.country", "NL", "N\nL"),
            ("address.formatted", "Street 1\nTown", "\u{0}"),
            ("nickname", "", " robin"),
        ] {
            assert!(written(&[(claim, good)]).is_ok(), "{claim} {good}");
            assert!(matches!(written(&[(claim, bad)]), Err(ClaimError::Form(_))), "{claim} {bad}");
        }
        for odd in ["sub", "groups", "updated_at", "preferred_username", "address", "address.x", "iss", ""] {
            assert_eq!(written(&[(odd, "x")]), Err(ClaimError::Unknown), "{odd}");
        }
    }

    #[test]
    fn req_074_what_was_said_of_an_address_does_not_hold_for_the_next() {
        let account = written(&[("email", "a@example.com"), ("email_verified", "true")]).unwrap();
        assert!(account.email_confirmed);
        let mut other = account.clone();
        other.write_down("email", "a@example.com").unwrap();
        assert!(other.email_confirmed, "the same one");
        other.write_down("email", "b@example.com").unwrap();
        assert!(!other.email_confirmed);
        other.write_down("email", "").unwrap();
        assert!(other.write_down("email_verified", "true").is_err(), "there is none");
        let number = [
            ("phone_number", "+31201234567"),
            ("phone_number_verified", "true"),
            ("phone_number", "+3120123"),
        ];
        assert!(!written(&number).unwrap().profile.unwrap().phone_number_verified);
        assert!(written(&[("phone_number_verified", "true")]).is_err());
    }

    #[test]
    fn what_is_taken_away_is_gone() {
        let account =
            written(&[("address.country", "NL"), ("address.country", ""), ("gender", "x"), ("gender", "")]);
        assert_eq!(account.unwrap().profile.unwrap().address, None);
    }
}
