//! Rules that hold for every value, not for examples (security.md section 4.5). What concerns one module's insides
//! stands in that module.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::account::PlexFacts;
use crate::authorize::{Progress, SessionFacts, Step, next_step, validate};
use crate::claims::{IdTokenFacts, UserInfoFacts, id_token, userinfo};
use crate::client::{Client, ClientAuthMethod, Clients, ExtraClaim};
use crate::decide::{
    AllowRule, Audience, Decision, Denial, HouseGroup, HouseRules, KnownShare, Mark, Marks, Person, Standing,
    decide, decide_for,
};
use crate::device::UserCode;
use crate::form::Parameters;
use crate::groups::{Group, Groups, SharePart};
use crate::id::{AccountId, ClientId, PlexAccountId, Sid};
use crate::issuer::Issuer;
use crate::membership::AcceptedServer;
use crate::pkce::{CodeChallenge, CodeVerifier};
use crate::redirect::RedirectUri;
use crate::resource::ResourceSet;
use crate::scope::{Scope, ScopeSet};
use crate::secret::{Secret, SecretKind};
use crate::subject::Subject;
use crate::testing::{REDIRECT_URI, client, friend, house, public_client, server};
use crate::time::{Seconds, Timestamp};
use crate::token::client_auth::{Authenticated, authenticate, present};
use crate::token::code::{CodeFacts, CodeVerdict, DOUBLE_SUBMIT, check_code};
use crate::token::params::{CodeRequest, SentVerifier, TokenRequest};
use crate::token::refresh;

fn any_scopes() -> impl Strategy<Value = ScopeSet> {
    prop::sample::subsequence(Scope::ALL.to_vec(), 0..=5).prop_map(|scopes| scopes.into_iter().collect())
}

fn any_kind() -> impl Strategy<Value = SecretKind> {
    prop::sample::select(SecretKind::ALL.to_vec())
}

mod browsers;
mod decisions;
mod people;

use people::*;

proptest! {
    #[test]
    fn pkce_a_challenge_is_met_by_its_own_verifier_only(
        verifier in "[A-Za-z0-9._~-]{43,128}", at in any::<prop::sample::Index>(), put in "[A-Za-z0-9._~-]",
    ) {
        let made = challenge_of(&verifier);
        let challenge = CodeChallenge::parse(&made).unwrap();
        prop_assert_eq!(challenge.as_str(), &made);
        prop_assert!(challenge.is_met_by(&CodeVerifier::parse(&verifier).unwrap()));
        let mut other = verifier.clone();
        let at = at.index(verifier.len());
        other.replace_range(at..=at, &put);
        prop_assert_eq!(challenge.is_met_by(&CodeVerifier::parse(&other).unwrap()), other == verifier);
    }

    #[test]
    fn req_035_no_other_text_is_a_verifier_or_a_challenge(text in "[ -~]{0,140}|\\PC{0,60}") {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let count = text.chars().count();
        prop_assert_eq!(CodeVerifier::parse(&text).is_some(), (43..=128).contains(&count) && text.chars().all(unreserved));
        let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        prop_assert!(CodeChallenge::parse(&text).is_none() || (count == 43 && text.chars().all(base64url)));
    }

    #[test]
    fn req_066_a_secret_has_one_spelling(
        kind in any_kind(), other in any_kind(), random: [u8; 32], at in any::<prop::sample::Index>(), put in "[ -~]{0,2}",
    ) {
        let secret = Secret::from_random(kind, random);
        let text = secret.expose().to_owned();
        prop_assert!(Secret::parse(kind, &text).unwrap().hash().matches(&secret.hash()));
        prop_assert_eq!(Secret::parse(other, &text).is_some(), kind == other);
        let mut changed = text.clone();
        let at = at.index(text.len());
        changed.replace_range(at..=at, &put);
        if let Some(read) = Secret::parse(kind, &changed) {
            prop_assert_eq!(read.hash().matches(&secret.hash()), changed == text);
        }
        let cut = text.get(..at).unwrap();
        prop_assert!(Secret::parse(kind, cut).is_none());
    }

    #[test]
    fn req_037_a_code_lives_to_the_second_by_any_clock(expires in any::<i64>(), step in -2_i64..=2) {
        let (id, uri) = (client("a").id, REDIRECT_URI);
        let facts = |redeemed| CodeFacts {
            client_id: &id, redirect_uri: uri, challenge: None, expires: Timestamp(expires), redeemed, failures: 0,
        };
        let request = CodeRequest { code: None, redirect_uri: Some(uri.to_owned()), verifier: SentVerifier::Absent, resources: ResourceSet::default() };
        let Some(now) = expires.checked_add(step) else { return Ok(()) };
        let verdict = check_code(&facts(None), &request, &id, Timestamp(now));
        prop_assert_eq!(verdict == CodeVerdict::Redeem, now < expires);
        // Redeemed once, it is never redeemed again, whatever the clock does.
        let again = check_code(&facts(Some(Timestamp(expires))), &request, &id, Timestamp(now));
        prop_assert!(again != CodeVerdict::Redeem);
    }

    #[test]
    fn req_040_a_double_submit_is_forgiven_to_the_second(redeemed in 0_i64..4_000_000_000, step in -2_i64..=2) {
        let (verifier, id) = ("a".repeat(43), client("a").id);
        let challenge = CodeChallenge::parse(&challenge_of(&verifier)).unwrap();
        let verifier = SentVerifier::Sent(CodeVerifier::parse(&verifier).unwrap());
        let request = CodeRequest { code: None, redirect_uri: Some(REDIRECT_URI.to_owned()), verifier, resources: ResourceSet::default() };
        let facts = CodeFacts {
            client_id: &id, redirect_uri: REDIRECT_URI, challenge: Some(&challenge),
            expires: Timestamp(redeemed + 60), redeemed: Some(Timestamp(redeemed)), failures: 0,
        };
        let verdict = check_code(&facts, &request, &id, Timestamp(redeemed + i64::from(DOUBLE_SUBMIT.0) + step));
        prop_assert_eq!(verdict == CodeVerdict::Reuse, step > 0);
    }

    #[test]
    fn time_stays_in_order_and_never_wraps(at: i64, other: i64, span: u32, longer: u32) {
        let (at, other) = (Timestamp(at), Timestamp(other));
        let (short, long) = (Seconds(span.min(longer)), Seconds(span.max(longer)));
        prop_assert!(at.minus(long) <= at.minus(short) && at.minus(short) <= at);
        prop_assert!(at <= at.plus(short) && at.plus(short) <= at.plus(long));
        prop_assert!(at.since(other) >= 0);
        prop_assert!(!(at.has_passed(other) && other.has_passed(at)) || at == other);
        let end = refresh::expiry(at, short, long, other);
        prop_assert!(end <= at.plus(long) && end <= other.plus(short));
    }

    #[test]
    fn scopes_are_a_set(a in any_scopes(), b in any_scopes(), text in "[a-z_ ]{0,40}") {
        prop_assert_eq!(ScopeSet::parse(&a.to_string()), a);
        prop_assert_eq!(a.intersection(b), b.intersection(a));
        prop_assert!(a.intersection(b).is_within(a) && a.intersection(b).is_within(b));
        prop_assert_eq!(a.is_within(b), a.intersection(b) == a);
        for scope in Scope::ALL {
            prop_assert!(!a.without(scope).contains(scope));
            prop_assert_eq!(a.intersection(b).contains(scope), a.contains(scope) && b.contains(scope));
        }
        prop_assert_eq!(a.iter().collect::<ScopeSet>(), a);
        // Requirement 64: whatever a refresh asks for, it never gets more than was granted.
        if let Ok(given) = refresh::scopes(a, Some(&text)) {
            prop_assert!(given.is_within(a));
        }
        if let Ok(given) = refresh::scopes(a, Some(&b.to_string())) {
            prop_assert!(given.is_within(a) && (b.is_empty() || given == b));
        }
    }

    #[test]
    fn req_073_076_userinfo_has_what_the_scopes_release_and_nothing_more(person in any_person(), scopes in any_scopes()) {
        let facts = UserInfoFacts { person: &person, subject: &person.subject(), scopes, requested: &[], plex_token: None };
        let claims = serde_json::to_value(userinfo(&facts)).unwrap();
        let claims = claims.as_object().unwrap();
        let released = |name: &str| match name {
            "sub" => true,
            "name" | "preferred_username" | "picture" => scopes.contains(Scope::Profile),
            "email" | "email_verified" => scopes.contains(Scope::Email),
            "groups" => scopes.contains(Scope::Groups),
            other => panic!("nobody asked for {other}"),
        };
        prop_assert!(claims.keys().all(|name| released(name)), "{claims:?} for {scopes}");
        prop_assert!(claims.values().all(|value| !value.is_null()), "a claim without a value is absent");
        prop_assert_eq!(&claims["sub"], &Value::from(person.account.id.to_string()));
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        prop_assert!(!verified || person.account.email_confirmed, "requirement 74");
    }

    #[test]
    fn req_073_075_an_id_token_has_what_was_configured_and_nothing_more(
        person in any_person(), copied in prop::sample::subsequence(ExtraClaim::ALL.to_vec(), 0..=6), nonce in prop::option::of("\\PC{1,20}"),
    ) {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let client = Client { id_token_claims: copied.clone(), ..client("a") };
        let facts = IdTokenFacts {
            issuer: &issuer, client: &client, person: &person, subject: &person.subject(), requested: &[], auth_time: Timestamp(90), sid: Sid(Uuid::nil()),
            nonce: nonce.as_deref(), access_token: "x", plex_token: None, now: Timestamp(100),
        };
        let claims = serde_json::to_value(id_token(&facts)).unwrap();
        let claims = claims.as_object().unwrap();
        let protocol = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "acr", "sid"];
        let asked = |name: &&String| copied.iter().any(|claim| claim.as_str() == name.as_str());
        prop_assert!(claims.keys().filter(|name| !protocol.contains(&name.as_str())).all(|name| asked(&name)));
        prop_assert_eq!(claims.get("nonce").and_then(Value::as_str), nonce.as_deref());
        prop_assert_eq!(&claims["aud"], &Value::from("a"));
    }

    /// The steps as a machine: nobody passes without a session that satisfies the request, may use the client, and
    /// consented; and a client that forbids pages never gets one.
    #[test]
    fn req_007_009_a_code_needs_every_step_before_it(
        prompt in prop::sample::select(vec!["", "none", "login", "consent", "select_account", "login consent", "consent select_account"]),
        max_age in prop::option::of(0_u32..200), hint in prop::option::of(41_u64..44),
        session in prop::option::of((41_u64..44, 0_i64..1200, 0_u8..3, any::<[bool; 2]>())), done in any::<[bool; 3]>(),
    ) {
        let age = max_age.map(|age| format!("&max_age={age}")).unwrap_or_default();
        let query = format!("client_id=a&redirect_uri=https%3A%2F%2Frp.example%2Fcb%3Fa%3Db&response_type=code&scope=openid&prompt={prompt}{age}");
        let clients: Clients = [client("a")].into_iter().collect();
        let mut request = validate(&Parameters::parse(query.as_bytes()).unwrap(), &clients, |_, _| None).unwrap();
        request.expected_subject = hint.map(|id| Subject::of_plex(PlexAccountId(id)));
        let facts = session.map(|(id, auth_time, decision, [consented, impersonable])| SessionFacts {
            acr: crate::claims::ACR_PLEX,
            subject: Subject::of_plex(PlexAccountId(id)),
            auth_time: Timestamp(auth_time),
            decision: [Decision::Allow, Decision::Deny(Denial::NotShared), Decision::Unknown][usize::from(decision)],
            consented,
            impersonable,
        });
        let [signed_in, account_chosen, consented] = done;
        let progress = Progress { signed_in, account_chosen, consented };
        let step = next_step(&request, facts.as_ref(), progress, Timestamp(1000));
        if prompt == "none" {
            prop_assert!(matches!(step, Step::Issue | Step::Refuse(_)), "a page was shown: {step:?}");
        } else {
            prop_assert!(!matches!(step, Step::Refuse(_)));
        }
        if step == Step::Issue {
            let facts = facts.unwrap();
            prop_assert_eq!(facts.decision, Decision::Allow);
            prop_assert!(facts.consented || consented);
            prop_assert!(!prompt.contains("consent") || consented);
            prop_assert!(!prompt.contains("login") || signed_in);
            prop_assert!(!prompt.contains("select_account") || account_chosen || signed_in);
            prop_assert!(!facts.impersonable || account_chosen || signed_in, "a native client was not asked about");
            prop_assert!(hint.is_none_or(|id| facts.subject == Subject::of_plex(PlexAccountId(id))));
            let age = 1000_i64.saturating_sub(facts.auth_time.0).max(0);
            prop_assert!(signed_in || max_age.is_none_or(|max| max > 0 && age <= i64::from(max)));
        }
    }

    /// RFC 6749 s. 5.2: whatever is sent, the description keeps to the allowed characters and quotes nothing.
    #[test]
    fn req_052_no_form_gets_an_echo(
        name in "grant_type|code|refresh_token|client_id|client_secret|redirect_uri", value in "\\PC{1,30}", header in prop::option::of("\\PC{0,40}"),
    ) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code").append_pair(&name, &value).finish();
        let parameters = Parameters::parse(form.as_bytes()).unwrap();
        let clients: Clients = [client("basic"), public_client("public")].into_iter().collect();
        let presented = present(header.as_deref(), &parameters);
        let authenticated = presented.and_then(|shown| {
            let issuer = Issuer::parse("https://auth.example.com").unwrap();
            match authenticate(&shown, &clients, &issuer, Timestamp(0))? {
                Authenticated::Proven(client) | Authenticated::Once(client, _) => Ok(client.auth_method),
            }
        });
        prop_assert!(authenticated != Ok(ClientAuthMethod::ClientSecretBasic), "nobody guesses a secret");
        for error in [authenticated.err(), TokenRequest::read(&parameters).err()].into_iter().flatten() {
            let text = error.to_string();
            prop_assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
            prop_assert!(value.len() < 8 || !text.contains(&value));
        }
    }

    /// However a person types the code that a device shows, it is that code; and what is read is shown as it is read.
    #[test]
    fn req_103_a_user_code_is_read_however_it_is_typed(
        random in any::<[u8; 32]>(), large in any::<[bool; 8]>(),
        between in prop::collection::vec("[ \\-\u{2013}\t]{0,3}", 9), text in "\\PC{0,40}",
    ) {
        let code = UserCode::from_random(random);
        let letters = code.to_string().replace('-', "");
        let mut typed = between[8].clone();
        for ((letter, large), between) in letters.chars().zip(large).zip(&between) {
            typed.push(if large { letter } else { letter.to_ascii_lowercase() });
            typed.push_str(between);
        }
        prop_assert_eq!(UserCode::parse(&typed), Some(code), "{}", typed);
        if let Some(read) = UserCode::parse(&text) {
            prop_assert_eq!(UserCode::parse(&read.to_string()), Some(read));
        }
    }

    /// A near miss of a registered text is a miss: one character put in, taken out or exchanged.
    #[test]
    fn req_021_029_one_character_makes_another_uri(
        uri in prop::sample::select(vec!["https://rp.example/cb?a=b", "http://127.0.0.1/cb", "http://[::1]:7/cb", "com.example.app:/cb"]),
        at in any::<prop::sample::Index>(), cut in 0_usize..=1, put in "[ -~]{0,1}",
    ) {
        let registered = RedirectUri::register(uri).unwrap();
        let (mut asked, at) = (uri.to_owned(), at.index(uri.len()));
        asked.replace_range(at..at + cut, &put);
        if let Some(target) = registered.matches(&asked) {
            let digits = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
            prop_assert!(asked == uri || (uri.contains("[::1]:7") && digits(&asked) == digits(uri)), "{asked}");
            prop_assert_eq!(target.as_str(), &asked);
        }
    }
}

/// The challenge of a verifier, made with nothing of ours but the hash.
fn challenge_of(verifier: &str) -> String {
    use base64::Engine as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}
