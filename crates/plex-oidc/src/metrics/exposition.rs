//! The figures as text, in the format that Prometheus reads (text format 0.0.4).

use std::fmt::Write as _;

use plextv::{Came, Kind};

use super::{
    Counts, GatewayAnswer, Issued, Label, LogoutNotice, MailOutcome, Metrics, RoundOutcome, SignInOutcome,
};

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is not counted but looked at, at the moment of the question.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Of Plex, where people come in through it.
    pub plex: Option<PlexFigures>,
    /// Seconds since Plex last said who is a member, if it has.
    pub last_good_age: Option<i64>,
    /// How many were members then.
    pub members: Option<usize>,
    /// How many of them are in doubt.
    pub in_doubt: Option<usize>,
    /// Whether Plex refuses the owner's token.
    pub owner_token_refused: bool,
    /// What was counted in the store; nothing while that does not answer.
    pub stored: Vec<(&'static str, u64)>,
}

/// How it stands with Plex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlexFigures {
    /// Requests of the last hour that the program made by itself.
    pub asked: u32,
    /// The most that it makes.
    pub limit: u32,
    /// Whether Plex is left alone for a while.
    pub breaker_open: bool,
    /// Whether it is, for looks at PINs.
    pub pin_breaker_open: bool,
}

/// Everything.
pub fn text(metrics: &Metrics, figures: &Figures) -> String {
    let mut page = Page(String::with_capacity(8 * 1024));
    page.family("build_info", "gauge", "The version of this program.");
    page.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], &1);
    if let Some(plex) = &figures.plex {
        of_plex(&mut page, metrics, plex);
        of_members(&mut page, metrics, figures);
    }
    page.counted::<SignInOutcome, 6>(
        "sign_ins_total",
        ("outcome", "Sign-ins, by how they ended."),
        &metrics.sign_ins,
    );
    page.counted::<GatewayAnswer, 5>(
        "gateway_answers_total",
        ("answer", "What proxies were answered."),
        &metrics.gateway,
    );
    page.counted::<Issued, 4>(
        "tokens_issued_total",
        ("grant", "Successful token requests, by grant."),
        &metrics.tokens,
    );
    page.counted::<LogoutNotice, 2>(
        "backchannel_logouts_total",
        ("outcome", "Clients that were told of the end of a session, or will not be."),
        &metrics.logouts,
    );
    page.counted::<MailOutcome, 3>(
        "mails_total",
        ("outcome", "Mails that were sent, or will not be."),
        &metrics.mails,
    );
    for (name, value) in &figures.stored {
        page.family(name, "gauge", "As stored now; counted up to 20000.");
        page.sample(name, &[], value);
    }
    page.0
}

fn of_plex(page: &mut Page, metrics: &Metrics, plex: &PlexFigures) {
    let requests = "plex_requests_total";
    page.family(requests, "counter", "Requests to plex.tv, by what they were about and what came of them.");
    for kind in Kind::ALL {
        for came in Came::ALL {
            let labels = [("about", kind.word()), ("outcome", came.word())];
            page.sample(requests, &labels, &metrics.plex_requests(kind, came));
        }
    }
    page.family("plex_budget_used", "gauge", "Requests of the last hour that no visitor asked for.");
    page.sample("plex_budget_used", &[], &plex.asked);
    page.family("plex_budget_limit", "gauge", "The most of those in an hour (plex.requests_per_hour).");
    page.sample("plex_budget_limit", &[], &plex.limit);
    page.family("plex_breaker_open", "gauge", "1 while plex.tv is left alone because it kept failing.");
    page.sample("plex_breaker_open", &[("for", "questions")], &u8::from(plex.breaker_open));
    page.sample("plex_breaker_open", &[("for", "pins")], &u8::from(plex.pin_breaker_open));
}

fn of_members(page: &mut Page, metrics: &Metrics, figures: &Figures) {
    page.counted::<RoundOutcome, 6>(
        "recheck_rounds_total",
        ("outcome", "Rounds of the re-check, by what came of them."),
        &metrics.rounds,
    );
    if let Some(age) = figures.last_good_age {
        let name = "recheck_last_good_age_seconds";
        page.family(name, "gauge", "Seconds since plex.tv last said who is a member.");
        page.sample(name, &[], &age);
    }
    let counted = [
        ("members", figures.members, "Members, as of the last answer of plex.tv."),
        (
            "people_in_doubt",
            figures.in_doubt,
            "Members who are missing in one answer and are asked about again.",
        ),
    ];
    for (name, value, help) in counted {
        if let Some(value) = value {
            page.family(name, "gauge", help);
            page.sample(name, &[], &value);
        }
    }
    page.family("owner_token_refused", "gauge", "1 while plex.tv does not accept the owner's token.");
    page.sample("owner_token_refused", &[], &u8::from(figures.owner_token_refused));
}

/// The text so far. Every name begins with that of the program; no help and no label holds what would need escaping.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let text = &mut self.0;
        let _ = writeln!(text, "# HELP plex_oidc_{name} {help}\n# TYPE plex_oidc_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display) {
        let pairs: Vec<_> = labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
        let pairs = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let _ = writeln!(self.0, "plex_oidc_{name}{pairs} {value}");
    }

    fn counted<L: Label, const N: usize>(
        &mut self,
        name: &str,
        (label, help): (&str, &str),
        counts: &Counts<N>,
    ) {
        self.family(name, "counter", help);
        for one in L::ALL {
            self.sample(name, &[(label, one.word())], &counts.of(*one));
        }
    }
}
