//! The passkeys of the host: looking at them, adding one, removing one. What changes something takes a proof of the last ten minutes
//! that is no passkey: a sign-in with Plex, or a link made on the machine. Else whoever found an unlocked phone could stay.

use std::net::IpAddr;

use axum::extract::{FromRequest, Request, State as Shared};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::form::Parameters;

use super::host::{Host, host, host_form, hosts};
use super::passkey_form::{Sheet, new};
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, json, page, page_error, see_other};
use super::rows;
use crate::app::{App, State};
use crate::flow::audit::Own;
use crate::flow::passkeys::{self as flow, Added, LONGEST_NAME};
use crate::flow::{FlowError, app_tokens};
use crate::pages::{ErrorKind, Page, PasskeyNotice, Passkeys, PasskeysMay};
use crate::session::form_token;
use crate::store::records::PasskeyId;

const PATH: &str = "/admin/passkeys";

/// `GET /admin/passkeys`: which there are.
pub async fn show(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let host = match host(&app, &headers, address, None).await {
        Ok(host) => host,
        Err(answer) => return answer,
    };
    let notice = sent.ok().and_then(|Sent(query)| PasskeyNotice::of_word(query.get("done").ok().flatten()?));
    match drawn(&app, host, &headers, notice).await {
        Ok(answer) => answer,
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/passkeys/options`: what the script of the page asks the browser for.
pub async fn options(Shared(app): Shared<State>, Proven { host, .. }: Proven) -> Answer {
    match flow::begin_adding(&app, host.account, &host.cookie).await {
        Ok(Some(creation)) => json(StatusCode::OK, &creation),
        Ok(None) => page_error(&app, ErrorKind::NotFound, None),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/passkeys`: adds one.
pub async fn add(Shared(app): Shared<State>, Proven { host, form, address }: Proven) -> Answer {
    let Some(name) = name_in(&form) else { return told(PasskeyNotice::NoName) };
    let Some(new) = Sheet::of(&form).and_then(|sheet| new(sheet, name)) else {
        return told(PasskeyNotice::NotGood);
    };
    let by = Own { account: host.account, address };
    match flow::add(&app, by, new, &host.cookie).await {
        Ok(Added::Done) => told(PasskeyNotice::Added),
        Ok(Added::NotGood) => told(PasskeyNotice::NotGood),
        Ok(Added::There) => told(PasskeyNotice::There),
        Ok(Added::TooMany) => told(PasskeyNotice::TooMany),
        Ok(Added::NotForYou) => told(PasskeyNotice::NotHost),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/passkeys/remove`: removes one.
pub async fn remove(Shared(app): Shared<State>, Proven { host, form, address }: Proven) -> Answer {
    let id = form.get("id").ok().flatten().and_then(PasskeyId::parse);
    let Some(id) = id else { return told(PasskeyNotice::NothingThere) };
    match flow::remove(&app, Own { account: host.account, address }, id).await {
        Ok(true) => told(PasskeyNotice::Removed),
        Ok(false) => told(PasskeyNotice::NothingThere),
        Err(error) => failed(&app, &error, None),
    }
}

/// A form of the page, from whoever has just proved to be the host by something else than a passkey (requirement 147).
pub struct Proven {
    host: Host,
    form: Parameters,
    address: IpAddr,
}

impl FromRequest<State> for Proven {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &State) -> Result<Self, Answer> {
        let (host, form, address) = host_form(request, app).await?;
        if host.is_freshly_proven(app) { Ok(Self { host, form, address }) } else { Err(see_other(PATH)) }
    }
}

async fn drawn(
    app: &App,
    host: Host,
    headers: &HeaderMap,
    notice: Option<PasskeyNotice>,
) -> Result<Answer, FlowError> {
    // What proves enough may not be what is the freshest.
    let proven = hosts(app, headers).await?.into_iter().find(|host| host.is_freshly_proven(app));
    let may = if !flow::are_possible(app) {
        PasskeysMay::NotHere
    } else if !flow::may_have(app, host.account).await? {
        PasskeysMay::NotOwner
    } else if proven.is_none() {
        PasskeysMay::ProveFirst
    } else {
        PasskeysMay::Change
    };
    let host = proven.unwrap_or(host);
    let passkeys = flow::of(&*app.store, host.account).await?;
    let shown = rows::passkeys(app, &passkeys);
    let csrf = form_token(&host.cookie);
    let values = Passkeys { csrf: &csrf, passkeys: &shown, may, longest_name: LONGEST_NAME, notice };
    Ok(page(app, StatusCode::OK, &Page::Passkeys(&values)))
}

fn name_in(form: &Parameters) -> Option<String> {
    let name = form.get("name").ok().flatten()?.trim();
    let fits = app_tokens::is_name(name) && name.chars().count() <= LONGEST_NAME;
    fits.then(|| name.to_owned())
}

/// Back to the page, which says so.
fn told(notice: PasskeyNotice) -> Answer {
    see_other(&format!("{PATH}?done={}", notice.word()))
}
