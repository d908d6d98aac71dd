//! What the person must do next, from what is known now.

use super::error::{AuthorizeErrorCode as Code, RedirectError};
use super::request::AuthorizationRequest;
use crate::decide::{Decision, Denial};
use crate::subject::Subject;
use crate::time::Timestamp;

/// A live browser session, as far as the rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// Who is signed in, as the client knows that person.
    pub subject: Subject,
    /// When that person authenticated.
    pub auth_time: Timestamp,
    /// How that person authenticated, as `acr`.
    pub acr: &'static str,
    /// What [`decide`](crate::decide::decide) says of that person and this client.
    pub decision: Decision,
    /// Whether consent to this client and these scopes is remembered or not asked for.
    pub consented: bool,
    /// Another program could ask in the client's name: it has no secret, and its address can be taken (requirement 28).
    pub impersonable: bool,
}

/// What was done for this very request already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The session was made by signing in for this request.
    pub signed_in: bool,
    /// The person chose to go on with the account of the session.
    pub account_chosen: bool,
    /// The person consented.
    pub consented: bool,
}

/// The next thing that the authorization endpoint must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Let the person sign in, whatever session there is.
    SignIn,
    /// Let the person go on with the account of the session, or choose another.
    ChooseAccount,
    /// Ask for consent.
    Consent,
    /// Issue a code.
    Issue,
    /// Say on our page that this person may not use this client.
    Deny(Denial),
    /// Send this error to the client, without a page.
    Refuse(RedirectError),
}

/// The rules of OIDC Core 1.0 s. 3.1.2.1 and 3.1.2.3: which step comes next.
pub fn next_step(
    request: &AuthorizationRequest,
    session: Option<&SessionFacts>,
    progress: Progress,
    now: Timestamp,
) -> Step {
    let refuse = |code, description| Step::Refuse(request.refuse(code, description));
    let silent = request.prompt.forbids_pages();
    let Some(session) = session.filter(|session| satisfies(request, session, progress, now)) else {
        return if silent {
            refuse(Code::LoginRequired, "nobody is signed in as this request demands")
        } else {
            Step::SignIn
        };
    };
    // Only of somebody who has signed in just now: another session would not have been enough.
    if !is_of_class(request, session) {
        return refuse(
            Code::UnmetAuthenticationRequirements,
            "the person has no sign-in of the acr demanded",
        );
    }
    match session.decision {
        Decision::Allow => {}
        Decision::Unknown if silent => return refuse(Code::LoginRequired, "the sign-in is too old"),
        Decision::Unknown => return Step::SignIn,
        Decision::Deny(_) if silent => {
            return refuse(Code::AccessDenied, "the person may not use this client");
        }
        Decision::Deny(denial) => return Step::Deny(denial),
    }
    let must_choose = request.prompt.wants_account_choice() || session.impersonable;
    if must_choose && !progress.account_chosen && !progress.signed_in {
        if !silent {
            return Step::ChooseAccount;
        }
        return refuse(Code::InteractionRequired, "anybody could ask as this client: the person is asked");
    }
    // Whoever typed the code of a device may have been talked into it: nothing but a fresh answer counts (RFC 8628 s. 5.4).
    let on_device = request.device.is_some();
    let must_consent = request.prompt.wants_consent() || !session.consented || on_device;
    if must_consent && !progress.consented {
        return if silent { refuse(Code::ConsentRequired, "consent is needed") } else { Step::Consent };
    }
    Step::Issue
}

/// Whether the session is one that this request accepts.
fn satisfies(
    request: &AuthorizationRequest,
    session: &SessionFacts,
    progress: Progress,
    now: Timestamp,
) -> bool {
    if request.expected_subject.as_ref().is_some_and(|expected| *expected != session.subject) {
        return false;
    }
    if progress.signed_in {
        return true;
    }
    let young_enough = request
        .max_age
        .is_none_or(|max_age| max_age.0 > 0 && now.since(session.auth_time) <= i64::from(max_age.0));
    young_enough && !request.prompt.wants_login() && is_of_class(request, session)
}

/// Whether the session has an `acr` that the client demands, if it demands any.
fn is_of_class(request: &AuthorizationRequest, session: &SessionFacts) -> bool {
    request.required_acr.as_ref().is_none_or(|values| values.iter().any(|acr| acr == session.acr))
}
