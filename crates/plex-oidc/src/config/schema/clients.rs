//! The keys of `[[clients]]`, the applications that sign people in by OpenID Connect.

use super::{Kind, NEW_BROWSERS, PEOPLE, PLEX_TOKEN, Section, TOKEN_LIFE, key, such_as};

const SCOPES: Kind =
    Kind::SomeOf(&["openid", "profile", "email", "address", "phone", "groups", "offline_access"]);
const METHODS: Kind = Kind::OneOf(&["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]);
const GRANT_TYPES: Kind = Kind::SomeOf(&["authorization_code", "device_code", "client_credentials"]);
const CLAIMS: Kind =
    Kind::SomeOf(&["preferred_username", "name", "email", "email_verified", "picture", "groups"]);

pub(super) const CLIENTS: Section = Section {
    name: "clients",
    repeats: true,
    help: "One application that signs people in here. `plex-oidc client add` writes this section.",
    keys: &[
        such_as(
            "cloudflare-access",
            key(
                "id",
                Kind::Text("an identifier"),
                None,
                "The client id that the application sends. Required.",
            ),
        ),
        such_as(
            "immich",
            key(
                "preset",
                Kind::Text("the name of a preset"),
                None,
                "The application that this is, as `plex-oidc presets` lists it. Every key of this section that is not \
                 written then has the value that this application needs.",
            ),
        ),
        such_as(
            "https://photos.example.com",
            key(
                "url",
                Kind::Text("an address"),
                None,
                "Where browsers reach the application: its preset makes the redirect URIs from it. Only with `preset`.",
            ),
        ),
        such_as(
            "Cloudflare Access",
            key(
                "name",
                Kind::Text("a text"),
                None,
                "Its name for people. Without it, its preset's, else the id.",
            ),
        ),
        such_as(
            "icons/photos.svg",
            key(
                "icon_file",
                Kind::Path,
                None,
                "A picture of it for people's own pages: a PNG, WebP or SVG file of at most 64 KiB. Without one, its first letters on a \
                 colour stand there.",
            ),
        ),
        key("enabled", Kind::Flag, Some("true"), "Whether it may be used at all."),
        key(
            "auth_method",
            METHODS,
            Some("client_secret_basic"),
            "How it proves itself at the token endpoint: its secret in a header, its secret in the form, a statement that \
             it signs (`private_key_jwt`), or `none` for an application that can keep neither secret nor key.",
        ),
        such_as(
            "cloudflare-access.secret",
            key(
                "secret_file",
                Kind::Path,
                None,
                "The file with its secret, or with the secret's hash as `plex-oidc client add` writes it. Two \
                 lines are two secrets, both good, while one replaces the other. Required where `auth_method` uses a \
                 secret.",
            ),
        ),
        key("secret", Kind::Secret, None, "The secret itself. As a variable only, for hosts without files."),
        such_as(
            "backup.jwks",
            key(
                "jwks_file",
                Kind::Path,
                None,
                "The file with its public keys, as a JWK set. Required where `auth_method` is `private_key_jwt`. The kind of \
                 a key decides the algorithm: RSA is RS256, P-256 is ES256, Ed25519 is EdDSA.",
            ),
        ),
        such_as(
            r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
            key("jwks", Kind::Text("a JWK set"), None, "The same keys as a text, instead of a file."),
        ),
        key(
            "grant_types",
            GRANT_TYPES,
            Some("authorization_code"),
            "How it comes by tokens: people sign in (`authorization_code`), they type a code that it shows, as televisions and \
             command lines do (`device_code`), or it acts for itself (`client_credentials`), which needs a secret or a key.",
        ),
        such_as(
            "https://example.cloudflareaccess.com/cdn-cgi/access/callback",
            key(
                "redirect_uris",
                Kind::Texts("addresses"),
                None,
                "The addresses to which answers may go, each written out in full. Required for \
                 `authorization_code`, unless a preset has them.",
            ),
        ),
        such_as(
            "https://photos.example.com/",
            key(
                "post_logout_redirect_uris",
                Kind::Texts("addresses"),
                Some(""),
                "The addresses to which it may send people after they signed out, each written out in full.",
            ),
        ),
        such_as(
            "https://photos.example.com/oidc/backchannel-logout",
            key(
                "backchannel_logout_uri",
                Kind::Text("an address"),
                None,
                "Where it wants to be told that somebody has signed out (back-channel logout). Plain http is accepted for an \
                 application with a secret.",
            ),
        ),
        key(
            "backchannel_logout_session_required",
            Kind::Flag,
            Some("false"),
            "Whether it must be told which session has ended. It always is: the key is there because applications ask \
             for it.",
        ),
        key(
            "allow",
            PEOPLE,
            Some("plex-owner, plex-home, plex-friend"),
            "Who may use it: groups (`plex-owner`, `plex-home`, `plex-friend`, `plex-managed`, \
             `plex-library:<key>`), accounts (`plex-<account id>`, `local-<id>`) and confirmed e-mail \
             addresses. Local accounts come in where `local`, one of `local.groups` or the account itself is named. An \
             empty list means nobody.",
        ),
        key(
            "new_browsers",
            NEW_BROWSERS,
            Some("allow"),
            "`ask-host`: whoever comes from a browser that is new to their account waits until you say yes to it on `/admin`. \
             Not for owners of a server.",
        ),
        key(
            "pkce_required",
            Kind::Flag,
            Some("true"),
            "Whether it must use PKCE. Switch this off only for an application that cannot.",
        ),
        key(
            "consent_required",
            Kind::Flag,
            Some("false"),
            "Whether each person is asked once before the application learns who they are.",
        ),
        key(
            "signing_algorithm",
            Kind::OneOf(&["RS256", "ES256", "EdDSA"]),
            Some("RS256"),
            "How its ID tokens are signed. Cloudflare Access and most others want RS256.",
        ),
        key(
            "require_pushed_authorization_requests",
            Kind::Flag,
            Some("false"),
            "Whether it must push its authorization requests to `/par` (RFC 9126) instead of sending them through the \
             browser. Every other application may, and need not.",
        ),
        key(
            "subject_type",
            Kind::OneOf(&["public", "pairwise"]),
            Some("public"),
            "`pairwise` calls each person by another `sub` than other applications do, so that two of them cannot tell by it \
             that they have the same person. It depends on the key file and on the sector: with either changed, everybody \
             is somebody new to the application.",
        ),
        such_as(
            "example.org",
            key(
                "sector",
                Kind::Text("a name"),
                None,
                "With `pairwise`: applications of one sector know a person by the same `sub`. Without it, the host of the \
                 redirect URIs, which must then be one.",
            ),
        ),
        such_as(
            "RS256",
            key(
                "userinfo_signed_response_alg",
                Kind::OneOf(&["RS256", "ES256", "EdDSA"]),
                None,
                "Has the UserInfo endpoint answer with a signed JWT instead of JSON, for an application that asks for it.",
            ),
        ),
        key("scopes", SCOPES, Some("openid, profile, email, groups"), "The scopes that it can be granted."),
        such_as(
            "email, groups",
            key(
                "id_token_claims",
                CLAIMS,
                Some(""),
                "Claims that also go into the ID token, for applications that read nothing else.",
            ),
        ),
        such_as(
            "server",
            key(
                "plex_token",
                PLEX_TOKEN,
                None,
                "Hands the person's Plex token to this application, as claim `plex_token`: the token of the whole \
                 account, or the one for the shared server. Off unless written.",
            ),
        ),
        such_as(
            "true",
            key(
                "plex_token_sealed",
                Kind::Flag,
                Some("false"),
                "Seals that claim: whoever reads it on the way learns nothing, and only this installation's check of \
                 Cloudflare Access opens it, for the application behind.",
            ),
        ),
        such_as(
            "https://api.example.com",
            key(
                "resources",
                Kind::Texts("addresses"),
                Some(""),
                "The APIs that it may ask tokens for (`resource`). A token that was asked for one is for that alone: UserInfo \
                 takes it only if `public_url` is named as well.",
            ),
        ),
        such_as(
            "photos",
            key(
                "introspects",
                Kind::Texts("client ids"),
                None,
                "The applications whose access tokens it may ask about at the introspection endpoint, because it answers \
                 requests that carry them. Its own tokens it may ask about anyway.",
            ),
        ),
        such_as(
            "true",
            key(
                "rotate_refresh_tokens",
                Kind::Flag,
                None,
                "Whether each use of a refresh token replaces it. Without it: yes for an application without a \
                 secret, no for others.",
            ),
        ),
        such_as(
            "10m",
            key(
                "access_token_lifetime",
                TOKEN_LIFE,
                None,
                "For this application, instead of `tokens.access`.",
            ),
        ),
        such_as(
            "10m",
            key("id_token_lifetime", TOKEN_LIFE, None, "For this application, instead of `tokens.id`."),
        ),
    ],
};
