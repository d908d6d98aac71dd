//! What an answer means: did anything get through?
//!
//! Only a success at a path that needs somebody signed in is taken for one. What an answer of the application's own may
//! be as well as a refusal is said to be doubtful, and the rest is compared with it.

use url::Url;

use super::dial::NoAnswer;
use super::plan::not_looked_at;
use super::probes::{CONTROL, MARK, Probe};
use super::{Answered, Finding, Outcome};
use crate::config::Config;

const CLOSE_IT: &str = "Let the proxy ask plex-oidc about this host (`plex-oidc snippet` prints how), and close every way past \
                        the proxy. If it is a proxy that does not serve this host and answers 200 all the same, ask it by another --via.";
const STRIP_IT: &str = "The proxy, or the application, believes what a visitor sends. Let the proxy take these headers out \
                        before it asks (see its guide), and let nobody reach the application past the proxy.";
const WRONG_QUESTION: &str = "The proxy hands on what a visitor says of the request. It has to set these headers itself: compare \
                              its configuration with `plex-oidc snippet`.";
const NOT_CHECKED: &str = "Whoever answers believes what it does not check. Compare the proxy's configuration with \
                           `plex-oidc snippet`, and let nobody reach the application past the proxy.";
const NOT_WORKING: &str = "See the proxy's log, and whether plex-oidc answers it: `plex-oidc healthcheck`.";
const WHO_ANSWERED: &str = "Look whether it was the application: then the proxy does not ask plex-oidc. Another path may tell \
                            more: --path.";

/// What there is to know of an application to judge by.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) config: &'a Config,
    /// Whether Cloudflare Access may own its sign-in, so that nobody is sent to ours.
    pub(super) accepts_access: bool,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// Something answered as if to somebody it knows.
    Through,
    /// Sent to our sign-in.
    SentToUs,
    /// Sent to sign in at Cloudflare Access.
    SentToAccess,
    /// Refused.
    Refused,
    /// Sent to another place, without its query.
    SentElsewhere(String),
    /// A failure of the proxy, or of what is behind it.
    Failed,
    /// The application may have said this, or a proxy that does not know it.
    Unclear,
    /// Nothing came back.
    Nothing(NoAnswer),
}

fn see(judging: Judging<'_>, answer: &Answered) -> Seen {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Seen::Nothing(error.clone()),
    };
    match answer.status {
        101 | 200..300 => Seen::Through,
        300..400 => sent(judging, answer.header("location").unwrap_or_default()),
        400 | 401 | 403 | 431 => Seen::Refused,
        500.. => Seen::Failed,
        _ => Seen::Unclear,
    }
}

fn sent(Judging { config, .. }: Judging<'_>, location: &str) -> Seen {
    if location.starts_with(&config.public_url.join("/gateway/sign-in?")) {
        return Seen::SentToUs;
    }
    let access = Url::parse(location).is_ok_and(|url| {
        let team = config.access.teams.iter().any(|team| url.origin().ascii_serialization() == team.issuer);
        let any = url.host_str().is_some_and(|host| host.ends_with(".cloudflareaccess.com"));
        (team || any) && url.path().starts_with("/cdn-cgi/access/login")
    });
    if access {
        return Seen::SentToAccess;
    }
    Seen::SentElsewhere(location.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// Where an answer sends to, if that is no sign-in that we know.
pub(super) fn sent_elsewhere(judging: Judging<'_>, answer: &Answered) -> Option<String> {
    let Seen::SentElsewhere(location) = see(judging, answer) else { return None };
    Some(location)
}

fn finding(check: &str, outcome: Outcome, answer: &Answered, seen: String, advice: Option<&str>) -> Finding {
    let status = answer.as_ref().ok().map(|answer| answer.status);
    let advice = advice.map(str::to_owned);
    Finding { about: String::new(), check: check.to_owned(), outcome, status, seen, advice }
}

/// Judges the answer to somebody who shows nothing, and says what to compare the others with.
pub(super) fn nothing(judging: Judging<'_>, answer: &Answered) -> (Finding, Seen) {
    use Outcome::{NotSeen, Ok, Problem};
    let seen = see(judging, answer);
    let (outcome, what, advice) = match &seen {
        Seen::Through => (Problem, "the application lets everybody in".to_owned(), Some(CLOSE_IT)),
        Seen::SentToUs => (Ok, "sent to our sign-in".to_owned(), None),
        Seen::SentToAccess => (Ok, "sent to sign in at Cloudflare Access".to_owned(), None),
        Seen::Refused if judging.accepts_access => (Ok, "refused".to_owned(), None),
        Seen::Refused => (
            NotSeen,
            "refused, but nobody is sent to our sign-in: by the application itself, or by a gateway that refuses its proxy"
                .to_owned(),
            Some(WHO_ANSWERED),
        ),
        Seen::SentElsewhere(_) => {
            (NotSeen, "sent elsewhere than to our sign-in".to_owned(), Some(WHO_ANSWERED))
        }
        Seen::Unclear => (
            NotSeen,
            "neither refused nor answered: by the application, or by a proxy that does not know this host".to_owned(),
            Some(WHO_ANSWERED),
        ),
        Seen::Failed => {
            (Problem, "nothing gets through, but nothing works either".to_owned(), Some(NOT_WORKING))
        }
        Seen::Nothing(error) => (Problem, error.to_string(), Some(NOT_WORKING)),
    };
    (finding("nothing", outcome, answer, format!("nothing shown: {what}"), advice), seen)
}

/// Judges what a stranger tried, beside what came of showing nothing.
pub(super) fn stranger(judging: Judging<'_>, probe: &Probe, answer: &Answered, base: &Seen) -> Finding {
    use Outcome::{NotSeen, Ok, Problem};
    let seen = see(judging, answer);
    let (outcome, what, advice) = match &seen {
        Seen::Through => (Problem, "the application answered".to_owned(), Some(remedy(probe))),
        Seen::Failed => {
            (Problem, "nothing gets through, but something failed over it".to_owned(), Some(NOT_WORKING))
        }
        Seen::SentToUs => (Ok, "sent to our sign-in".to_owned(), None),
        Seen::SentToAccess => (Ok, "sent to sign in at Cloudflare Access".to_owned(), None),
        Seen::Refused => (Ok, "refused".to_owned(), None),
        Seen::SentElsewhere(_) | Seen::Unclear if seen == *base => {
            (Ok, "the same answer as with nothing shown".to_owned(), None)
        }
        Seen::SentElsewhere(_) | Seen::Unclear => {
            (NotSeen, "another answer than with nothing shown, and no refusal".to_owned(), Some(WHO_ANSWERED))
        }
        Seen::Nothing(error) => (NotSeen, error.to_string(), None),
    };
    finding(&probe.check, outcome, answer, format!("{}: {what}", probe.shown), advice)
}

fn remedy(probe: &Probe) -> &'static str {
    if probe.check.starts_with("planted") {
        STRIP_IT
    } else if probe.check.starts_with("other") || probe.check.starts_with("near") {
        WRONG_QUESTION
    } else {
        NOT_CHECKED
    }
}

/// Whether it was Cloudflare that answered: what is behind it was not seen then.
pub(super) fn by_cloudflare(answer: &Answered) -> Option<Finding> {
    let passed = answer.as_ref().ok()?.header("cf-ray").is_some();
    let seen = "Cloudflare answers for this address: whether somebody gets in past it cannot be seen here";
    let advice = "Ask the proxy behind the tunnel too: --via ADDRESS-OF-YOUR-PROXY:443.";
    passed.then(|| finding("origin", Outcome::NotSeen, answer, seen.to_owned(), Some(advice)))
}

/// Judges what arrived at an application that prints what it gets.
pub(super) fn echo(probe: &Probe, answer: &Answered) -> Finding {
    use Outcome::{NotSeen, Ok, Problem};
    let body = answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let arrived: Vec<&str> = probe
        .headers
        .iter()
        .filter(|(_, value)| value.starts_with(MARK) && body.contains(value.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    let (outcome, what, advice) = if !arrived.is_empty() {
        (Problem, format!("{} reached the application", arrived.join(", ")), Some(STRIP_IT))
    } else if body.contains(CONTROL.1) {
        (Ok, "nothing of it reached the application".to_owned(), None)
    } else if answer.as_ref().is_ok_and(|answer| matches!(answer.status, 400 | 431)) {
        (Ok, "refused".to_owned(), None)
    } else {
        let advice = "--echo is for an application that prints the headers it gets, such as traefik/whoami.";
        (NotSeen, "the answer does not show what the application got".to_owned(), Some(advice))
    };
    finding(&probe.check, outcome, answer, format!("{}: {what}", probe.shown), advice)
}

/// Nothing can be planted where nothing passes.
pub(super) fn no_way_to_the_echo() -> Finding {
    let seen = "no rule of this application lets everybody in, so nothing gets as far as to be printed";
    let advice = "Give an app token that is good there with --token-file.";
    not_looked_at(String::new(), "echo", seen.to_owned(), advice)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::doctor::wire::Answer;

    fn config() -> Config {
        let text = "public_url = \"https://auth.example.org\"\n[plex]\nserver = \"0123456789abcdef0123456789abcdef01234567\"\n\
                    owner_id = 17\n[[access_teams]]\nteam = \"example\"\nissuer = \"https://access.example.org\"";
        config::parse("x", text, Path::new(""), &BTreeMap::new()).unwrap().config
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is judged is an answer, or why there is none")]
    fn answer(status: u16, headers: &[(&str, &str)]) -> Answered {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(Answer { status, headers, body: Vec::new() })
    }

    fn probe(check: &str) -> Probe {
        Probe {
            check: check.to_owned(),
            shown: "x".to_owned(),
            path: String::new(),
            headers: Vec::new(),
            wants_body: false,
        }
    }

    #[test]
    fn where_somebody_is_sent_tells_who_sent_them() {
        let config = config();
        let judging = Judging { config: &config, accepts_access: false };
        let elsewhere = |text: &str| Seen::SentElsewhere(text.to_owned());
        for (location, seen) in [
            ("https://auth.example.org/gateway/sign-in?request=x", Seen::SentToUs),
            ("https://access.example.org/cdn-cgi/access/login/wiki?kid=x", Seen::SentToAccess),
            ("https://team.cloudflareaccess.com/cdn-cgi/access/login/wiki", Seen::SentToAccess),
            ("https://auth.example.org/?request=x", elsewhere("https://auth.example.org/")),
            (
                "https://auth.example.org.evil.test/gateway/sign-in?request=x",
                elsewhere("https://auth.example.org.evil.test/gateway/sign-in"),
            ),
            (
                "https://cloudflareaccess.com.evil.test/cdn-cgi/access/login",
                elsewhere("https://cloudflareaccess.com.evil.test/cdn-cgi/access/login"),
            ),
            ("https://team.cloudflareaccess.com/", elsewhere("https://team.cloudflareaccess.com/")),
            ("/login?to=%2F#x", elsewhere("/login")),
            ("", elsewhere("")),
        ] {
            for status in [301, 302, 303, 307, 308] {
                assert_eq!(see(judging, &answer(status, &[("location", location)])), seen, "{location}");
            }
        }
    }

    #[test]
    fn only_a_success_has_got_through() {
        use Outcome::{NotSeen, Ok, Problem};
        let config = config();
        for (status, for_nobody, behind_access, for_a_stranger) in [
            (200, Problem, Problem, Problem),
            (204, Problem, Problem, Problem),
            (206, Problem, Problem, Problem),
            (101, Problem, Problem, Problem),
            (304, NotSeen, NotSeen, NotSeen),
            (400, NotSeen, Ok, Ok),
            (401, NotSeen, Ok, Ok),
            (403, NotSeen, Ok, Ok),
            (404, NotSeen, NotSeen, NotSeen),
            (405, NotSeen, NotSeen, NotSeen),
            (431, NotSeen, Ok, Ok),
            (500, Problem, Problem, Problem),
            (502, Problem, Problem, Problem),
        ] {
            let judged =
                |accepts_access| nothing(Judging { config: &config, accepts_access }, &answer(status, &[])).0;
            let judging = Judging { config: &config, accepts_access: false };
            let tried = stranger(judging, &probe("planted"), &answer(status, &[]), &Seen::SentToUs);
            let found = [judged(false).outcome, judged(true).outcome, tried.outcome];
            assert_eq!(found, [for_nobody, behind_access, for_a_stranger], "{status}");
            assert_eq!(tried.advice.is_some(), tried.outcome != Ok, "{status}");
        }
    }

    #[test]
    fn an_answer_in_doubt_is_compared_with_that_to_nothing() {
        use Outcome::{NotSeen, Ok};
        let config = config();
        let judging = Judging { config: &config, accepts_access: false };
        let login = |to: &str| answer(302, &[("location", to)]);
        let base = nothing(judging, &login("/login?a=1")).1;
        let tried = |answer: &Answered| stranger(judging, &probe("planted"), answer, &base).outcome;
        assert_eq!(tried(&login("/login?a=2")), Ok);
        assert_eq!(tried(&login("/home")), NotSeen);
        assert_eq!(tried(&answer(404, &[])), NotSeen);
        assert_eq!(tried(&Err(NoAnswer::Late)), NotSeen);
        assert_eq!(nothing(judging, &Err(NoAnswer::Late)).0.outcome, Outcome::Problem);
    }

    #[test]
    fn an_answer_of_cloudflare_says_nothing_of_the_origin() {
        assert_eq!(by_cloudflare(&answer(302, &[("cf-ray", "x")])).unwrap().outcome, Outcome::NotSeen);
        assert_eq!(by_cloudflare(&answer(302, &[("server", "nginx")])), None);
        assert_eq!(by_cloudflare(&Err(NoAnswer::Ended)), None);
    }

    #[test]
    fn each_way_in_has_its_own_advice() {
        let advice = ["planted-twice", "other-path", "near-address", "assertion-unsigned"]
            .map(|check| remedy(&probe(check)));
        assert_eq!(advice, [STRIP_IT, WRONG_QUESTION, WRONG_QUESTION, NOT_CHECKED]);
    }
}
