//! The tokens of the API, for the host: looking at them, and ending one. They are made by command alone (decision 0024).

use axum::extract::State as Shared;
use http::{HeaderMap, StatusCode};
use plex_oidc_core::api::{ApiScope, ApiTokenId};
use plex_oidc_core::form::Parameters;

use super::host::{Acting, Host, host};
use super::host_views::{count, notice, number, pager, part, short};
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page, see_other};
use crate::app::{App, State};
use crate::flow::{FlowError, api_tokens};
use crate::pages::{AdminNotice, ApiTokens, Page, Said, ShownApiToken};
use crate::session::form_token;
use crate::store::records::ApiTokenRecord;

const PATH: &str = "/admin/api-tokens";
/// So many tokens are on one page: with the longest names and every scope it stays small.
const ROWS: u64 = 20;

/// `GET /admin/api-tokens`: which there are, oldest first, those that are over as well.
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
    let Ok(Sent(query)) = sent else { return see_other(PATH) };
    drawn(&app, &host, &query).await.unwrap_or_else(|error| failed(&app, &error, None))
}

/// `POST /admin/api-tokens/end`: ends one.
pub async fn end(Shared(app): Shared<State>, Acting { by, form, .. }: Acting) -> Answer {
    let id = form.get("id").ok().flatten().and_then(ApiTokenId::parse);
    let Some(id) = id else { return told(AdminNotice::NothingThere) };
    match api_tokens::revoke(&app, by, id).await {
        Ok(true) => told(AdminNotice::TokenEnded),
        Ok(false) => told(AdminNotice::NothingThere),
        Err(error) => failed(&app, &error, None),
    }
}

async fn drawn(app: &App, host: &Host, query: &Parameters) -> Result<Answer, FlowError> {
    let (all, at) = (app.store.api_tokens().await?, number(query, "page"));
    let shown: Vec<_> = part(&all, at, ROWS).iter().map(|token| listed(app, token)).collect();
    let values = ApiTokens {
        csrf: &form_token(&host.cookie),
        tokens: &shown,
        pager: &pager(at, (count(&all), ROWS), |at| format!("{PATH}?page={at}")),
        is_fresh: host.is_fresh(app),
        notice: notice(query),
    };
    Ok(page(app, StatusCode::OK, &Page::ApiTokens(&values)))
}

fn listed(app: &App, token: &ApiTokenRecord) -> ShownApiToken<'static> {
    let now = app.clock.now();
    let scopes: Vec<_> = token.scopes.iter().map(ApiScope::as_str).collect();
    ShownApiToken {
        id: token.id.to_string().into(),
        name: short(&token.name).into(),
        scopes: scopes.join(", ").into(),
        made: Said::ago(now.since(token.created)),
        until: token.expires.rfc3339().chars().take(10).collect::<String>().into(),
        is_over: token.expires.has_passed(now),
        used: token.last_used.map(|used| Said::ago(now.since(used))),
    }
}

/// Back to the page, which says so.
fn told(notice: AdminNotice) -> Answer {
    see_other(&format!("{PATH}?done={}", notice.word()))
}
