//! Every invariant and every fault of plex.tv and of other upstreams has a test with its identifier in its name, or stands here with the
//! reason. `UPDATE_DOCS=1` rewrites the page that lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::support::{functions, is_written, listed};

/// What must hold, whatever happens.
const INVARIANTS: [(&str, &str); 27] = [
    ("I-01", "a refresh token that was given is good after a kill and a restart"),
    ("I-02", "the same after a power cut"),
    ("I-03", "a code is exchanged at most once, over two instances"),
    ("I-04", "a refresh family has at most one live leaf, and reuse ends it"),
    ("I-05", "a client that did not get the answer may ask again"),
    ("I-06", "what is good once is used once"),
    ("I-07", "an outage of Plex signs nobody out"),
    ("I-08", "during an outage newcomers get a clear page, and Plex is left alone"),
    ("I-09", "only a plain no ends access, and no odd answer does"),
    ("I-10", "who is not shared with any more is out in time"),
    ("I-11", "a bad key file refuses the start, and nothing is made or touched"),
    ("I-12", "a mixture of files refuses the start"),
    ("I-13", "a broken configuration changes nothing in a running service"),
    ("I-14", "a new configuration drops no request and no session"),
    ("I-15", "a bad configuration is refused with a place and a remedy"),
    ("I-16", "a full disk refuses writes and nothing else"),
    ("I-17", "a lock of somebody else refuses writes and nothing else"),
    ("I-18", "a second process is refused"),
    ("I-19", "a clock that jumps keeps nobody in and lets nobody in"),
    ("I-20", "SIGTERM lets running requests finish"),
    ("I-21", "a migration happens whole or not at all"),
    ("I-22", "memory and connections are bounded, whoever comes"),
    ("I-23", "no secret is in the log"),
    ("I-24", "no request ends the process"),
    ("I-25", "fewer rules never let more people in"),
    ("I-26", "a backup under load can be restored"),
    ("I-27", "two instances tell each other"),
];

/// What goes wrong at plex.tv and at other upstreams.
const FAULTS: [(&str, &str); 20] = [
    ("F-01", "no answer in time"),
    ("F-02", "500, 502, 503"),
    ("F-03", "429, with `Retry-After` or without"),
    ("F-04", "TLS fails"),
    ("F-05", "the name is not found"),
    ("F-06", "200 with a page"),
    ("F-07", "200 with half an answer"),
    ("F-08", "a body without end"),
    ("F-09", "an answer that is too deep"),
    ("F-10", "one byte a second"),
    ("F-11", "401 for a person's token"),
    ("F-12", "401 for the owner's token"),
    ("F-13", "a PIN ends while somebody waits"),
    ("F-14", "a PIN is approved by somebody who may not come in"),
    ("F-15", "a PIN is approved too late for us"),
    ("F-16", "the owner removes the server"),
    ("F-17", "an account gets another name and address"),
    ("F-18", "an upstream OpenID provider rotates its keys"),
    ("F-19", "an upstream's discovery names another issuer"),
    ("F-20", "the keys of Cloudflare Access cannot be fetched for an hour, or for a day"),
];

/// Those without a test of that name, and why.
const WAITING: &[(&str, &str)] = &[
    ("I-03", "there is one instance: `req_039_…` and `req_040_…` hold it for one"),
    ("I-05", "`req_060_…`: a rotated token that comes again within the grace"),
    (
        "I-19",
        "`req_037_a_code_lives_to_the_second_by_any_clock` and others of each lifetime; `i_10_a_clock_that_was_put_back_keeps_nobody_in`",
    ),
    ("I-26", "no test yet: the guide says how a backup is made"),
    ("I-27", "there is one instance"),
    ("F-18", "nobody signs in through another OpenID provider yet"),
    ("F-19", "nobody signs in through another OpenID provider yet"),
];

/// The identifiers at the start of a test's name: `f_01_i_07_plex_…` is about two.
fn identifiers(name: &str) -> BTreeSet<String> {
    let parts: Vec<&str> = name.split('_').collect();
    let pairs = parts.chunks(2).map_while(|pair| match pair {
        ["i" | "f", number] if number.len() == 2 && number.parse::<u8>().is_ok() => {
            Some(format!("{}-{number}", pair[0].to_uppercase()))
        }
        _ => None,
    });
    pairs.collect()
}

fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for name in functions() {
        for identifier in identifiers(&name) {
            found.entry(identifier).or_default().insert(name.clone());
        }
    }
    found
}

fn page(found: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut page = "# Invariants, faults and their tests\n\n\
        Generated: `UPDATE_DOCS=1 cargo test -p plex-oidc --test it scenarios::table` rewrites it, and `./check` fails where it is not \
        what the tests say. Every test named here runs in `./check`. What has none says why.\n"
        .to_owned();
    let tables =
        [("What must hold, whatever happens", &INVARIANTS[..]), ("What goes wrong elsewhere", &FAULTS[..])];
    for (title, rows) in tables {
        write!(page, "\n## {title}\n\n| | what | tests, or why there is none |\n|---|---|---|\n").unwrap();
        for (identifier, what) in rows {
            let why =
                WAITING.iter().find(|(waiting, _)| waiting == identifier).map(|(_, why)| (*why).to_owned());
            let names = found.get(*identifier).map(listed);
            writeln!(page, "| {identifier} | {what} | {} |", why.or(names).unwrap_or_default()).unwrap();
        }
    }
    page
}

#[test]
fn every_invariant_and_every_fault_has_a_test_or_a_reason() {
    let found = tests();
    let all = || INVARIANTS.iter().chain(&FAULTS).map(|(identifier, _)| *identifier);
    let waits = |identifier: &str| WAITING.iter().any(|(waiting, _)| *waiting == identifier);
    let missing: Vec<_> = all().filter(|name| !found.contains_key(*name) && !waits(name)).collect();
    assert!(missing.is_empty(), "no test has these in its name: {missing:?}");
    let done: Vec<_> = WAITING.iter().filter(|(name, _)| found.contains_key(*name)).collect();
    assert!(done.is_empty(), "these have tests now and wait no longer: {done:?}");
    assert!(WAITING.iter().all(|(name, _)| all().any(|known| known == *name)), "one waits that is not there");

    is_written("reference/scenarios.md", &page(&found));
}

#[test]
fn a_name_begins_with_what_it_is_about() {
    let named = |name| identifiers(name).into_iter().collect::<Vec<_>>();
    assert_eq!(named("f_01_i_07_i_08_plex_is_slow"), ["F-01", "I-07", "I-08"]);
    assert_eq!(named("i_10_a_hundred_i_07_are_out"), ["I-10"]);
    assert_eq!(named("i_1_one"), [""; 0]);
    assert_eq!(named("find_f_01"), [""; 0]);
}
