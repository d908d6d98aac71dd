//! What every backend must do, as functions over `dyn Store`. A backend's tests call all of them; the compiler's
//! dead-code warning names the ones forgotten.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plex_oidc_core::account::Account;
use plex_oidc_core::client::ExtraClaim;
use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId, GrantId, PlexAccountId, RequestId, Sid};
use plex_oidc_core::pkce::CodeChallenge;
use plex_oidc_core::requested_claims::RequestedClaims;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use super::Store;
use super::records::*;

pub(super) mod api_tokens;
pub(super) mod app_tokens;
pub(super) mod audit;
pub(super) mod browsers;
pub(super) mod client_tokens;
pub(super) mod codes;
pub(super) mod devices;
pub(super) mod gateway;
pub(super) mod host;
pub(super) mod keys;
pub(super) mod local;
pub(super) mod logins;
pub(super) mod logout;
pub(super) mod of_browsers;
pub(super) mod passkeys;
pub(super) mod people;
pub(super) mod plex_tokens;
pub(super) mod pushed;
pub(super) mod races;
pub(super) mod refresh;
pub(super) mod sessions;
pub(super) mod sweeping;

pub(super) type Shared = Arc<dyn Store>;

/// The moment at which every test begins.
pub(super) const T0: Timestamp = Timestamp(1_800_000_000);
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) fn after(seconds: u32) -> Timestamp {
    T0.plus(Seconds(seconds))
}

static NEXT: AtomicU64 = AtomicU64::new(1);

fn number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Lets a process that writes to an old database make identifiers that are new to it.
pub(super) fn start_numbers_at(first: u64) {
    NEXT.store(first, Ordering::Relaxed);
}

pub(super) fn hash_of(number: u64) -> SecretHash {
    let mut bytes = [0xa5; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    SecretHash(bytes)
}

pub(super) fn hash() -> SecretHash {
    hash_of(number())
}

fn uuid() -> Uuid {
    Uuid::from_u128(u128::from(number()))
}

pub(super) fn client(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

/// The number of a Plex account.
pub(super) fn plex_number(account: AccountId) -> u64 {
    match account {
        AccountId::Plex(id) => id.0,
        AccountId::Local(_) => panic!("a local account"),
    }
}

pub(super) fn user(account: u64) -> UserRecord {
    let account = Account {
        username: Some("robin".to_owned()),
        email: Some("robin@example.com".to_owned()),
        email_confirmed: true,
        ..Account::named(AccountId::Plex(PlexAccountId(account)), "Robin \"the\" Friend 🎬".to_owned())
    };
    let person = Person {
        account,
        groups: Groups::from([Group::friend()]),
        standing: Standing::Member { confirmed_at: T0, through: Vec::new() },
        shares: Vec::new(),
        marks: plex_oidc_core::decide::Marks::default(),
    };
    UserRecord { person, updated: T0 }
}

/// Stores that this user's access has ended, and says what ended with it.
pub(super) async fn end_access(store: &Shared, account: AccountId, now: Timestamp) -> EndedAccess {
    let mut user = store.user(account).await.unwrap().unwrap();
    (user.person.standing, user.updated) = (Standing::Ended, now);
    store.end_access(user).await.unwrap().expect("nothing newer is known")
}

pub(super) fn session(account: u64) -> NewBrowserSession {
    NewBrowserSession {
        hash: hash(),
        sid: Sid(uuid()),
        account_id: AccountId::Plex(PlexAccountId(account)),
        auth_time: T0,
        created: T0,
        idle_expires: T0.plus(Seconds::hours(1)),
        absolute_expires: T0.plus(Seconds::hours(8)),
        from: seen_from(),
        browser: MetBrowser::New(browser()),
    }
}

pub(super) fn seen_from() -> SeenFrom {
    SeenFrom { browser: Some("Firefox on Linux".to_owned()), address: Some([192, 0, 2, 7].into()) }
}

/// A browser that nobody was seen in before, and that the host need not be asked about.
pub(super) fn browser() -> NewBrowser {
    NewBrowser { id: BrowserId(uuid()), hash: hash(), approved: true, confirmed: false }
}

pub(super) fn code(session: &NewBrowserSession) -> NewCode {
    NewCode {
        hash: hash(),
        grant: NewGrant {
            client_id: client("photos"),
            account_id: session.account_id,
            sid: session.sid,
            scopes: ScopeSet::parse("openid profile offline_access"),
            requested_claims: RequestedClaims {
                userinfo: vec![ExtraClaim::Email],
                id_token: vec![ExtraClaim::Groups, ExtraClaim::Name],
            },
            resources: ResourceSet::parse("https://a.example https://b.example"),
            auth_time: T0,
            created: T0,
            plex_token_sealed: Some(SealedBytes(vec![1, 2, 3])),
        },
        redirect_uri: "https://photos.example.com/callback".to_owned(),
        code_challenge: CodeChallenge::parse(CHALLENGE),
        nonce: Some("n-0S6".to_owned()),
        expires: after(60),
        answers: Answers::Browser,
    }
}

pub(super) fn access() -> NewAccessToken {
    NewAccessToken {
        hash: hash(),
        scopes: ScopeSet::parse("openid profile"),
        resources: ResourceSet::parse("https://a.example"),
        expires: after(600),
    }
}

pub(super) fn refresh() -> NewRefreshToken {
    NewRefreshToken {
        hash: hash(),
        idle_expires: T0.plus(Seconds::days(14)),
        absolute_expires: T0.plus(Seconds::days(90)),
    }
}

pub(super) fn redeem(code: &NewCode, now: Timestamp) -> RedeemCode {
    RedeemCode {
        hash: code.hash,
        client_id: client("photos"),
        now,
        access: access(),
        refresh: Some(refresh()),
        with_challenge: code.code_challenge.is_some(),
        tell_of_logout: false,
    }
}

pub(super) fn login() -> NewLogin {
    NewLogin {
        id: RequestId(uuid()),
        cookie_hash: hash(),
        request_json: r#"{"client_id":"photos","state":"é\u0000"}"#.to_owned(),
        client_id: client("photos"),
        created: T0,
        expires: after(600),
    }
}

pub(super) fn pin() -> AdoptedPin {
    AdoptedPin {
        id: number(),
        code: SecretString::from("strong-code".to_owned()),
        mode: "browser".to_owned(),
        expires: after(300),
    }
}

pub(super) fn finish(login: &NewLogin, by: FinishedBy, account: u64) -> FinishLogin {
    let session = session(account);
    let code = code(&session);
    FinishLogin {
        id: login.id,
        by,
        now: after(30),
        user: user(account),
        session: Some(session),
        replaced_session: None,
        code: Some(code),
        plex_token: None,
    }
}

/// A user with a live browser session.
pub(super) async fn signed_in(store: &Shared) -> NewBrowserSession {
    let account = 1_000_000 + number();
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let mut finish = finish(&login, FinishedBy::BrowserSession, account);
    finish.code = None;
    let session = finish.session.clone().unwrap();
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    session
}

/// A code just issued in a live browser session.
pub(super) async fn issued(store: &Shared) -> (NewBrowserSession, NewCode) {
    let session = signed_in(store).await;
    let code = code(&session);
    assert!(store.issue_code(code.clone(), T0).await.unwrap());
    (session, code)
}

/// Tokens just obtained with a code: the request that obtained them, and the code.
pub(super) async fn redeemed(store: &Shared) -> (NewCode, RedeemCode) {
    let (_, code) = issued(store).await;
    let redeem = redeem(&code, T0);
    let redemption = store.redeem_code(redeem.clone()).await.unwrap();
    assert!(matches!(redemption, Redemption::Redeemed), "{redemption:?}");
    (code, redeem)
}

/// How often the two races of codes and refresh tokens are run: 20 times, or as `PLEX_OIDC_RACES` says (I-03 asks for
/// 200 before a release).
pub(super) fn rounds() -> u32 {
    std::env::var("PLEX_OIDC_RACES").map_or(20, |text| text.parse().unwrap())
}

/// Runs 64 calls at once, each on its own task, and returns their answers.
pub(super) async fn race<T, F>(store: &Shared, call: impl Fn(Shared, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let (start, call) = (Arc::clone(&start), call(Arc::clone(store), index));
            tokio::spawn(async move {
                start.wait().await;
                call.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// Signs in, redeems, refreshes, and prints the number of each refresh token once the store has acknowledged it.
pub(super) async fn write_for_ever(store: Shared) {
    loop {
        let (_, code) = issued(&store).await;
        let mut current = number();
        let first = NewRefreshToken { hash: hash_of(current), ..refresh() };
        let redeem = RedeemCode { refresh: Some(first), ..redeem(&code, T0) };
        store.redeem_code(redeem).await.unwrap();
        acknowledge(current);
        for second in 1..5 {
            let next = number();
            let renewal =
                Renewal::Rotate { successor: hash_of(next), idle_expires: T0.plus(Seconds::days(14)) };
            let rotate = Rotate {
                presented: hash_of(current),
                client_id: client("photos"),
                now: after(second),
                access: access(),
                renewal,
                grace: Seconds(10),
            };
            let answer = store.rotate_refresh(rotate).await.unwrap();
            assert!(matches!(answer, Rotation::Rotated), "{answer:?}");
            acknowledge(next);
            current = next;
        }
    }
}

/// The last token that a killed process acknowledged can be used; at most its answer, not its successor, was lost.
pub(super) async fn is_usable(store: &Shared, number: u64) {
    let rotate = Rotate {
        presented: hash_of(number),
        client_id: client("photos"),
        now: after(6),
        access: access(),
        renewal: Renewal::Rotate { successor: hash(), idle_expires: T0.plus(Seconds::days(14)) },
        grace: Seconds(10),
    };
    let access = rotate.access.hash;
    let answer = store.rotate_refresh(rotate).await.unwrap();
    assert!(matches!(answer, Rotation::Rotated | Rotation::GraceReuse), "{number:x}: {answer:?}");
    assert!(store.access_token(access, after(7)).await.unwrap().is_some());
}

fn acknowledge(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "acknowledged {number}").unwrap();
    out.flush().unwrap();
}
