use proptest::prelude::*;

use super::*;
use crate::decide::{AllowRule, NewBrowsers, Through};
use crate::gateway::headers::HeaderSet;
use crate::gateway::host::HostPattern;
use crate::gateway::original::Method;
use crate::gateway::path::PathPattern;
use crate::groups::Group;
use crate::testing::{friend, house};

const NOW: Timestamp = Timestamp(1000);
#[path = "verdict_properties.rs"]
mod properties;

fn only(groups: &[Group]) -> Audience {
    Audience { allow: groups.iter().cloned().map(AllowRule::Group).collect(), ..Audience::default() }
}

fn rule(paths: &[&str], methods: &[&str], access: Access) -> PathRule {
    PathRule {
        paths: paths.iter().map(|path| PathPattern::parse(path).unwrap()).collect(),
        methods: methods.iter().map(|method| Method::parse(method).unwrap()).collect(),
        access,
    }
}

fn app(rules: Vec<PathRule>) -> GatewayApp {
    GatewayApp {
        name: "wiki".into(),
        hosts: vec![HostPattern::parse("wiki.example.org").unwrap()],
        rules,
        audience: only(&[Group::friend(), Group::owner()]),
        preflight: false,
        headers: HeaderSet::preset("remote").unwrap(),
        plex_token: None,
    }
}

fn ask(app: &GatewayApp, method: &str, target: &str, person: Option<&Person>) -> Verdict {
    let request = OriginalRequest::new(method, "https", "wiki.example.org", target).unwrap();
    weigh(app, &request, || RequestKind::Script, person.map(Asker::from), (&house(), NOW)).verdict
}

fn guarded() -> GatewayApp {
    app(vec![
        rule(&["/health", "/public/*"], &["GET"], Access::Bypass),
        rule(&["/admin/*"], &[], Access::Only(only(&[Group::owner()]))),
    ])
}

#[test]
fn the_first_rule_that_matches_decides() {
    let (app, friend) = (guarded(), friend());
    assert_eq!(ask(&app, "GET", "/health", None), Verdict::PassAnybody);
    assert_eq!(ask(&app, "POST", "/health", None), Verdict::SignIn, "the bypass is for GET");
    assert_eq!(ask(&app, "GET", "/public/x?y", None), Verdict::PassAnybody);
    assert_eq!(ask(&app, "GET", "/", None), Verdict::SignIn);
    assert_eq!(ask(&app, "GET", "/", Some(&friend)), Verdict::Pass);
    assert_eq!(ask(&app, "GET", "/admin/x", Some(&friend)), Verdict::Deny(Denial::NotAllowedHere));
}

/// Neither a visitor nor a friend passes at this target of the [`guarded`] application.
fn assert_guarded(target: &str) {
    let (app, friend) = (guarded(), friend());
    assert_eq!(ask(&app, "GET", target, None), Verdict::SignIn, "{target}");
    let denied = Verdict::Deny(Denial::NotAllowedHere);
    assert_eq!(ask(&app, "GET", target, Some(&friend)), denied, "{target}");
}

#[test]
fn rt_fa_path_query() {
    for target in ["/admin?x=/public/", "/admin?/public/../public/x", "/admin?x#/public/"] {
        assert_guarded(target);
    }
}

#[test]
fn req_166_a_path_with_two_readings_never_takes_a_bypass_nor_walks_around_a_rule() {
    for target in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/..;/admin",
        "/public%2f..%2fadmin",
        "/public//x",
        "//admin",
        "/public/%252e%252e/admin",
        "/public/a%00",
        "/public#/admin",
        "/x/%2fadmin",
    ] {
        assert_guarded(target);
    }
}

#[test]
fn a_rule_that_keeps_out_does_so_in_every_spelling_and_a_bypass_has_one() {
    let (app, friend) = (guarded(), friend());
    for target in ["/ADMIN/x", "/%41dmin/x", "/Admin", "/admin/"] {
        assert_eq!(
            ask(&app, "GET", target, Some(&friend)),
            Verdict::Deny(Denial::NotAllowedHere),
            "{target}"
        );
    }
    assert_eq!(ask(&app, "GET", "/PUBLIC/x", None), Verdict::SignIn);
}

/// A rule of its own for a page that a friend may see of an application that is the owner's.
fn shared_page(paths: &[&str]) -> GatewayApp {
    let shared = rule(paths, &[], Access::Only(only(&[Group::friend()])));
    GatewayApp { audience: only(&[Group::owner()]), ..app(vec![shared]) }
}

#[test]
fn a_rule_that_lets_in_does_so_in_its_own_spelling_alone() {
    let (friend, denied) = (friend(), Verdict::Deny(Denial::NotAllowedHere));
    for path in ["/s/Ab3", "/s/Ab3/*"] {
        let app = shared_page(&[path]);
        assert_eq!(ask(&app, "GET", "/s/Ab3", Some(&friend)), Verdict::Pass);
        assert_eq!(ask(&app, "GET", "/s/%41b3", Some(&friend)), Verdict::Pass);
        for target in ["/s/aB3", "/s/Ab3.", "/s/Ab3%20", "/S/Ab3", "/s./Ab3"] {
            assert_eq!(ask(&app, "GET", target, Some(&friend)), denied, "{path} {target}");
            assert_eq!(ask(&app, "GET", target, None), Verdict::SignIn, "{path} {target}");
        }
    }
    assert_eq!(ask(&shared_page(&["/s/Ab3"]), "GET", "/s/Ab3/", Some(&friend)), denied);
    let both = shared_page(&["/s/Ab3", "/s/aB3"]);
    assert_eq!(
        ask(&both, "GET", "/s/aB3", Some(&friend)),
        Verdict::Pass,
        "one of its paths is this very one"
    );
}

#[test]
fn what_follows_a_rule_in_another_spelling_has_to_agree() {
    let (friend, denied) = (friend(), Verdict::Deny(Denial::NotAllowedHere));
    let after = |access| {
        let mut app = shared_page(&["/s/Ab3"]);
        app.rules.push(rule(&["/s/*"], &[], access));
        app
    };
    let friends = after(Access::Only(only(&[Group::friend()])));
    assert_eq!(ask(&friends, "GET", "/s/aB3", Some(&friend)), Verdict::Pass);
    let nobody = after(Access::Only(Audience::default()));
    assert_eq!(ask(&nobody, "GET", "/s/aB3", Some(&friend)), denied);
    assert_eq!(ask(&nobody, "GET", "/s/Ab3", Some(&friend)), Verdict::Pass);
    let open = after(Access::Bypass);
    assert_eq!(ask(&open, "GET", "/s/aB3", Some(&friend)), Verdict::Pass, "as a person");
    assert_eq!(ask(&open, "GET", "/s/aB3", None), Verdict::SignIn);
    assert_eq!(ask(&open, "GET", "/s/x", None), Verdict::PassAnybody);
}

#[test]
fn a_bypass_names_nobody_by_a_rule_in_another_spelling() {
    let mut app = shared_page(&["/s/Ab3"]);
    app.rules.insert(0, rule(&["/s/*"], &[], Access::Bypass));
    let told = |target| is_told(&app, RequestKind::Script, target, Some(&friend()));
    assert!(told("/s/Ab3") && !told("/s/aB3") && !told("/s/x"));
}

#[test]
fn req_167_an_empty_list_is_nobody() {
    let app = GatewayApp { audience: Audience::default(), ..app(Vec::new()) };
    assert_eq!(ask(&app, "GET", "/", Some(&friend())), Verdict::Deny(Denial::NotAllowedHere));
}

#[test]
fn deny_beats_allow_and_the_house_rules_hold_here_too() {
    let mut app = app(Vec::new());
    app.audience.deny = vec![AllowRule::Account(friend().account.id)];
    assert_eq!(ask(&app, "GET", "/", Some(&friend())), Verdict::Deny(Denial::NotAllowedHere));
    app.audience.deny.clear();
    let ended = Person { standing: crate::decide::Standing::Ended, ..friend() };
    assert_eq!(ask(&app, "GET", "/", Some(&ended)), Verdict::Deny(Denial::NotShared));
    let request = OriginalRequest::new("GET", "https", "wiki.example.org", "/").unwrap();
    let later = Timestamp(2 * 86_400);
    let weighed = weigh(&app, &request, || RequestKind::Script, Some((&friend()).into()), (&house(), later));
    assert_eq!(weighed.verdict, Verdict::SignIn, "what we know is too old");
}

#[test]
fn a_preflight_passes_only_where_the_host_said_so() {
    let request = OriginalRequest::new("OPTIONS", "https", "wiki.example.org", "/").unwrap();
    let ask =
        |app: &GatewayApp| weigh(app, &request, || RequestKind::Preflight, None, (&house(), NOW)).verdict;
    assert_eq!(ask(&app(Vec::new())), Verdict::SignIn);
    assert_eq!(ask(&GatewayApp { preflight: true, ..app(Vec::new()) }), Verdict::PassAnybody);
}

#[test]
fn every_rule_that_was_looked_at_is_named() {
    let request = OriginalRequest::new("GET", "https", "wiki.example.org", "/admin").unwrap();
    let weighed =
        weigh(&guarded(), &request, || RequestKind::Script, Some((&friend()).into()), (&house(), NOW));
    let said: Vec<String> = weighed.considered.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["rule 1: about other paths or methods", "rule 2: keeps this person out (NotAllowedHere)"]
    );
}

#[test]
fn a_program_passes_by_a_bypass_or_where_no_rule_speaks_of_people() {
    let app = guarded();
    let lets_in = |app: &GatewayApp, kind, method, target| {
        let request = OriginalRequest::new(method, "https", "wiki.example.org", target).unwrap();
        weigh(app, &request, || kind, None, (&house(), NOW)).lets_programs_in()
    };
    for (target, expected) in
        [("/", true), ("/health", true), ("/admin", false), ("/ADMIN/x", false), ("/x/../public/y", false)]
    {
        assert_eq!(lets_in(&app, RequestKind::Script, "GET", target), expected, "{target}");
    }
    let preflight = GatewayApp { preflight: true, ..guarded() };
    assert!(lets_in(&preflight, RequestKind::Preflight, "OPTIONS", "/admin/x"));
    assert!(!lets_in(&app, RequestKind::Preflight, "OPTIONS", "/admin/x"));
}

/// Whether the application is told who it is, where everybody passes.
fn is_told(app: &GatewayApp, kind: RequestKind, target: &str, person: Option<&Person>) -> bool {
    let request = OriginalRequest::new("GET", "https", "wiki.example.org", target).unwrap();
    let weighed = weigh(app, &request, || kind, person.map(Asker::from), (&house(), NOW));
    assert_eq!(weighed.verdict, Verdict::PassAnybody, "{target}");
    weighed.told(person, app, &UserNames::default()).unwrap().is_some()
}

#[test]
fn a_bypass_names_those_alone_who_would_pass_without_it() {
    let friend = friend();
    let told = |app: &GatewayApp, target| is_told(app, RequestKind::Script, target, Some(&friend));
    let open = || rule(&["/open/*"], &[], Access::Bypass);
    assert!(told(&app(vec![open()]), "/open/x"));
    assert!(!is_told(&app(vec![open()]), RequestKind::Script, "/open/x", None));
    let mut denied = app(vec![open()]);
    denied.audience.deny = vec![AllowRule::Account(friend.account.id)];
    assert!(!told(&denied, "/open/x"), "in `deny` of the application");
    let mut narrow = app(vec![open(), rule(&["/mine"], &[], Access::Only(only(&[Group::friend()])))]);
    narrow.audience = only(&[Group::owner()]);
    assert!(!told(&narrow, "/open/x"), "let in elsewhere only");
    let below = rule(&["/open/owner"], &[], Access::Only(only(&[Group::owner()])));
    let kept_out = app(vec![open(), below]);
    assert!(told(&kept_out, "/open/x") && !told(&kept_out, "/open/owner"), "by the rule that comes after");
    let mut preflight = app(vec![rule(&["/admin"], &[], Access::Only(only(&[Group::owner()])))]);
    preflight.preflight = true;
    let told = |target| is_told(&preflight, RequestKind::Preflight, target, Some(&friend));
    assert!(told("/x") && !told("/admin") && !told("/x/../admin"));
}

#[test]
fn nobody_passes_as_a_person_whom_the_application_would_take_for_nobody() {
    let mut nameless = friend();
    nameless.account.username = None;
    let names = UserNames { otherwise: crate::gateway::UserName::Username, ..UserNames::default() };
    let told = |app: &GatewayApp, target| {
        let request = OriginalRequest::new("GET", "https", "wiki.example.org", target).unwrap();
        let weighed = weigh(app, &request, || RequestKind::Script, Some((&nameless).into()), (&house(), NOW));
        weighed.told(Some(&nameless), app, &names).map(|told| told.is_some())
    };
    let mut app = guarded();
    assert_eq!(told(&app, "/"), Err(Nameless));
    assert_eq!(told(&app, "/health"), Ok(false), "where everybody passes, it is nobody who does");
    app.headers.0.retain(|(name, _)| name != "Remote-User");
    assert_eq!(told(&app, "/"), Ok(true), "this one does not ask who it is");
}

/// An application that asks about new browsers does so for every part of it, as the file's reader makes them.
#[test]
fn a_new_browser_passes_only_where_everybody_does() {
    let mut app = guarded();
    let ask_host = |audience: &mut Audience| audience.new_browsers = NewBrowsers::AskHost;
    ask_host(&mut app.audience);
    for rule in &mut app.rules {
        if let Access::Only(audience) = &mut rule.access {
            ask_host(audience);
        }
    }
    let friend = friend();
    let ask = |target: &str, through| {
        let request = OriginalRequest::new("GET", "https", "wiki.example.org", target).unwrap();
        let asker = Some(friend.through(through));
        let weighed = weigh(&app, &request, || RequestKind::Script, asker, (&house(), NOW));
        let told = weighed.told(Some(&friend), &app, &UserNames::default());
        (weighed.verdict, told.unwrap().is_some())
    };
    let waits = Verdict::Deny(Denial::NewBrowser);
    for (target, in_new, in_known) in [
        ("/", (waits, false), (Verdict::Pass, true)),
        ("/%2f", (waits, false), (Verdict::Deny(Denial::NotAllowedHere), false)),
        ("/health", (Verdict::PassAnybody, false), (Verdict::PassAnybody, true)),
        (
            "/admin/x",
            (Verdict::Deny(Denial::NotAllowedHere), false),
            (Verdict::Deny(Denial::NotAllowedHere), false),
        ),
    ] {
        assert_eq!(ask(target, Through::NewBrowser), in_new, "{target}");
        assert_eq!(ask(target, Through::KnownBrowser), in_known, "{target}");
        assert_eq!(ask(target, Through::NoBrowser), in_known, "{target}");
    }
    // For whom the parts are is asked first, and in the same way.
    let anybody = app.anybody();
    let may = |through| decide_for(friend.through(through), &anybody, &house(), NOW);
    assert_eq!(may(Through::NewBrowser), Decision::Deny(Denial::NewBrowser));
    assert_eq!(may(Through::KnownBrowser), Decision::Allow);
}
