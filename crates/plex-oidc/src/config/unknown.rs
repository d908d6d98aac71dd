//! Names that mean nothing here, and what was most likely meant.

use super::schema::{self, Section};

/// Names from other programs, and what they are called here.
const OTHER_NAMES: [(&str, &str); 22] = [
    ("issuer", "public_url"),
    ("issuer_url", "public_url"),
    ("base_url", "public_url"),
    ("external_url", "public_url"),
    ("url", "public_url"),
    ("port", "listen"),
    ("address", "listen"),
    ("bind", "listen"),
    ("client_id", "id"),
    ("client_secret", "secret_file"),
    ("client_name", "name"),
    ("callback_url", "redirect_uris"),
    ("algorithm", "signing_algorithm"),
    ("allowed_groups", "allow"),
    ("public", "auth_method"),
    ("pkce", "pkce_required"),
    ("domain", "host"),
    ("domains", "hosts"),
    ("resources", "paths"),
    ("policy", "allow"),
    ("aud", "access_audiences"),
    ("audience", "access_audiences"),
];

/// What to say about a name that `section` does not have.
pub(super) fn unknown(name: &str, section: &Section) -> (String, String) {
    let here = if section.name.is_empty() { String::new() } else { format!(" in `[{}]`", section.name) };
    let wrong = format!("there is no such key{here}");
    let inner = schema::SECTIONS.iter().filter_map(|other| schema::child(section.name, other.name));
    let names: Vec<&str> = section.keys.iter().map(|key| key.name).chain(inner).collect();
    let other = OTHER_NAMES.iter().find(|(theirs, ours)| *theirs == name && names.contains(ours));
    let elsewhere = schema::SECTIONS.iter().find(|other| other.keys.iter().any(|key| key.name == name));
    let remedy = match (other, nearest(name, names.iter().copied()), elsewhere) {
        (Some((_, ours)), _, _) => format!("Here it is called `{ours}`."),
        (None, Some(near), _) => format!("Did you mean `{near}`?"),
        (None, None, Some(other)) if other.name.is_empty() => {
            "It belongs at the top of the file, before the first section.".to_owned()
        }
        (None, None, Some(other)) => format!("It belongs in `[{}]`.", other.name),
        (None, None, None) => format!("Remove it. Known here: {}.", names.join(", ")),
    };
    (wrong, remedy)
}

pub(super) fn unknown_variable(name: &str) -> String {
    let known: Vec<String> = schema::SECTIONS
        .iter()
        .flat_map(|section| {
            let at = schema::first_place(section);
            section.keys.iter().map(move |key| schema::variable(&schema::join(&at, key.name)))
        })
        .collect();
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Remove it. Variables are named as keys: PLEX_OIDC__SECTION__KEY.".to_owned(),
    }
}

/// The known name that `name` was most likely meant to be.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_ascii_lowercase());
    let (distance, near) = known.map(|other| (distance(other), other)).min()?;
    let near_enough = distance <= (name.len() / 3).max(1);
    near_enough.then_some(near)
}
