//! The claims of ID tokens and of UserInfo (OIDC Core 1.0 s. 2, s. 5.1, s. 5.4). A claim without a value is absent.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::client::{Client, ExtraClaim, SigningAlgorithm};
use crate::decide::Person;
use crate::groups::Groups;
use crate::id::{AccountId, Sid};
use crate::issuer::Issuer;
use crate::profile::{Address, Profile};
use crate::scope::{Scope, ScopeSet};
use crate::subject::Subject;
use crate::time::Timestamp;

/// Largest ID token payload we hand out, in bytes: proxies and Cloudflare cut or refuse larger headers.
pub const MAX_ID_TOKEN_CLAIMS_BYTES: usize = 3072;

/// The authentication method of a sign-in through Plex (`amr`, RFC 8176 s. 1 leaves the names open).
pub const AMR_PLEX: &str = "plex";
/// The authentication context class of a sign-in through Plex (`acr`).
pub const ACR_PLEX: &str = "urn:plex-oidc:acr:plex";
/// The authentication method of a sign-in with a password (RFC 8176 s. 2).
pub const AMR_PASSWORD: &str = "pwd";
/// The authentication context class of a sign-in with a password.
pub const ACR_PASSWORD: &str = "urn:plex-oidc:acr:password";

/// Every authentication context class there is.
pub const ACR_VALUES: [&str; 2] = [ACR_PLEX, ACR_PASSWORD];

/// How somebody with this account authenticates: `amr` and `acr`.
pub const fn authentication(account: AccountId) -> (&'static str, &'static str) {
    match account {
        AccountId::Plex(_) => (AMR_PLEX, ACR_PLEX),
        AccountId::Local(_) => (AMR_PASSWORD, ACR_PASSWORD),
    }
}

/// Claims about the person, those that the scopes or the client's settings release.
#[derive(Debug, Default, Serialize)]
pub struct PersonClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a Groups>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plex_token: Option<&'a str>,
}

impl<'a> PersonClaims<'a> {
    /// The claims that `released` lets through.
    fn of(person: &'a Person, plex_token: Option<&'a str>, released: impl Fn(ExtraClaim) -> bool) -> Self {
        let account = &person.account;
        let text = |claim, value: Option<&'a str>| value.filter(|value| !value.is_empty() && released(claim));
        let email = text(ExtraClaim::Email, account.email.as_deref());
        Self {
            preferred_username: text(ExtraClaim::PreferredUsername, account.username.as_deref()),
            name: text(ExtraClaim::Name, Some(&account.display_name)),
            email,
            email_verified: (account.email.is_some() && released(ExtraClaim::EmailVerified))
                .then_some(account.email_confirmed),
            picture: text(ExtraClaim::Picture, account.picture.as_deref()),
            groups: released(ExtraClaim::Groups).then_some(&person.groups),
            plex_token,
        }
    }
}

/// What an ID token is made from.
#[derive(Clone, Copy)]
pub struct IdTokenFacts<'a> {
    /// Who signs.
    pub issuer: &'a Issuer,
    /// Whom it is for.
    pub client: &'a Client,
    /// Whom it is about.
    pub person: &'a Person,
    /// How that person is called towards the client.
    pub subject: &'a Subject,
    /// When that person authenticated.
    pub auth_time: Timestamp,
    /// The browser session.
    pub sid: Sid,
    /// The client's nonce; never on refresh (OIDC Core 1.0 s. 12.2).
    pub nonce: Option<&'a str>,
    /// Claims that the client asked for by name and may have.
    pub requested: &'a [ExtraClaim],
    /// The access token beside it.
    pub access_token: &'a str,
    /// The Plex token, if the operator opted in for this client.
    pub plex_token: Option<&'a str>,
    /// Now.
    pub now: Timestamp,
}

/// The payload of an ID token.
#[derive(Debug, Serialize)]
pub struct IdTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: Timestamp,
    iat: Timestamp,
    auth_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    amr: [&'static str; 1],
    acr: &'static str,
    sid: String,
    #[serde(flatten)]
    person: PersonClaims<'a>,
}

/// The claims of an ID token: the protocol's, those that the client's settings copy in, and those that it asked for.
pub fn id_token<'a>(facts: &IdTokenFacts<'a>) -> IdTokenClaims<'a> {
    let (copied, requested) = (&facts.client.id_token_claims, facts.requested);
    let released = |claim| copied.contains(&claim) || requested.contains(&claim);
    let (amr, acr) = authentication(facts.person.account.id);
    IdTokenClaims {
        iss: facts.issuer.as_str(),
        sub: facts.subject.as_str(),
        aud: facts.client.id.as_str(),
        exp: facts.now.plus(facts.client.id_token_lifetime),
        iat: facts.now,
        auth_time: facts.auth_time,
        nonce: facts.nonce,
        at_hash: at_hash(facts.access_token, facts.client.signing_algorithm),
        amr: [amr],
        acr,
        sid: facts.sid.to_string(),
        person: PersonClaims::of(facts.person, facts.plex_token, released),
    }
}

/// The left half of the hash of the access token (OIDC Core 1.0 s. 3.1.3.6).
fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    let digest = match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => &digest::SHA256,
        SigningAlgorithm::EdDsa => &digest::SHA512, // the hash inside Ed25519
    };
    let hash = digest::digest(digest, access_token.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

/// What a UserInfo answer is made from.
#[derive(Clone, Copy)]
pub struct UserInfoFacts<'a> {
    /// Whom it is about.
    pub person: &'a Person,
    /// How that person is called towards the client.
    pub subject: &'a Subject,
    /// What the access token is good for.
    pub scopes: ScopeSet,
    /// Claims that the client asked for by name and may have.
    pub requested: &'a [ExtraClaim],
    /// The Plex token, if the operator opted in for this client.
    pub plex_token: Option<&'a str>,
}

/// The UserInfo answer (OIDC Core 1.0 s. 5.3.2).
#[derive(Debug, Serialize)]
pub struct UserInfo<'a> {
    sub: &'a str,
    #[serde(flatten)]
    person: PersonClaims<'a>,
    #[serde(flatten)]
    profile: Option<ProfileClaims<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    #[serde(flatten)]
    phone: Option<PhoneClaims<'a>>,
}

/// What a host wrote down in a profile (OIDC Core 1.0 s. 5.1), besides what every account has.
#[derive(Debug, Serialize)]
struct ProfileClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    middle_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthdate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zoneinfo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
}

impl<'a> ProfileClaims<'a> {
    fn of(profile: &'a Profile) -> Self {
        Self {
            given_name: profile.given_name.as_deref(),
            family_name: profile.family_name.as_deref(),
            middle_name: profile.middle_name.as_deref(),
            nickname: profile.nickname.as_deref(),
            profile: profile.profile.as_deref(),
            website: profile.website.as_deref(),
            gender: profile.gender.as_deref(),
            birthdate: profile.birthdate.as_deref(),
            zoneinfo: profile.zoneinfo.as_deref(),
            locale: profile.locale.as_deref(),
            updated_at: profile.updated_at,
        }
    }
}

#[derive(Debug, Serialize)]
struct PhoneClaims<'a> {
    phone_number: &'a str,
    phone_number_verified: bool,
}

/// The claims that the scopes release, and those that were asked for by name.
pub fn userinfo<'a>(facts: &UserInfoFacts<'a>) -> UserInfo<'a> {
    let (scopes, requested) = (facts.scopes, facts.requested);
    let released = |claim: ExtraClaim| scopes.contains(claim.scope()) || requested.contains(&claim);
    let written = |scope| facts.person.account.profile.as_deref().filter(|_| scopes.contains(scope));
    UserInfo {
        sub: facts.subject.as_str(),
        person: PersonClaims::of(facts.person, facts.plex_token, released),
        profile: written(Scope::Profile).map(ProfileClaims::of),
        address: written(Scope::Address).and_then(|profile| profile.address.as_ref()),
        phone: written(Scope::Phone).and_then(|profile| {
            Some(PhoneClaims {
                phone_number: profile.phone_number.as_deref()?,
                phone_number_verified: profile.phone_number_verified,
            })
        }),
    }
}

/// The payload of a signed UserInfo answer (OIDC Core 1.0 s. 5.3.2). It has no end, and so is never an ID token.
#[derive(Debug, Serialize)]
pub struct SignedUserInfo<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    claims: UserInfo<'a>,
}

impl<'a> SignedUserInfo<'a> {
    /// `claims` for this client.
    pub fn new(claims: UserInfo<'a>, issuer: &'a Issuer, client: &'a Client) -> Self {
        Self { iss: issuer.as_str(), aud: client.id.as_str(), claims }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{client, friend, kept};
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn payload(client: &Client, person: &Person, nonce: Option<&str>) -> Value {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let facts = IdTokenFacts {
            issuer: &issuer,
            client,
            person,
            subject: &person.subject(),
            auth_time: Timestamp(90),
            sid: Sid(Uuid::from_u128(7)),
            nonce,
            requested: &[],
            access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
            plex_token: None,
            now: Timestamp(100),
        };
        serde_json::to_value(id_token(&facts)).unwrap()
    }

    #[test]
    fn req_068_072_the_protocol_claims_are_always_there() {
        let claims = payload(&client("a"), &friend(), Some("n-0S6"));
        assert_eq!(
            claims,
            json!({
                "iss": "https://auth.example.com", "sub": "plex-42", "aud": "a", "exp": 3700, "iat": 100,
                "auth_time": 90, "nonce": "n-0S6", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "amr": ["plex"],
                "acr": "urn:plex-oidc:acr:plex", "sid": Uuid::from_u128(7).simple().to_string(),
            })
        );
    }

    #[test]
    fn req_012_a_nonce_that_was_not_sent_is_not_there() {
        assert!(payload(&client("a"), &friend(), None).get("nonce").is_none());
    }

    #[test]
    fn req_071_at_hash_is_the_left_half_of_the_hash_that_goes_with_the_algorithm() {
        // The value for SHA-256 is the well-known example of OIDC Core 1.0 appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(at_hash(token, SigningAlgorithm::Rs256), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(token, SigningAlgorithm::Es256), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(token, SigningAlgorithm::EdDsa).len(), 43);
    }

    fn told(person: &Person, scopes: &str, requested: &[ExtraClaim], plex_token: Option<&str>) -> Value {
        let (subject, scopes) = (person.subject(), ScopeSet::parse(scopes));
        let facts = UserInfoFacts { person, subject: &subject, scopes, requested, plex_token };
        serde_json::to_value(userinfo(&facts)).unwrap()
    }

    #[test]
    fn req_073_claims_follow_the_scopes_and_the_id_token_only_its_settings() {
        let person = friend();
        let value = |scopes| told(&person, scopes, &[], None);
        assert_eq!(value("openid"), json!({"sub": "plex-42"}));
        assert_eq!(
            value("openid email"),
            json!({"sub": "plex-42", "email": "pat@example.com", "email_verified": true})
        );
        assert_eq!(
            value("openid profile"),
            json!({"sub": "plex-42", "preferred_username": "pat", "name": "Pat"})
        );
        assert_eq!(value("openid groups"), json!({"sub": "plex-42", "groups": ["plex-friend"]}));
        let by_name = told(&person, "openid", &[ExtraClaim::Name, ExtraClaim::Picture], None);
        assert_eq!(by_name, json!({"sub": "plex-42", "name": "Pat"}), "and there is no picture");
        let copying = Client { id_token_claims: vec![ExtraClaim::Email, ExtraClaim::Groups], ..client("a") };
        let claims = payload(&copying, &person, None);
        assert_eq!(claims.get("email"), Some(&json!("pat@example.com")));
        assert_eq!(claims.get("groups"), Some(&json!(["plex-friend"])));
        assert!(claims.get("email_verified").is_none() && claims.get("name").is_none());
    }

    #[test]
    fn req_073_what_a_host_wrote_down_follows_the_scopes_with_the_types_of_the_specification() {
        let mut person = kept();
        for (claim, text) in [
            ("given_name", "Pat"),
            ("birthdate", "1980-12-31"),
            ("address.country", "NL"),
            ("phone_number", "+31201234567"),
        ] {
            person.account.write_down(claim, text).unwrap();
        }
        person.account.profile.as_mut().unwrap().updated_at = Some(Timestamp(1000));
        let value = |scopes| told(&person, scopes, &[], None);
        assert_eq!(
            value("openid email"),
            json!({"sub": "local-7", "email": "pat@example.com", "email_verified": true})
        );
        assert_eq!(
            value("profile"),
            json!({"sub": "local-7", "preferred_username": "pat", "name": "Pat", "given_name": "Pat",
                "birthdate": "1980-12-31", "updated_at": 1000})
        );
        assert_eq!(
            value("address phone"),
            json!({"sub": "local-7", "address": {"country": "NL"}, "phone_number": "+31201234567",
                "phone_number_verified": false})
        );
        person.account.write_down("address.country", "").unwrap();
        person.account.write_down("phone_number", "").unwrap();
        let value = told(&person, "address phone", &[], None);
        assert_eq!(value, json!({"sub": "local-7"}), "never empty, never null");
        let plex = told(&friend(), "openid profile email address phone groups offline_access", &[], None);
        assert!(
            plex.get("address").is_none()
                && plex.get("phone_number").is_none()
                && plex.get("updated_at").is_none()
        );
        let claims = payload(&client("a"), &kept(), None);
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("urn:plex-oidc:acr:password")));
    }

    #[test]
    fn req_074_an_address_plex_has_not_confirmed_is_not_verified() {
        let mut person = friend();
        person.account.email_confirmed = false;
        let value = told(&person, "email", &[], None);
        assert_eq!(value.get("email_verified"), Some(&json!(false)));
        person.account.email = None;
        let value = told(&person, "email", &[], None);
        assert!(value.get("email_verified").is_none() && value.get("email").is_none());
    }

    #[test]
    fn req_075_the_copied_claims_are_a_closed_list_without_protocol_claims() {
        let protocol =
            ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "azp", "sid", "at_hash"];
        for claim in ExtraClaim::ALL {
            assert!(!protocol.contains(&claim.as_str()));
        }
    }

    #[test]
    fn req_076_no_plex_token_unless_one_is_passed_in() {
        let person = friend();
        let everything = "openid profile email groups offline_access";
        assert!(told(&person, everything, &ExtraClaim::ALL, None).get("plex_token").is_none());
        let with = told(&person, everything, &[], Some("canary"));
        assert_eq!(with.get("plex_token"), Some(&json!("canary")));
    }
}
