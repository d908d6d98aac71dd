//! Clients that send the same PKCE challenge or nonce with one request after the other: the host should know (RFC 9700
//! s. 2.1.1 encourages to look; requirement 36). A challenge that never changes protects nothing.

use std::collections::BTreeMap;

use super::request::AuthorizationRequest;
use crate::id::ClientId;
use crate::pkce::CodeChallenge;
use crate::secret::sha256;

/// The request at which it is said: somebody may well reload a page.
const TOO_OFTEN: u32 = 3;

/// What each client sent last.
#[derive(Debug, Default)]
pub struct Repeats(BTreeMap<ClientId, Last>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    challenge: Option<[u8; 32]>,
    nonce: Option<[u8; 32]>,
    state: Option<[u8; 32]>,
    times: u32,
}

impl Repeats {
    /// Whether this is the third request of its client in a row with the same challenge or the same nonce. The same
    /// request again, with the same `state`, is a reload and does not count.
    pub fn comes_a_third_time(&mut self, request: &AuthorizationRequest) -> bool {
        let hash = |text: Option<&str>| text.map(|text| sha256(text.as_bytes()));
        let mut now = Last {
            challenge: hash(request.challenge.as_ref().map(CodeChallenge::as_str)),
            nonce: hash(request.nonce.as_deref()),
            state: hash(request.state.as_deref()),
            times: 1,
        };
        if let Some(last) = self.0.get(&request.client_id) {
            let same = |a: Option<[u8; 32]>, b: Option<[u8; 32]>| a.is_some() && a == b;
            if same(last.state, now.state) {
                return false;
            }
            if same(last.challenge, now.challenge) || same(last.nonce, now.nonce) {
                now.times = last.times.saturating_add(1);
            }
        }
        self.0.insert(request.client_id.clone(), now);
        now.times == TOO_OFTEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::validate;
    use crate::client::Clients;
    use crate::form::Parameters;
    use crate::testing::client;

    /// The query of a request, validated for a client that needs no PKCE.
    fn request(id: &str, state: &str, rest: &str) -> AuthorizationRequest {
        let query = format!(
            "client_id={id}&redirect_uri=https%3A%2F%2Frp.example%2Fcb%3Fa%3Db&response_type=code&scope=openid&state={state}{rest}"
        );
        let clients: Clients = ["a", "b"].map(client).into_iter().collect();
        let parameters = Parameters::parse(query.as_bytes()).unwrap();
        validate(&parameters, &clients, |_, _| None).unwrap()
    }

    const CHALLENGE: &str =
        "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn req_036_a_constant_challenge_or_nonce_is_said_once() {
        for constant in [CHALLENGE, "&nonce=always"] {
            let mut repeats = Repeats::default();
            let said: Vec<bool> =
                (0..6).map(|n| repeats.comes_a_third_time(&request("a", &n.to_string(), constant))).collect();
            assert_eq!(said, [false, false, true, false, false, false], "{constant}");
        }
    }

    #[test]
    fn req_036_reloads_other_clients_and_new_values_are_no_repetition() {
        let mut repeats = Repeats::default();
        for n in 0..6 {
            assert!(!repeats.comes_a_third_time(&request("a", "same", CHALLENGE)), "a reload");
            let nonce = format!("&nonce={n}");
            assert!(!repeats.comes_a_third_time(&request("b", &n.to_string(), &nonce)));
            assert!(!repeats.comes_a_third_time(&request("b", &format!("{n}x"), "")), "nothing to repeat");
        }
    }
}
