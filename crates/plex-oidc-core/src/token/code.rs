//! Redeeming an authorization code: do the stored facts and the request agree?

use super::params::{CodeRequest, SentVerifier};
use crate::id::ClientId;
use crate::pkce::CodeChallenge;
use crate::time::{Seconds, Timestamp};

/// Life of a code (RFC 6749 s. 4.1.2 allows ten minutes; one is plenty).
pub const CODE_LIFETIME: Seconds = Seconds(60);
/// Inside this span a second, right use with PKCE is a double submit and not a theft.
pub const DOUBLE_SUBMIT: Seconds = Seconds(20);
/// So many failed tries by the right client burn a code.
pub const CODE_FAILURES: u32 = 3;

/// What was stored with a code, as far as the rules look at it.
pub struct CodeFacts<'a> {
    /// The client it was issued to.
    pub client_id: &'a ClientId,
    /// The redirect URI that it was sent to.
    pub redirect_uri: &'a str,
    /// The challenge it is bound to.
    pub challenge: Option<&'a CodeChallenge>,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was redeemed, if it was.
    pub redeemed: Option<Timestamp>,
    /// Failed tries so far.
    pub failures: u32,
}

/// What to do with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeVerdict {
    /// Redeem it, if it is still there to be redeemed.
    Redeem,
    /// Refuse.
    Refuse,
    /// Refuse, and count the failure: the right client, but wrong proof.
    RefuseAndCount,
    /// Refuse as a malformed request: a verifier for a code without challenge (RFC 9700 s. 4.8.2).
    Downgrade,
    /// Refuse and end the grant: somebody used this code before, and the second use is as good as the first.
    Reuse,
}

/// The checks of RFC 6749 s. 4.1.3, RFC 7636 s. 4.6, OAuth 2.1 s. 7.5.2.
pub fn check_code(
    facts: &CodeFacts<'_>,
    request: &CodeRequest,
    client: &ClientId,
    now: Timestamp,
) -> CodeVerdict {
    if facts.client_id != client {
        return CodeVerdict::Refuse; // and not counted: a thief must not burn another's code
    }
    let proof = proof(facts, request);
    if let Some(redeemed) = facts.redeemed {
        let double_submit = facts.challenge.is_some() && now.since(redeemed) <= i64::from(DOUBLE_SUBMIT.0);
        let theft = proof == CodeVerdict::Redeem && !double_submit;
        return if theft { CodeVerdict::Reuse } else { CodeVerdict::Refuse };
    }
    if facts.expires.has_passed(now) || facts.failures >= CODE_FAILURES {
        return CodeVerdict::Refuse;
    }
    proof
}

fn proof(facts: &CodeFacts<'_>, request: &CodeRequest) -> CodeVerdict {
    if request.redirect_uri.as_deref() != Some(facts.redirect_uri) {
        return CodeVerdict::RefuseAndCount;
    }
    match (facts.challenge, &request.verifier) {
        (None, SentVerifier::Absent) => CodeVerdict::Redeem,
        (None, _) => CodeVerdict::Downgrade,
        (Some(challenge), SentVerifier::Sent(verifier)) if challenge.is_met_by(verifier) => {
            CodeVerdict::Redeem
        }
        (Some(_), _) => CodeVerdict::RefuseAndCount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceSet;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const URI: &str = "https://rp.example/cb";

    struct Case {
        challenge: bool,
        redeemed: Option<i64>,
        failures: u32,
        verifier: &'static str,
        uri: Option<&'static str>,
        client: &'static str,
        now: i64,
    }

    impl Default for Case {
        fn default() -> Self {
            Self {
                challenge: true,
                redeemed: None,
                failures: 0,
                verifier: VERIFIER,
                uri: Some(URI),
                client: "a",
                now: 10,
            }
        }
    }

    fn verdict(case: &Case) -> CodeVerdict {
        let owner = ClientId::parse("a").unwrap();
        let challenge = case.challenge.then(|| CodeChallenge::parse(CHALLENGE).unwrap());
        let facts = CodeFacts {
            client_id: &owner,
            redirect_uri: URI,
            challenge: challenge.as_ref(),
            expires: Timestamp(60),
            redeemed: case.redeemed.map(Timestamp),
            failures: case.failures,
        };
        let verifier = match case.verifier {
            "" => SentVerifier::Absent,
            text => {
                crate::pkce::CodeVerifier::parse(text).map_or(SentVerifier::Malformed, SentVerifier::Sent)
            }
        };
        let request = CodeRequest {
            code: None,
            redirect_uri: case.uri.map(str::to_owned),
            verifier,
            resources: ResourceSet::default(),
        };
        check_code(&facts, &request, &ClientId::parse(case.client).unwrap(), Timestamp(case.now))
    }

    #[test]
    fn a_right_request_redeems() {
        assert_eq!(verdict(&Case::default()), CodeVerdict::Redeem);
        assert_eq!(verdict(&Case { challenge: false, verifier: "", ..Case::default() }), CodeVerdict::Redeem);
    }

    #[test]
    fn req_033_a_challenge_needs_its_verifier() {
        for verifier in ["", "short", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"] {
            assert_eq!(
                verdict(&Case { verifier, ..Case::default() }),
                CodeVerdict::RefuseAndCount,
                "{verifier}"
            );
        }
    }

    #[test]
    fn req_034_a_verifier_without_challenge_is_a_downgrade() {
        assert_eq!(verdict(&Case { challenge: false, ..Case::default() }), CodeVerdict::Downgrade);
        let malformed = Case { challenge: false, verifier: "short", ..Case::default() };
        assert_eq!(verdict(&malformed), CodeVerdict::Downgrade);
    }

    #[test]
    fn req_037_a_code_ends_at_its_minute() {
        assert_eq!(verdict(&Case { now: 59, ..Case::default() }), CodeVerdict::Redeem);
        assert_eq!(verdict(&Case { now: 60, ..Case::default() }), CodeVerdict::Refuse);
    }

    #[test]
    fn req_038_another_client_is_refused_and_not_counted() {
        assert_eq!(verdict(&Case { client: "b", ..Case::default() }), CodeVerdict::Refuse);
        assert_eq!(verdict(&Case { client: "b", verifier: "", ..Case::default() }), CodeVerdict::Refuse);
    }

    #[test]
    fn req_040_only_a_valid_replay_after_the_double_submit_window_ends_the_grant() {
        let replay = |now, verifier| verdict(&Case { redeemed: Some(5), now, verifier, ..Case::default() });
        assert_eq!(replay(6, VERIFIER), CodeVerdict::Refuse);
        assert_eq!(replay(25, VERIFIER), CodeVerdict::Refuse);
        assert_eq!(replay(26, VERIFIER), CodeVerdict::Reuse);
        assert_eq!(replay(500, VERIFIER), CodeVerdict::Reuse, "also when the code itself is long over");
        assert_eq!(replay(500, "short"), CodeVerdict::Refuse);
        let plain = Case { challenge: false, verifier: "", redeemed: Some(5), now: 6, ..Case::default() };
        assert_eq!(verdict(&plain), CodeVerdict::Reuse, "without PKCE there is no double submit");
    }

    #[test]
    fn req_041_three_failures_burn_a_code() {
        assert_eq!(verdict(&Case { failures: 2, ..Case::default() }), CodeVerdict::Redeem);
        assert_eq!(verdict(&Case { failures: 3, ..Case::default() }), CodeVerdict::Refuse);
    }

    #[test]
    fn req_042_the_redirect_uri_is_demanded_and_exact() {
        for uri in [None, Some("https://rp.example/cb/"), Some("https://rp.example/CB")] {
            assert_eq!(verdict(&Case { uri, ..Case::default() }), CodeVerdict::RefuseAndCount, "{uri:?}");
        }
    }
}
