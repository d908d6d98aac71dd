//! Every numbered requirement has a test with its number in its name, or stands here with the reason. `UPDATE_DOCS=1` rewrites
//! the page that lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::support::{functions, is_written, listed};

/// How many requirements there are.
const ALL: u32 = 178;

/// Numbers without a test, and why.
const WAITING: &[(u32, &str)] = &[
    (15, "there are no clients that anybody could register, so none is untrusted"),
    (109, "access tokens are opaque, and no JWT is offered beside them: decision 0001"),
    (111, "there is no DPoP"),
    (112, "there is no DPoP"),
    (113, "there is no DPoP"),
    (124, "there is no front-channel logout"),
    (143, "there are no second factors yet"),
    (144, "there are no second factors yet"),
    (146, "nobody changes credentials on a page yet: the host does, by a command"),
    (148, "there are no links by e-mail yet"),
    (149, "there is no setup page: `init` sets up"),
    (162, "nobody signs in through another OpenID provider yet"),
    (178, "`./check licences` holds what it can: `deny.toml`; nothing is released yet"),
];

/// The tests with each number in their names, as in `req_069_070_…`.
fn tests() -> BTreeMap<u32, BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for name in functions() {
        let Some(numbers) = name.strip_prefix("req_") else { continue };
        for number in numbers.split('_').map_while(|part| part.parse::<u32>().ok()) {
            found.entry(number).or_default().insert(name.clone());
        }
    }
    found
}

fn page(found: &BTreeMap<u32, BTreeSet<String>>) -> String {
    let mut page = "# Requirements and their tests\n\n\
        Generated: `UPDATE_DOCS=1 cargo test -p plex-oidc --test it requirements` rewrites it, and `./check` fails where it is not \
        what the tests say. Every test named here runs in `./check`. A number without a test says why.\n\n\
        | number | tests, or why there is none |\n|---|---|\n"
        .to_owned();
    for number in 1..=ALL {
        let why = WAITING.iter().find(|(waiting, _)| *waiting == number).map(|(_, why)| (*why).to_owned());
        let names = found.get(&number).map(listed);
        writeln!(page, "| {number} | {} |", why.or(names).unwrap_or_default()).unwrap();
    }
    page
}

#[test]
fn every_requirement_has_a_test_or_waits_for_its_feature() {
    let found = tests();
    let waits = |number: &u32| WAITING.iter().any(|(waiting, _)| waiting == number);
    let missing: Vec<u32> =
        (1..=ALL).filter(|number| !found.contains_key(number) && !waits(number)).collect();
    assert!(missing.is_empty(), "no test has these numbers in its name: {missing:?}");
    let done: Vec<&(u32, &str)> = WAITING.iter().filter(|(number, _)| found.contains_key(number)).collect();
    assert!(done.is_empty(), "these have tests now and wait no longer: {done:?}");

    is_written("reference/requirements.md", &page(&found));
}
