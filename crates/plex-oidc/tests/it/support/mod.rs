//! The actors of the integration tests, around the real program.
//!
//! - [`House`] is one installation: the real configuration from TOML, the real router, a real SQLite file, real keys, and
//!   a plex.tv of its own. `House::new().await` takes the usual one; [`Setup`] changes lines of its file first.
//!   [`House::pass`] turns both clocks; nothing sleeps.
//!   Ours stands still in between; that of plex.tv runs.
//! - [`Browser`] is one person's browser: it keeps cookies and follows redirects on our host. Where we send it elsewhere it
//!   stops, and [`Answer::leaves`] says where to. `submit` presses the buttons of our pages; `start` and `finish` do what our
//!   script does.
//! - [`RelyingParty`] is an application: it makes [`Authorization`]s (PKCE, state, nonce), redeems codes, refreshes, asks
//!   for claims, and checks ID tokens against our key set with a library that is not ours.
//! - [`Proxy`] asks the gateway as a real one of its family would; [`Visitor`] is a browser that visits applications
//!   through it, with cookies for each host.
//! - [`Inside`] is somebody who is signed in everywhere, and says whether that still holds.
//! - [`Log`] keeps what the program says while it is held.
//! - [`Plex`] is plex.tv: approve a PIN as a persona, take the service down, look at what was asked.
//!
//! The usual house has these applications, each at `https://<id>.example.org/callback`, each with every scope:
//!
//! | id | authenticates by | PKCE |
//! |---|---|---|
//! | `photos` | `client_secret_basic` | demanded |
//! | `wiki` | `client_secret_post` | demanded |
//! | `tv` | nothing (public); also at `http://127.0.0.1/callback` and `com.example.tv:/callback` | demanded |
//! | `legacy` | `client_secret_basic` | not demanded |
//!
//! ```ignore
//! let house = House::new().await;
//! let (photos, mut browser) = (house.relying_party("photos"), house.browser());
//! let asked = photos.authorization();
//! let landing = browser.sign_in(&asked.url(), "friend").await;
//! let tokens = photos.tokens(&asked, &landing).await;
//! assert_eq!(photos.id_claims(&tokens.id_token()).await["sub"], "plex-48151001");
//! ```
//!
//! What the example does, `house.sign_in("friend", &photos)` does in one line.

mod answer;
mod app_cookies;
mod browser;
mod clock;
mod cookies;
mod data;
mod door;
mod house;
mod inside;
mod log;
mod pages;
mod plex;
mod proxy;
mod relying_party;
mod setup;

pub(crate) use answer::{Answer, Form, Landing};
pub(crate) use app_cookies::AppCookies;
pub(crate) use browser::{Browser, Pin};
pub(crate) use door::{Door, get, post_form};
pub(crate) use house::House;
pub(crate) use inside::{Inside, LOUNGE, by_own_tokens, round, with_lounge};
pub(crate) use log::Log;
pub(crate) use pages::{functions, is_written, listed};
pub(crate) use plex::Plex;
pub(crate) use proxy::{FAMILIES, PROXY_NETWORK, Proxy, Visit, Visitor, redirected};
pub(crate) use relying_party::{Authorization, ClientAuth, RelyingParty, Tokens};
pub(crate) use setup::{ISSUER, PRODUCT, Setup, secret_of};
