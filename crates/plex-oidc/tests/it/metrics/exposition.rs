//! A strict reader of the Prometheus text format 0.0.4.

use std::collections::BTreeMap;

/// What was read.
pub(super) struct Exposition {
    /// Values by name and labels, as `name` and `a=b,c=d`.
    pub(super) samples: BTreeMap<(String, String), i64>,
}

impl Exposition {
    pub(super) fn value(&self, name: &str, labels: &str) -> Option<i64> {
        self.samples.get(&(name.to_owned(), labels.to_owned())).copied()
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// One line of help, one of type, and samples of that name alone; each family once, each sample once.
pub(super) fn read(text: &str) -> Exposition {
    assert!(text.ends_with('\n') && !text.contains('\r') && text.is_ascii(), "{text}");
    let mut samples = BTreeMap::new();
    let mut families: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut helped: Option<String> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect(line);
            assert!(is_name(name) && !help.is_empty() && !help.contains('\\'), "{line}");
            assert!(!families.contains_key(name), "{line}: a second time");
            if let Some(before) = &current {
                assert!(families[before].1 > 0, "{before} has no sample");
            }
            (helped, current) = (Some(name.to_owned()), None);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect(line);
            assert_eq!(helped.take().as_deref(), Some(name), "{line}: after its help");
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            families.insert(name.to_owned(), (kind.to_owned(), 0));
            current = Some(name.to_owned());
        } else {
            let name = current.clone().unwrap_or_else(|| panic!("{line}: of no family"));
            let (kind, count) = families.get_mut(&name).unwrap();
            *count += 1;
            let rest = line.strip_prefix(&name).unwrap_or_else(|| panic!("{line}: not of {name}"));
            let (labels, value) = rest.rsplit_once(' ').expect(line);
            let value: i64 = value.parse().unwrap_or_else(|_| panic!("{line}: no whole number"));
            assert!(kind != "counter" || value >= 0, "{line}");
            let earlier = samples.insert((name, labels_of(labels, line)), value);
            assert_eq!(earlier, None, "{line}: a second time");
        }
    }
    assert!(families.values().all(|(_, count)| *count > 0), "a family without a sample");
    assert!(families.keys().all(|name| name.starts_with("plex_oidc_")));
    Exposition { samples }
}

fn labels_of(text: &str, line: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).expect(line);
    let pairs = inside.split(',').map(|pair| {
        let (name, value) = pair.split_once('=').expect(line);
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).expect(line);
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
        assert!(is_name(name) && !value.is_empty() && value.bytes().all(is_word), "{line}");
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join(",")
}
