//! Who is behind a request that Cloudflare Access let through: a person whom we know, a program that the host lets in, or
//! nobody. What Access says of a person is who it is; whether that person may pass is decided as for everybody else.

use std::sync::Arc;

use http::HeaderMap;
use plex_oidc_core::access_jwt::{AccessApplication, AccessAssertion, AccessError, AccessPrincipal};
use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{HouseRules, Person, Standing};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::subject::Subject;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::app::App;
use crate::gateway::Accepted;
use crate::keys::{Bound, HandleError, open_handle};
use crate::session;
use crate::store::StoreError;
use crate::store::records::UserRecord;
use crate::upstream::access_keys::Refusal;

/// The header that Access adds. `Cf-Access-Authenticated-User-Email` stands beside it, unsigned: it is never looked at.
const HEADER: &str = "cf-access-jwt-assertion";
/// The cookie that Access sets, of the same content.
const COOKIE: &str = "CF_Authorization";
/// The claim that may hold a handle instead of a Plex token.
const PLEX_TOKEN: &str = "plex_token";

/// Who is asking.
pub enum AccessVisitor {
    /// Nobody: there is no assertion.
    Nobody,
    /// Somebody whom we know.
    Person(Arc<UserRecord>, Box<AccessAssertion>),
    /// A program with a service token that is listed, by the name that the host gave to it.
    Program(String, Box<AccessAssertion>),
}

/// Why an assertion lets nobody in. Its text is for whoever sees it.
#[derive(Debug, Error)]
pub enum NotBelieved {
    /// Two of them: somebody planted one.
    #[error("This request has more than one assertion of Cloudflare Access.")]
    Several,
    /// It is not one that counts here.
    #[error("This assertion of Cloudflare Access is not good here.")]
    NotGood(#[source] AccessError),
    /// There is nothing to tell by.
    #[error("The keys of Cloudflare Access cannot be fetched now. Try again.")]
    NoKeys,
    /// A service token that is not listed for this application.
    #[error("This service token is not for this application.")]
    OtherProgram {
        /// Its client id.
        common_name: String,
    },
    /// Access knows somebody, and we do not.
    #[error(
        "Cloudflare Access knows you, but you have never signed in here with Plex. Do so once, at any application that \
         asks for it, and come back."
    )]
    NeverSeen,
    /// Our subject, beside an e-mail address that is not that person's.
    #[error(
        "Cloudflare Access knows you by another e-mail address than Plex does. Sign out at /cdn-cgi/access/logout and \
         sign in with Plex again."
    )]
    OtherAddress,
    /// An e-mail address that several people have.
    #[error(
        "More than one person has the e-mail address that Cloudflare Access knows you by. Ask your host."
    )]
    SeveralPeople,
    /// The store did not answer.
    #[error("This cannot be decided now, try again.")]
    Store(#[from] StoreError),
}

/// Says who is asking, with an assertion for one of the audience `tags`.
pub async fn access_visitor(
    app: &App,
    accepted: Accepted<'_>,
    tags: Vec<String>,
    headers: &HeaderMap,
) -> Result<AccessVisitor, NotBelieved> {
    let Some(text) = presented(headers, accepted.accepts.cookie)? else { return Ok(AccessVisitor::Nobody) };
    let application = AccessApplication { issuer: accepted.team.issuer.clone(), audiences: tags };
    let assertion = match accepted.keys.verify(text, &application).await {
        Ok(assertion) => Box::new(assertion),
        Err(Refusal::Assertion(error)) => return Err(NotBelieved::NotGood(error)),
        Err(Refusal::NoKeys) => return Err(NotBelieved::NoKeys),
    };
    match &assertion.principal {
        AccessPrincipal::ServiceToken { common_name } => {
            let listed = accepted.accepts.service_tokens.iter().find(|(id, _)| id == common_name);
            let Some((_, name)) = listed else {
                return Err(NotBelieved::OtherProgram { common_name: common_name.clone() });
            };
            Ok(AccessVisitor::Program(name.clone(), assertion))
        }
        AccessPrincipal::Person { email, plex_subject, .. } => {
            let known = person(app, plex_subject.as_ref(), email).await?;
            Ok(AccessVisitor::Person(known, assertion))
        }
    }
}

/// The one assertion of a request. The header decides if it is there, whatever it holds.
fn presented(headers: &HeaderMap, cookie: bool) -> Result<Option<&str>, NotBelieved> {
    let mut values = headers.get_all(HEADER).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => return Err(NotBelieved::Several),
        // What is no text is no token either.
        (Some(value), None) => return Ok(Some(value.to_str().unwrap_or_default())),
        (None, _) => {}
    }
    // Of two cookies one was planted, so neither is there.
    Ok(if cookie { session::find(headers, COOKIE) } else { None })
}

/// The person of an assertion: by our own subject, where it came through Access; else by the address.
///
/// Every way in at the team could give such a claim, and Access does not say which did. So the address, which Access itself
/// vouches for, has to be that person's too.
async fn person(app: &App, subject: Option<&Subject>, email: &str) -> Result<Arc<UserRecord>, NotBelieved> {
    let who = match subject {
        Some(subject) => Who::Account(subject.account().ok_or(NotBelieved::NeverSeen)?, email),
        None => Who::Email(email),
    };
    let (people, now) = (&app.access.people, app.clock.instant());
    if let Some(Ok(known)) = people.recent(now).map(|users| who.find(&users, &app.rules)) {
        return Ok(known);
    }
    who.find(&people.look_up(now, app.store.users()).await?, &app.rules)
}

enum Who<'w> {
    /// This account, if it has this address.
    Account(AccountId, &'w str),
    /// Whoever has this address.
    Email(&'w str),
}

impl Who<'_> {
    fn find(&self, users: &[Arc<UserRecord>], rules: &HouseRules) -> Result<Arc<UserRecord>, NotBelieved> {
        let mut found = users.iter().filter(|user| self.is(&user.person, rules));
        match (found.next(), found.next()) {
            (None, _) => Err(NotBelieved::NeverSeen),
            (Some(one), None) if !self.has_address(&one.person) => Err(NotBelieved::OtherAddress),
            (Some(one), None) => Ok(Arc::clone(one)),
            (Some(_), Some(_)) => Err(NotBelieved::SeveralPeople),
        }
    }

    /// An address that nobody has seen confirmed is whatever its owner wrote: it tells nobody. A local account that is switched
    /// off, itself or with all others, does not stand in the way of the one that its owner has besides.
    fn is(&self, person: &Person, rules: &HouseRules) -> bool {
        match self {
            Self::Account(id, _) => person.account.id == *id,
            Self::Email(_) => {
                let is_off = matches!(person.account.id, AccountId::Local(_))
                    && (person.standing == Standing::Ended || !rules.local_accounts);
                person.account.email_confirmed && self.has_address(person) && !is_off
            }
        }
    }

    fn has_address(&self, person: &Person) -> bool {
        let (Self::Account(_, wanted) | Self::Email(wanted)) = self;
        person.account.has_address(wanted)
    }
}

/// The application's headers from claims, every one of them: empty where the assertion says nothing, or where there is
/// nobody to speak of.
pub fn claim_values<'a>(
    app: &App,
    accepted: Accepted<'a>,
    about: Option<(&AccessAssertion, Option<&Subject>)>,
) -> Vec<(&'a str, Zeroizing<String>)> {
    let value = |claim: &str| {
        let (assertion, subject) = about?;
        let text = Zeroizing::new(assertion.claim_text(claim)?);
        match subject {
            Some(subject) if claim == PLEX_TOKEN => opened(app, subject, text),
            Some(_) | None => Some(text),
        }
    };
    let headers = accepted.accepts.claims.iter();
    headers.map(|(header, claim)| (header.as_str(), value(claim).unwrap_or_default())).collect()
}

/// What a handle of this person holds; a text that is no handle stays as it is. Access does not say for which client the
/// claim was made, so every client that gets handles is tried.
fn opened(app: &App, subject: &Subject, text: Zeroizing<String>) -> Option<Zeroizing<String>> {
    let now = app.clock.now();
    let open = |client: &Client| open_handle(&app.seal, Bound { client: &client.id, subject }, now, &text);
    let mut is_handle = false;
    for client in app.clients.iter().filter(|client| client.plex_token_sealed) {
        match open(client) {
            Ok(plain) => {
                return std::str::from_utf8(&plain).ok().map(|plain| Zeroizing::new(plain.to_owned()));
            }
            Err(HandleError::NotAHandle) => return Some(text),
            Err(HandleError::Expired | HandleError::Refused) => is_handle = true,
        }
    }
    (!is_handle).then_some(text)
}
