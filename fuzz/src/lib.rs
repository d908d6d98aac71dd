//! What the fuzz targets share: a fixed installation to attack, and how a target reads its input.
//!
//! Each target states what must hold whatever the input is. The expected answer is worked out from the input by other
//! means than the code under test wherever there is a second way.

use std::sync::LazyLock;

use plex_oidc_core::client::{Client, ClientAuthMethod, Clients, GrantType, SigningAlgorithm, SubjectType};
use plex_oidc_core::decide::AllowRule;
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::redirect::RedirectUri;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::{Scope, ScopeSet};
use plex_oidc_core::secret::{SecretHash, SecretKind};
use plex_oidc_core::time::Seconds;

/// The program's cookies. The file stands alone, and taking it by its path spares every fuzz build the rest of the
/// program with its database, which takes minutes to compile.
#[path = "../../crates/plex-oidc/src/session.rs"]
pub mod session;

/// The issuer of the fixed installation.
pub static ISSUER: LazyLock<Issuer> =
    LazyLock::new(|| Issuer::parse("https://auth.example.com").expect("a fixed text"));

/// The redirect URIs that each client of the fixed installation registered.
pub const REDIRECT_URIS: [&str; 5] = [
    "https://rp.example/cb?a=b",
    "https://rp.example/cb",
    "http://127.0.0.1/cb",
    "http://[::1]:7/cb?x",
    "com.example.app:/callback",
];

/// The secrets of the confidential clients.
pub const SECRETS: [(&str, &str); 3] =
    [("basic", "p:%+/ \u{fc}"), ("post", "secret-of-post"), ("o:%+ d", "s")];

/// The clients of the fixed installation: `basic`, `post`, `o:%+ d`, `public`, and `off`, which is switched off.
pub static CLIENTS: LazyLock<Clients> = LazyLock::new(|| {
    let off = Client { enabled: false, ..client("off", ClientAuthMethod::None) };
    let public = Client { pkce_required: true, ..client("public", ClientAuthMethod::None) };
    let basic = client("basic", ClientAuthMethod::ClientSecretBasic);
    let post = client("post", ClientAuthMethod::ClientSecretPost);
    let odd = client("o:%+ d", ClientAuthMethod::ClientSecretBasic);
    [basic, post, odd, public, off].into_iter().collect()
});

fn client(id: &str, auth_method: ClientAuthMethod) -> Client {
    let secrets = SECRETS.iter().filter(|(owner, _)| *owner == id);
    let friends = vec![AllowRule::Group(Group::friend())];
    Client {
        auth_method,
        secrets: secrets.map(|(_, secret)| SecretHash::of(SecretKind::ClientSecret, secret)).collect(),
        redirect_uris: REDIRECT_URIS.map(|uri| RedirectUri::register(uri).expect("a fixed text")).to_vec(),
        scopes: Scope::ALL.into_iter().collect::<ScopeSet>(),
        rotate_refresh_tokens: false,
        access_token_lifetime: Seconds(3600),
        id_token_lifetime: Seconds(3600),
        ..Client::of_ours(ClientId::parse(id).expect("a fixed text"), id.to_owned(), friends)
    }
}

/// The first byte of an input says what the rest is taken for; printable in every seed, so that seeds can be read.
pub fn mode(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(mode, rest)| (*mode, rest))
}

/// The input up to the first line feed, and what follows it.
pub fn two_lines(data: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// RFC 9110 s. 5.5, and stricter: what goes into `Location` is visible ASCII and nothing else.
pub fn assert_sendable(location: &str) {
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "unsendable Location: {location:?}");
}
