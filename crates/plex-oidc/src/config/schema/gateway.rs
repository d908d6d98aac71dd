//! The keys of the gateway: `[gateway]`, `[[apps]]` with their rules, `[[access_teams]]`.

use super::{Kind, NEW_BROWSERS, PEOPLE, PLEX_TOKEN, SESSION_LIFE, Section, key, such_as};

pub(super) const GATEWAY: Section = Section {
    name: "gateway",
    repeats: false,
    help: "What all applications behind the gateway (forward auth) have in common.",
    keys: &[
        key(
            "session_idle",
            SESSION_LIFE,
            Some("7d"),
            "How long a session at an application lives without being used. At most `session_absolute`.",
        ),
        key(
            "session_absolute",
            SESSION_LIFE,
            Some("30d"),
            "The longest life of such a session. It also ends with the browser session (`[session]`) that it came of, \
             which counts as used while the application is.",
        ),
        such_as(
            "example.com",
            key(
                "cookie_domains",
                Kind::Texts("domains"),
                Some(""),
                "Domains whose applications share one session: signing in at one of them is enough for all of them, \
                 and each of them could use it at the others. Applications elsewhere have a session each.",
            ),
        ),
        key(
            "user",
            Kind::OneOf(&["subject", "email", "username"]),
            Some("subject"),
            "What applications call people: `plex-<account id>`, the confirmed e-mail address, or the name at Plex, \
             which its owner can change.",
        ),
        such_as(
            "plex-1002003=olive",
            key(
                "names",
                Kind::Texts("names, each as plex-<account id>=name"),
                Some(""),
                "What applications call somebody instead, such as the name that an account there already has. Nobody \
                 else is ever called so.",
            ),
        ),
    ],
};

pub(super) const APPS: Section = Section {
    name: "apps",
    repeats: true,
    help: "One application behind the gateway, which asks this program before it passes a request on.",
    keys: &[
        such_as(
            "wiki",
            key(
                "name",
                Kind::Text("a name"),
                None,
                "Its name in logs and in `/authz/app/<name>/…`: lower-case letters, digits, `-`, `.` and `_`. Without it, \
                 the first host.",
            ),
        ),
        such_as(
            "icons/wiki.svg",
            key(
                "icon_file",
                Kind::Path,
                None,
                "A picture of it for people's own pages: a PNG, WebP or SVG file of at most 64 KiB. Without one, its first letters on a \
                 colour stand there.",
            ),
        ),
        such_as(
            "wiki.example.com",
            key(
                "host",
                Kind::Text("a host"),
                None,
                "The host under which browsers reach it, without a port; `*.example.com` is every host one label \
                 below. Required, here or as `hosts`.",
            ),
        ),
        such_as(
            "wiki.example.com, notes.example.com",
            key(
                "hosts",
                Kind::Texts("hosts"),
                None,
                "The same, for several hosts. Not together with `host`.",
            ),
        ),
        key(
            "allow",
            PEOPLE,
            Some("plex-owner, plex-home, plex-friend"),
            "Who may use it, as `allow` in `[[clients]]`. An empty list means nobody.",
        ),
        such_as(
            "plex-1002003",
            key(
                "deny",
                PEOPLE,
                Some(""),
                "Who may not, even if `allow` names them. It also holds for what the rules below allow.",
            ),
        ),
        key(
            "new_browsers",
            NEW_BROWSERS,
            Some("allow"),
            "`ask-host`: whoever comes from a browser that is new to their account waits until you say yes to it on \
             `/admin`. Not for owners of a server, nor for programs with an app token.",
        ),
        key(
            "preflight",
            Kind::Flag,
            Some("false"),
            "Whether CORS preflights, which never carry a cookie, pass without a session.",
        ),
        key(
            "identity_headers",
            Kind::OneOf(&["remote", "x-forwarded-user", "x-auth-request", "x-authentik", "custom"]),
            Some("remote"),
            "The set of headers that tell it who somebody is: `Remote-User` and so on, `X-Forwarded-User`, \
             `X-Auth-Request-User`, `X-authentik-username`, or those in `headers`.",
        ),
        such_as(
            "X-User=user, X-Mail=email",
            key(
                "headers",
                Kind::Texts("headers, each as Name=field"),
                None,
                "The headers, with `identity_headers = \"custom\"`. Fields: `user`, `subject`, `username`, `name`, \
                 `email`, `groups` (between commas), `groups-by-bar` (between bars). A `username` or `name` that \
                 `gateway.names` gives to somebody else is left empty.",
            ),
        ),
        such_as(
            "server",
            key(
                "plex_token",
                PLEX_TOKEN,
                None,
                "Hands it, in a header, the Plex token of whoever comes: that of the whole account, or the one for the shared server. \
                 Off unless written. Whoever is signed in presses the button again for it.",
            ),
        ),
        such_as(
            "X-Plex-Token",
            key(
                "plex_token_header",
                Kind::Text("the name of a header"),
                None,
                "The header for it: `X-Plex-Token`, unless another is written.",
            ),
        ),
        such_as(
            "example",
            key(
                "access_team",
                Kind::Text("the name of a team"),
                None,
                "The team in `[[access_teams]]` whose assertions it accepts. Without it, none.",
            ),
        ),
        such_as(
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            key(
                "access_audiences",
                Kind::Texts("audience tags"),
                None,
                "Its application audience (AUD) tags at Cloudflare, 64 hexadecimal digits each. Required with \
                 `access_team`.",
            ),
        ),
        key(
            "access_cookie",
            Kind::Flag,
            Some("false"),
            "Whether the cookie `CF_Authorization` is read where the header with the assertion is missing.",
        ),
        such_as(
            "X-Plex-Token=plex_token",
            key(
                "access_claims",
                Kind::Texts("headers, each as Name=claim"),
                None,
                "Further headers, from claims of the assertion: those under `custom`, else those at its top.",
            ),
        ),
        such_as(
            "0123456789abcdef0123456789abcdef.access=backup-job",
            key(
                "access_service_tokens",
                Kind::Texts("service tokens, each as <client id>.access=name"),
                None,
                "The service tokens that may pass, and what the application calls them. No others may.",
            ),
        ),
    ],
};

pub(super) const APP_RULES: Section = Section {
    name: "apps.rules",
    repeats: true,
    help: "An exception for some paths or methods of the `[[apps]]` above it. The first rule that matches decides; \
           where none does, `allow` and `deny` of the application do.",
    keys: &[
        such_as(
            "/health, /hooks/*",
            key(
                "paths",
                Kind::Texts("paths"),
                None,
                "The paths it is about: exactly this one, or with `/*` at its end this one and all below it. Without \
                 it, all.",
            ),
        ),
        such_as(
            "GET",
            key("methods", Kind::Texts("methods"), None, "The methods it is about. Without it, all."),
        ),
        key(
            "bypass",
            Kind::Flag,
            Some("false"),
            "Lets everybody pass, signed in or not. Not together with `allow` or `deny`.",
        ),
        such_as(
            "plex-owner",
            key(
                "allow",
                PEOPLE,
                None,
                "Who may, instead of `allow` of the application. An empty list means nobody.",
            ),
        ),
        such_as(
            "plex-1002003",
            key("deny", PEOPLE, None, "Who may not, besides those in `deny` of the application."),
        ),
    ],
};

pub(super) const ACCESS_TEAMS: Section = Section {
    name: "access_teams",
    repeats: true,
    help: "A team at Cloudflare Access, for applications behind a tunnel whose requests carry its assertions.",
    keys: &[
        such_as(
            "example",
            key(
                "team",
                Kind::Text("the name of a team"),
                None,
                "Its name, as in https://<team>.cloudflareaccess.com. Required.",
            ),
        ),
        such_as(
            "https://example.cloudflareaccess.com",
            key(
                "issuer",
                Kind::Text("an https address"),
                None,
                "Its issuer, where that is another than https://<team>.cloudflareaccess.com.",
            ),
        ),
        such_as(
            "https://example.cloudflareaccess.com/cdn-cgi/access/certs",
            key(
                "certs_url",
                Kind::Text("an https address"),
                None,
                "Where its public keys are. Without it, /cdn-cgi/access/certs at the issuer.",
            ),
        ),
    ],
};
