//! The keys of `[[clients]]`, the applications that sign people in by OpenID Connect.

use super::{Kind, Section, TOKEN_LIFE, key, such_as};

const SCOPES: Kind =
    Kind::SomeOf(&["openid", "profile", "email", "address", "phone", "groups", "offline_access"]);
const METHODS: Kind = Kind::OneOf(&["client_secret_basic", "client_secret_post", "none"]);
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
            "Cloudflare Access",
            key("name", Kind::Text("a text"), None, "Its name for people. Without it, the id."),
        ),
        key("enabled", Kind::Flag, Some("true"), "Whether it may be used at all."),
        key(
            "auth_method",
            METHODS,
            Some("client_secret_basic"),
            "How it proves itself at the token endpoint: its secret in a header, its secret in the form, or `none` \
             for an application that cannot keep a secret.",
        ),
        such_as(
            "cloudflare-access.secret",
            key(
                "secret_file",
                Kind::Path,
                None,
                "The file with its secret, or with the secret's hash as `plex-oidc client add` writes it. Two \
                 lines are two secrets, both good, while one replaces the other. Required unless `auth_method` is \
                 `none`.",
            ),
        ),
        key("secret", Kind::Secret, None, "The secret itself. As a variable only, for hosts without files."),
        such_as(
            "https://example.cloudflareaccess.com/cdn-cgi/access/callback",
            key(
                "redirect_uris",
                Kind::Texts("addresses"),
                None,
                "The addresses to which answers may go, each written out in full. Required.",
            ),
        ),
        key(
            "allow",
            Kind::Texts("groups, account ids or e-mail addresses"),
            Some("plex-owner, plex-home, plex-friend"),
            "Who may use it: groups (`plex-owner`, `plex-home`, `plex-friend`, `plex-managed`, \
             `plex-library:<key>`), accounts (`plex-<account id>`, `local-<id>`) and confirmed e-mail \
             addresses. Local accounts come in where `local`, one of `local.groups` or the account itself is named. An \
             empty list means nobody.",
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
                Kind::OneOf(&["account", "server"]),
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
