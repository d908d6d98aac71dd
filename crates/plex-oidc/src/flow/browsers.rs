//! The browsers that accounts are known in: which one somebody is in, and what they say of the others.
//!
//! A browser is known by a cookie of its own for each account. It opens nothing: whoever has it has proved nothing. A cookie that
//! is not known to the account that signs in is never taken over, so that nobody can put one there beforehand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{NewBrowsers, Person};
use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::SecretKind;
use tracing::{info, warn};

use super::attempt::{Attempt, Frozen};
use super::audit::{Own, note};
use super::{FlowError, alarm, audit, mail, sign_out};
use crate::app::App;
use crate::pages::Language;
use crate::session::BrowserCookie;
use crate::store::records::{
    BrowserSession, EndedAccess, Forgotten, KnownBrowser, ListedBrowser, MetBrowser, NewBrowser, UserRecord,
    WaitingBrowser,
};

/// What the names of the cookies are made with, so that they do not name accounts.
const PURPOSE: &str = "browser of an account";

/// What a browser sends that comes back from signing in.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The session that it had.
    pub session: Option<&'a BrowserSession>,
}

/// The browser in which somebody has just proved who they are.
pub struct Met {
    /// What is to be stored of it.
    pub browser: MetBrowser,
    /// What it is to be known by from now on.
    pub cookie: BrowserCookie,
}

/// Which browser of this account it is.
pub async fn met(app: &App, account: AccountId, visit: Visit<'_>) -> Result<Met, FlowError> {
    let tag = tag(app, account);
    if let Some(secret) = app.cookies.browser(visit.headers, &tag)
        && let Some(known) = app.store.known_browser(account, secret.hash(), app.clock.now()).await?
    {
        return Ok(Met { browser: MetBrowser::Known(known), cookie: BrowserCookie { tag, secret } });
    }
    let secret = app.entropy.secret(SecretKind::KnownBrowser);
    // Whoever was inside in this browser before browsers were kept is not new in it.
    let was_here = visit.session.is_some_and(|old| old.user.account_id() == account && old.browser.is_none());
    let new = NewBrowser {
        id: BrowserId(app.entropy.uuid()),
        hash: secret.hash(),
        approved: was_here || !host_is_asked(app),
        confirmed: was_here,
    };
    Ok(Met { browser: MetBrowser::New(new), cookie: BrowserCookie { tag, secret } })
}

/// Whether the host is asked about new browsers anywhere. While that is nowhere, those that come need nobody's yes later either.
fn host_is_asked(app: &App) -> bool {
    let of_clients = app.clients.iter().map(|client| client.new_browsers);
    let of_apps = app.gateway.apps.0.iter().map(|found| found.audience.new_browsers);
    of_clients.chain(of_apps).any(|policy| policy == NewBrowsers::AskHost)
}

/// Whether the host is asked about new browsers of this person.
pub fn is_asked_about(app: &App, person: &Person) -> bool {
    host_is_asked(app) && !app.rules.is_owner(person.account.id)
}

fn tag(app: &App, account: AccountId) -> String {
    let digest = app.mac.digest(PURPOSE, &[&account.to_string()]);
    let (first, _) = digest.split_at(9);
    URL_SAFE_NO_PAD.encode(first)
}

/// Keeps the browser of somebody who has to wait for the host: an answer would be about it.
pub(super) async fn keep_waiting(
    app: &App,
    attempt: &Attempt<'_>,
    account_id: AccountId,
    met: &Met,
) -> Result<(), FlowError> {
    let from = attempt.frozen.from.clone();
    let waiting = WaitingBrowser { account_id, browser: met.browser.clone(), from };
    app.store.keep_waiting_browser(waiting, app.clock.now()).await?;
    Ok(())
}

/// What was known of an account before it signs in once more, if somebody may have to be written to.
pub(super) async fn known_before(app: &App, account: AccountId) -> Result<Option<UserRecord>, FlowError> {
    Ok(if app.mail.is_some() { app.store.user(account).await? } else { None })
}

/// Somebody has signed in, who was known as `before`. Whether that was news is known by what was stored: the first browser of an
/// account is none.
pub(super) async fn tell_of(
    app: &App,
    attempt: &Attempt<'_>,
    (before, user): (Option<&UserRecord>, &UserRecord),
    met: &MetBrowser,
) {
    let MetBrowser::New(new) = met else { return };
    let is_news = match app.store.is_news(user.account_id(), new.id).await {
        Ok(is_news) => is_news,
        Err(error) => return warn!(%error, "nobody is told of a new browser"),
    };
    if is_news {
        info!(account = %user.account_id(), browser = %new.id, "somebody signed in from a browser that is new to the account");
        audit::new_browser(app, attempt, user).await;
        // Whoever has taken over an account may have given it an address of theirs.
        let has_moved = |old: &&UserRecord| old.person.account.email != user.person.account.email;
        for user in before.filter(has_moved).into_iter().chain([user]) {
            write_of(app, attempt, user);
        }
    }
}

/// Writes to whoever signed in, where the file names a mail server. Their own page has the same news in any case.
fn write_of(app: &App, attempt: &Attempt<'_>, user: &UserRecord) {
    let Frozen { from, language, .. } = &attempt.frozen;
    let language = language.as_deref().and_then(Language::of_tag).unwrap_or_else(|| app.pages.language());
    let address = from.address.map(|address| address.to_string()).unwrap_or_default();
    let at = app.clock.now().rfc3339();
    let what = match &from.browser {
        Some(browser) => (
            "mail.new_browser.what",
            &[("browser", browser.as_str()), ("address", &address), ("time", &at)][..],
        ),
        None => ("mail.new_browser.what_unknown", &[("address", address.as_str()), ("time", &at)][..]),
    };
    let page = app.issuer.join("/account");
    let what_now = ("mail.new_browser.what_now", &[("page", page.as_str())][..]);
    mail::tell_person(
        app,
        &user.person.account,
        language,
        ("mail.new_browser.subject", &[]),
        &[what, what_now],
    );
}

/// The browsers of one person.
pub struct Browsers {
    /// All of them, the last used one first.
    pub all: Vec<ListedBrowser>,
    /// The one that looks, if it is among them.
    pub here: Option<BrowserId>,
}

impl Browsers {
    /// Those of somebody, as they see them in this session.
    pub async fn of(app: &App, session: &BrowserSession) -> Result<Self, FlowError> {
        let all = app.store.browsers_of(session.user.account_id(), app.clock.now()).await?;
        Ok(Self { all, here: session.browser.map(|KnownBrowser { id, .. }| id) })
    }

    /// Whether this one may say of another that it was theirs: it was there before.
    pub fn can_confirm(&self, other: &ListedBrowser) -> bool {
        let here = self.here.map(|here| self.all.iter().find(|browser| browser.id == here));
        let is_older = match here {
            None => true, // the session began before browsers were kept
            Some(here) => here.is_some_and(|here| here.first_used < other.first_used),
        };
        is_older && !other.confirmed && Some(other.id) != self.here
    }

    /// Whether the person has to be told of another one: it came after this one, or somebody is signed in in it now.
    pub fn is_news(&self, other: &ListedBrowser) -> bool {
        let is_another = Some(other.id) != self.here;
        is_another && !other.confirmed && (self.can_confirm(other) || other.signed_in)
    }
}

/// That was me: `session` is where it is said. `false`: there is nothing to say, or not here.
pub async fn confirm(app: &App, by: Own, session: &BrowserSession, id: BrowserId) -> Result<bool, FlowError> {
    let here = session.browser.map(|here| here.id);
    let confirmed = app.store.confirm_browser(by.account, id, here).await?;
    info!(account = %by.account, browser = %id, confirmed, "somebody says that a new browser is theirs");
    if confirmed {
        note(app, by.did(app, What::BrowserConfirmed).target(&id.to_string())).await;
    }
    Ok(confirmed)
}

/// Forgets a browser of this person, and ends all that came of it. `None`: it is not theirs, or gone already.
pub async fn disown(
    app: &App,
    by: Own,
    id: BrowserId,
    why: Forgotten,
) -> Result<Option<EndedAccess>, FlowError> {
    let ended = app.store.disown_browser(by.account, id, why, app.clock.now()).await?;
    let Some(ended) = ended else { return Ok(None) };
    info!(
        account = %by.account, address = %by.address, browser = %id, sessions = ended.sessions, grants = ended.grants,
        app_tokens = ended.app_tokens, ?why, "somebody had a browser of theirs forgotten"
    );
    sign_out::announce(app);
    let what = match why {
        Forgotten::NotTheirs => What::BrowserDisowned,
        Forgotten::NotUsed => What::BrowserForgotten,
    };
    if why == Forgotten::NotTheirs {
        let message = format!(
            "{} says that a sign-in in their name was somebody else's: see the audit log",
            by.account
        );
        alarm::tell_host(app, "browser_disowned", message, Some(by.account.to_string()));
    }
    note(app, by.did(app, what).target(&id.to_string())).await;
    Ok(Some(ended))
}

/// The cookie by which this browser is known to somebody, to be taken away.
pub fn cookie_of(app: &App, account: AccountId) -> String {
    app.cookies.clear_browser(&tag(app, account))
}
