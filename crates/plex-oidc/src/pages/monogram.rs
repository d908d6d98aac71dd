//! What stands for an application that has no picture: one or two letters of its name, on a colour that the name chooses.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

/// So many colours there are: `.tint-0` to `.tint-11` of `style.css`.
const COLOURS: u8 = 12;

/// The letters and the colour of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Monogram {
    /// One or two letters.
    pub letters: Cow<'static, str>,
    /// Which colour.
    pub colour: u8,
}

impl Monogram {
    /// The same for the same name, always.
    pub fn of(name: &str) -> Self {
        let first = |word: &str| word.chars().find(|c| c.is_alphanumeric()).map(in_capitals);
        let letters: String = name.split(|c: char| !c.is_alphanumeric()).filter_map(first).take(2).collect();
        let colour = digest(&SHA256, name.as_bytes()).as_ref().first().map_or(0, |byte| byte % COLOURS);
        Self { letters: if letters.is_empty() { "•".into() } else { letters.into() }, colour }
    }
}

/// One letter, whatever becomes of it elsewhere in capitals.
fn in_capitals(c: char) -> char {
    let mut capitals = c.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) => capital,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_letters_whatever_it_is() {
        let letters = |name: &str| Monogram::of(name).letters;
        for (name, expected) in [
            ("photos", "P"),
            ("Film requests", "FR"),
            ("the big old wiki", "TB"),
            ("wiki.example.com", "WE"),
            ("ßeta", "ß"),
            ("Ελλάδα", "Ε"),
            ("写真 館", "写館"),
            ("  -- ", "•"),
            ("", "•"),
            ("<script>", "S"),
        ] {
            assert_eq!(letters(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_every_colour_is_there_and_readable() {
        let style = include_str!("../../static/style.css");
        assert_eq!(Monogram::of("photos"), Monogram::of("photos"));
        let used: std::collections::BTreeSet<u8> =
            (0..500).map(|n| Monogram::of(&format!("app {n}")).colour).collect();
        assert_eq!(used, (0..COLOURS).collect());
        for number in 0..COLOURS {
            let rule = style.split_once(&format!(".tint-{number} {{ background: ")).expect("a colour").1;
            let colour = super::super::theme::Colour::parse(rule.split(';').next().unwrap()).unwrap();
            let ink = super::super::theme::Colour::parse("#fff").unwrap();
            assert!(colour.contrast(ink) >= 4.5, "tint-{number}: {}", colour.contrast(ink));
        }
    }
}
