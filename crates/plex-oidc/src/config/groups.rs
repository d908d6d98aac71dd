//! The host's own groups, made of others: `[[groups]]`. None is made of another of these, so no group can depend on itself.

use plex_oidc_core::decide::{AllowRule, HouseGroup};
use plex_oidc_core::groups::Group;

use super::reader::Reader;
use super::{LocalConfig, people};

/// What a name of the host's may not be, in words.
pub(super) const NAMES: &str =
    "Write a name of your own, without spaces, that does not begin with `plex-` or `local`.";

/// The names of all of them, in the order of the file. `None`: that one has none that could be used.
pub(super) fn names(reader: &mut Reader<'_>, local: &LocalConfig) -> Vec<Option<Group>> {
    let mut names: Vec<Option<Group>> = Vec::new();
    for index in 0..reader.document.count("groups") {
        let name = name(reader, index, local, &names);
        names.push(name);
    }
    names
}

fn name(
    reader: &mut Reader<'_>,
    index: usize,
    local: &LocalConfig,
    others: &[Option<Group>],
) -> Option<Group> {
    let key = format!("groups.{index}.name");
    let text = reader.needed_text(&key, "Write a name of your own: name = \"family\".")?;
    let shown = text.value.escape_debug().to_string();
    let Some(name) = Group::of_host(&text.value) else {
        reader.refuse(text.place, &key, format!("`{shown}` cannot be a group of yours"), NAMES);
        return None;
    };
    if local.groups.contains(&name) {
        let wrong = format!("`{shown}` is a group of local.groups already");
        reader.refuse(
            text.place,
            &key,
            wrong,
            "Give one of the two another name; this one may be made of the other.",
        );
        return None;
    }
    if let Some(other) = others.iter().position(|other| other.as_ref() == Some(&name)) {
        let place = reader.place(&format!("groups.{other}.name"));
        let wrong = format!("`{shown}` is the name of the group at {place} already");
        reader.refuse(text.place, &key, wrong, "Give each group its own, or put the two into one.");
        return None;
    }
    Some(name)
}

/// Reads who is in them.
pub(super) fn build(reader: &mut Reader<'_>, names: &[Option<Group>]) -> Vec<HouseGroup> {
    let mut groups = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let key = |list: &str| format!("groups.{index}.{list}");
        says_somebody(reader, &key("any"), &key("all"));
        let mut members = |list: &str| members(reader, &key(list), names);
        let (any, all, none) = (members("any"), members("all"), members("none"));
        groups.extend(name.clone().map(|name| HouseGroup { name, any, all, none }));
    }
    groups
}

fn says_somebody(reader: &mut Reader<'_>, any: &str, all: &str) {
    let remedy = "Write who is in it: any = [\"plex-home\", \"plex-48151623\"].";
    if !reader.is_set(any) && !reader.is_set(all) {
        reader.missing(any, remedy);
    } else if reader.texts(any).is_empty() && reader.texts(all).is_empty() {
        let key = if reader.is_set(any) { any } else { all };
        reader.refuse(reader.place(key), key, "is empty, so nobody would be in this group", remedy);
    }
}

fn members(reader: &mut Reader<'_>, key: &str, names: &[Option<Group>]) -> Vec<AllowRule> {
    let known = reader.groups.clone();
    reader.each(key, |text| {
        if names.iter().flatten().any(|name| name.as_str() == text) {
            let wrong =
                format!("`{text}` is made in `[[groups]]` too, and no such group can be part of another");
            return Err((wrong, "Write here what that group is made of.".to_owned()));
        }
        people::entry(text, known.as_ref())
    })
}
