//! Every requirement of this version has a test with its number in its name, or stands here with the reason.

use std::collections::BTreeSet;
use std::path::Path;

/// Numbers without a test yet, and why.
const WAITING: [(u32, &str); 2] = [
    (15, "there are no clients that anybody could register, so none is untrusted"),
    (109, "access tokens are opaque, and no JWT is offered beside them: decision 0001"),
];

fn is_of_this_version(number: u32) -> bool {
    (1..=102).contains(&number)
        || (108..=110).contains(&number)
        || (114..=123).contains(&number)
        || (125..=142).contains(&number)
        || number == 150
        || (158..=160).contains(&number)
        || (164..=174).contains(&number)
}

/// The numbers in the names of tests, as in `req_069_070_…`.
fn tested(folder: &Path, found: &mut BTreeSet<u32>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            tested(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for name in text.split("fn req_").skip(1) {
                let numbers = name.split('_').map_while(|part| part.parse::<u32>().ok());
                found.extend(numbers);
            }
        }
    }
}

#[test]
fn every_requirement_has_a_test_or_waits_for_its_feature() {
    let mut found = BTreeSet::new();
    tested(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    let waiting: BTreeSet<u32> = WAITING.iter().map(|(number, _)| *number).collect();
    let missing: Vec<u32> = (1..=200)
        .filter(|number| is_of_this_version(*number) && !found.contains(number) && !waiting.contains(number))
        .collect();
    assert!(missing.is_empty(), "no test has these numbers in its name: {missing:?}");
    let done: Vec<&(u32, &str)> = WAITING.iter().filter(|(number, _)| found.contains(number)).collect();
    assert!(done.is_empty(), "these have tests now and wait no longer: {done:?}");
    assert!(WAITING.iter().all(|(number, why)| is_of_this_version(*number) && !why.is_empty()));
}
