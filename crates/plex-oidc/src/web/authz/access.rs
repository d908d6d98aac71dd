//! Cloudflare Access at the origin: a proxy asks whether it may pass a request on that Access has let through.
//!
//! Access owns the login, so nobody is sent anywhere from here: 200, 401, 403, 400 or 503. Who it is comes from the
//! assertion; the rules, and the decision, are those of every application.

use axum::body::Bytes;
use http::StatusCode;
use plex_oidc_core::decide::Through;
use plex_oidc_core::gateway::{RequestKind, Verdict, weigh};
use tracing::{debug, info, warn};

use super::address::Question;
use super::answers::{Asking, NOT_FOR_YOU, bad_token, headers_of, pass_with, refuse, told};
use super::asked::{By, Call};
use super::headers::HeadersOf;
use crate::flow::access::{AccessVisitor, NotBelieved, access_visitor, claim_values};
use crate::flow::gateway::shows_a_token;
use crate::gateway::Accepted;
use crate::web::respond::Answer;

const NO_ASSERTION: &str = "This request has no assertion of Cloudflare Access.";
/// What Plex last said serves no longer, and only a sign-in with Plex brings a new answer.
const TOO_LONG_AGO: &str = "What Plex said of your account is too long ago. Sign out at /cdn-cgi/access/logout and sign in with Plex again.";

pub(super) async fn answer(call: &Call, question: Question) -> Answer {
    let family = question.family;
    let (original, asked) = match call.asked(question) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let Some(accepted) = call.app.access.of(&asked.name) else {
        warn!(app = asked.name, "no access_team is declared for this application");
        let sentence = "This application accepts no assertion of Cloudflare Access.";
        return refuse(family, StatusCode::FORBIDDEN, sentence);
    };
    let tags = match call.by(question) {
        By::Host | By::Query | By::Name(_) => accepted.accepts.audiences.clone(),
        By::Tag(tag) => vec![tag.to_owned()],
    };
    let asking = call.asking(family, asked, &original);
    if shows_a_token(asking.headers) {
        // None of ours opens anything here, and none is handed on.
        return bad_token(&asking);
    }
    match access_visitor(asking.app, accepted, tags, asking.headers).await {
        Ok(visitor) => verdict_answer(&asking, accepted, &visitor),
        Err(error) => not_believed(&asking, &error),
    }
}

fn not_believed(asking: &Asking<'_>, error: &NotBelieved) -> Answer {
    let status = match error {
        NotBelieved::Several | NotBelieved::NotGood(_) => StatusCode::UNAUTHORIZED,
        NotBelieved::OtherProgram { .. }
        | NotBelieved::NeverSeen
        | NotBelieved::OtherAddress
        | NotBelieved::SeveralPeople => StatusCode::FORBIDDEN,
        NotBelieved::NoKeys | NotBelieved::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let app = &asking.asked.name;
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match error {
        NotBelieved::OtherProgram { common_name } => {
            info!(app, common_name, "a service token came that is not in access_service_tokens");
        }
        NotBelieved::OtherAddress => warn!(
            app,
            "an assertion names somebody of ours beside an e-mail address that is not theirs at Plex: they have to sign in \
             at Access again, or another login method of the team gives claims called sub or plex_sub"
        ),
        NotBelieved::NoKeys | NotBelieved::Store(_) => {
            warn!(app, %error, cause, "a request was not decided");
        }
        NotBelieved::Several
        | NotBelieved::NotGood(_)
        | NotBelieved::NeverSeen
        | NotBelieved::SeveralPeople => info!(app, %error, cause, "an assertion was not accepted"),
    }
    refuse(asking.family, status, &error.to_string())
}

fn verdict_answer(asking: &Asking<'_>, accepted: Accepted<'_>, visitor: &AccessVisitor) -> Answer {
    let Asking { app, asked, original, .. } = *asking;
    let kind = || RequestKind::of(original, &HeadersOf(asking.headers));
    let person = match visitor {
        AccessVisitor::Person(user, _) => Some(&user.person),
        AccessVisitor::Nobody | AccessVisitor::Program(..) => None,
    };
    // Access does not say which browser it is: where the host is to be asked about new ones, nobody passes this way.
    let asker = person.map(|person| person.through(Through::NewBrowser));
    let weighed = weigh(asked, original, kind, asker, (&app.rules, app.clock.now()));
    debug!(app = asked.name, verdict = ?weighed.verdict, kind = ?kind(), "a proxy asked, behind Cloudflare Access");
    let refused = |status, sentence| refuse(asking.family, status, sentence);
    match (visitor, weighed.verdict) {
        (AccessVisitor::Program(..), _) if weighed.lets_programs_in() => pass(asking, accepted, visitor),
        (AccessVisitor::Person(..) | AccessVisitor::Nobody, Verdict::Pass | Verdict::PassAnybody) => {
            match told(asking, &weighed, person) {
                Ok(Some(_)) => pass(asking, accepted, visitor),
                Ok(None) => pass(asking, accepted, &AccessVisitor::Nobody),
                Err(refusal) => *refusal,
            }
        }
        (AccessVisitor::Nobody, Verdict::SignIn | Verdict::Deny(_)) => {
            refused(StatusCode::UNAUTHORIZED, NO_ASSERTION)
        }
        (AccessVisitor::Program(..), _) => {
            refused(StatusCode::FORBIDDEN, "This part of the application is for people.")
        }
        (AccessVisitor::Person(..), Verdict::SignIn) => refused(StatusCode::FORBIDDEN, TOO_LONG_AGO),
        (AccessVisitor::Person(..), Verdict::Deny(_)) => refused(StatusCode::FORBIDDEN, NOT_FOR_YOU),
    }
}

/// Lets it pass, with the application's identity headers and then the claims.
fn pass(asking: &Asking<'_>, accepted: Accepted<'_>, visitor: &AccessVisitor) -> Answer {
    let (app, headers) = (asking.app, &asking.asked.headers);
    let (identity, claims) = match visitor {
        AccessVisitor::Person(user, assertion) => {
            let subject = user.subject();
            let about = Some((assertion.as_ref(), Some(&subject)));
            let told = app.as_told(&user.person);
            (headers.values(Some(&told), &app.gateway.names), claim_values(app, accepted, about))
        }
        AccessVisitor::Program(name, assertion) => {
            (headers.values_of_program(name), claim_values(app, accepted, Some((assertion, None))))
        }
        AccessVisitor::Nobody => {
            (headers.values(None, &app.gateway.names), claim_values(app, accepted, None))
        }
    };
    let identity = identity.into_iter().map(|(name, value)| (name, Bytes::from(value)));
    let claims = claims.iter().map(|(name, value)| (*name, Bytes::copy_from_slice(value.as_bytes())));
    pass_with(asking, headers_of(&app.gateway.header_names, identity.chain(claims)))
}
