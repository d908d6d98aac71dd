//! Whatever the rules, the path and the person.

use super::*;

fn any_target() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/"),
        Just("admin"),
        Just("public"),
        Just("ADMIN"),
        Just("%2e"),
        Just(".."),
        Just("%2f"),
        Just(";"),
        Just("%41dmin"),
        Just("?"),
        Just("#"),
        Just("x"),
        Just("%25"),
        Just("\\"),
        Just("health"),
        Just("..."),
        Just("%20"),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn any_rule() -> impl Strategy<Value = PathRule> {
    let path = prop_oneof![Just("/admin/*"), Just("/public/*"), Just("/health"), Just("/*"), Just("/x")];
    let access = prop_oneof![
        Just(Access::Bypass),
        Just(Access::Only(only(&[Group::owner()]))),
        Just(Access::Only(only(&[Group::friend()]))),
        Just(Access::Only(Audience::default())),
    ];
    (path, access).prop_map(|(path, access)| rule(&[path], &[], access))
}

/// How open a verdict is.
fn openness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny(_) => 0,
        Verdict::SignIn => 1,
        Verdict::Pass => 2,
        Verdict::PassAnybody => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Adding a rule in front that lets nobody in never opens a path.
    #[test]
    fn a_rule_that_keeps_out_never_opens_anything(
        target in any_target(),
        rules in prop::collection::vec(any_rule(), 0..4),
        path in prop_oneof![Just("/admin/*"), Just("/*"), Just("/x")],
    ) {
        let person = friend();
        let before = app(rules.clone());
        let mut stricter = vec![rule(&[path], &[], Access::Only(Audience::default()))];
        stricter.extend(rules);
        let after = app(stricter);
        let (before, after) = (ask(&before, "GET", &target, Some(&person)), ask(&after, "GET", &target, Some(&person)));
        prop_assert!(openness(after) <= openness(before), "{} before {:?} after {:?}", target, before, after);
    }

    /// Whatever an application makes of the path, decoding it as often as it likes: what is under `/admin` there was
    /// not reached by a friend here.
    #[test]
    fn no_spelling_of_a_guarded_path_passes(target in any_target()) {
        let verdict = ask(&guarded(), "GET", &target, Some(&friend()));
        if matches!(verdict, Verdict::Pass | Verdict::PassAnybody) {
            for reading in readings(&target) {
                let folded = reading.to_lowercase();
                let guarded = folded == "/admin" || folded.starts_with("/admin/");
                prop_assert!(!guarded, "{} read as {}", target, reading);
            }
        }
    }
}

/// What lenient applications may make of a target: cut, decoded up to three times, backslashes turned, parameters
/// dropped, empty segments merged, dot segments resolved.
fn readings(target: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut text = target.split(['?', '#']).next().unwrap_or("").to_owned();
    for _ in 0..4 {
        for dropped in [false, true] {
            let mut out: Vec<&str> = Vec::new();
            let turned = text.replace('\\', "/");
            for segment in turned.split('/') {
                let segment = if dropped { segment.split(';').next().unwrap_or("") } else { segment };
                match segment {
                    "" | "." => {}
                    ".." => {
                        out.pop();
                    }
                    other => out.push(other),
                }
            }
            all.push(format!("/{}", out.join("/")));
        }
        text = url::form_urlencoded::parse(text.replace('+', "%2B").replace(['&', '='], "").as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect();
    }
    all
}
