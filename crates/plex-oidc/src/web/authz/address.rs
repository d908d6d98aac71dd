//! The addresses that proxies call, told apart by their paths. They ask before each request that anybody makes of any
//! application, so this is done without a router.

use plex_oidc_core::gateway::Family;

/// What an address says of the question that comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    pub(super) family: Family,
    pub(super) named: Named,
    /// Whether an assertion of Cloudflare Access says who it is.
    pub(super) behind_access: bool,
    /// After which segment of the path the original target begins, if it stands there.
    pub(super) target_after: Option<usize>,
}

/// How an address names the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Not at all: the original host does.
    NotHere,
    /// By `?app=NAME` in its query, if that is there.
    InQuery,
    /// By its name, in this segment of the path.
    InSegment(usize),
    /// By one of its audience tags at Cloudflare Access, in this segment.
    ByTag(usize),
}

impl Question {
    /// What is asked at `path`, with any method: some proxies pass on the original one. `None`: it is none of these addresses.
    ///
    /// | address | of |
    /// |---|---|
    /// | `/authz/forward-auth`, `/authz/auth-request`, `/authz/ext-authz/…` | Traefik, Caddy, HAProxy; nginx; Envoy, Gateway API |
    /// | `/authz/app/{name}/` and one of these | the same, for one application by its name |
    /// | `/authz/cloudflare-access/{name}`, and `/auth-request` or `/ext-authz/…` behind it | the same behind Access |
    /// | `/validate/{tag}`, `/validate/{tag}/…` | as `cloudflare-access-forwardauth` has them |
    pub fn at(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let (first, rest) = path.split_once('/')?;
        match first {
            "authz" => Self::of_ours(rest),
            "validate" => Self::of_validator(rest),
            _ => None,
        }
    }

    fn of_ours(rest: &str) -> Option<Self> {
        let (first, behind) = parts(rest);
        match (first, behind) {
            ("app", Some(behind)) => {
                let (name, Some(endpoint)) = parts(behind) else { return None };
                Self::at_endpoint(endpoint, 4).filter(|_| !name.is_empty()).map(|question| question.named(3))
            }
            ("cloudflare-access", Some(behind)) => {
                let (name, endpoint) = parts(behind);
                let question = match endpoint {
                    None => Some(Self::new(Family::ForwardAuth)),
                    Some("auth-request") => Some(Self::new(Family::AuthRequest)),
                    // With the slash: it is the beginning of the original path.
                    Some(endpoint) => endpoint.strip_prefix("ext-authz/").map(|_| Self::envoys(4)),
                };
                let question = question.filter(|_| !name.is_empty())?;
                Some(Self { behind_access: true, ..question.named(3) })
            }
            _ => Self::at_endpoint(rest, 2).map(|question| match question.family {
                Family::ForwardAuth | Family::AuthRequest => Self { named: Named::InQuery, ..question },
                Family::ExtAuthz => question,
            }),
        }
    }

    fn of_validator(rest: &str) -> Option<Self> {
        let (tag, behind) = parts(rest);
        let question = if behind.is_some() { Self::envoys(2) } else { Self::new(Family::ForwardAuth) };
        (!tag.is_empty()).then_some(Self { named: Named::ByTag(2), behind_access: true, ..question })
    }

    fn at_endpoint(endpoint: &str, segments: usize) -> Option<Self> {
        match parts(endpoint) {
            ("forward-auth", None) => Some(Self::new(Family::ForwardAuth)),
            ("auth-request", None) => Some(Self::new(Family::AuthRequest)),
            ("ext-authz", _) => Some(Self::envoys(segments)),
            _ => None,
        }
    }

    const fn new(family: Family) -> Self {
        Self { family, named: Named::NotHere, behind_access: false, target_after: None }
    }

    const fn envoys(segments: usize) -> Self {
        Self { target_after: Some(segments), ..Self::new(Family::ExtAuthz) }
    }

    fn named(self, segment: usize) -> Self {
        Self { named: Named::InSegment(segment), ..self }
    }
}

/// The first segment, and what is behind its slash if it has one.
fn parts(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(first, behind)| (first, Some(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> Option<(Family, Named, bool, Option<usize>)> {
        Question::at(path).map(|q| (q.family, q.named, q.behind_access, q.target_after))
    }

    #[test]
    fn each_address_is_told_apart() {
        use Family::{AuthRequest, ExtAuthz, ForwardAuth};
        use Named::{ByTag, InQuery, InSegment, NotHere};
        for (path, expected) in [
            ("/authz/forward-auth", (ForwardAuth, InQuery, false, None)),
            ("/authz/auth-request", (AuthRequest, InQuery, false, None)),
            ("/authz/ext-authz", (ExtAuthz, NotHere, false, Some(2))),
            ("/authz/ext-authz/", (ExtAuthz, NotHere, false, Some(2))),
            ("/authz/ext-authz/app/x/forward-auth", (ExtAuthz, NotHere, false, Some(2))),
            ("/authz/app/photos/forward-auth", (ForwardAuth, InSegment(3), false, None)),
            ("/authz/app/photos/auth-request", (AuthRequest, InSegment(3), false, None)),
            ("/authz/app/photos/ext-authz", (ExtAuthz, InSegment(3), false, Some(4))),
            ("/authz/app/photos/ext-authz/a//b", (ExtAuthz, InSegment(3), false, Some(4))),
            ("/authz/cloudflare-access/photos", (ForwardAuth, InSegment(3), true, None)),
            ("/authz/cloudflare-access/photos/auth-request", (AuthRequest, InSegment(3), true, None)),
            ("/authz/cloudflare-access/photos/ext-authz/", (ExtAuthz, InSegment(3), true, Some(4))),
            ("/authz/cloudflare-access/photos/ext-authz/x", (ExtAuthz, InSegment(3), true, Some(4))),
            ("/validate/0a1b", (ForwardAuth, ByTag(2), true, None)),
            ("/validate/0a1b/", (ExtAuthz, ByTag(2), true, Some(2))),
            ("/validate/0a1b/x/y", (ExtAuthz, ByTag(2), true, Some(2))),
        ] {
            assert_eq!(told(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn whatever_is_none_of_them_goes_to_the_router() {
        for path in [
            "",
            "/",
            "*",
            "authz/forward-auth",
            "/authz",
            "/authz/",
            "/authz/forward-auth/",
            "/authz/forward-auth/x",
            "/authz/Forward-Auth",
            "/authz//forward-auth",
            "//authz/forward-auth",
            "/authz/forward%2dauth",
            "/authz/app",
            "/authz/app/",
            "/authz/app/photos",
            "/authz/app//forward-auth",
            "/authz/app/photos/",
            "/authz/app/photos/forward-auth/",
            "/authz/app/photos/cloudflare-access",
            "/authz/cloudflare-access",
            "/authz/cloudflare-access/",
            "/authz/cloudflare-access//auth-request",
            "/authz/cloudflare-access/photos/ext-authz",
            "/authz/cloudflare-access/photos/forward-auth",
            "/validate",
            "/validate/",
            "/validate//x",
            "/authorize",
        ] {
            assert_eq!(told(path), None, "{path}");
        }
    }
}
