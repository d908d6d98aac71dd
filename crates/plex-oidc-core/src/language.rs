//! Which of our languages somebody reads: by what the browser says (RFC 9110 s. 12.5.4), and by what a client asks for
//! (`ui_locales`, OIDC Core 1.0 s. 3.1.2.1).
//!
//! Both come from strangers. Whatever cannot be read is passed over, and no more is read than a browser would send.

/// Entries of a list that are looked at.
const MOST_ENTRIES: usize = 32;
/// Longest name of a language that is looked at, in bytes (RFC 5646 s. 4.4.1 has 35 for a well-formed one).
const LONGEST_TAG: usize = 35;

/// The first of `ui_locales` that is there, in the client's order.
pub fn of_ui_locales<'a>(ui_locales: &str, there: &[&'a str]) -> Option<&'a str> {
    ui_locales.split_ascii_whitespace().take(MOST_ENTRIES).find_map(|wanted| find(wanted, there))
}

/// The language of an `Accept-Language` header that its sender likes best among those that are there; `None`: none of
/// them, or any.
pub fn of_accept_language<'a>(header: &str, there: &[&'a str]) -> Option<&'a str> {
    let entries = header.split(',').take(MOST_ENTRIES).filter_map(entry);
    let mut best: (u16, Option<&'a str>) = (0, None);
    for (range, quality) in entries {
        let found = if range == "*" { None } else { Some(find(range, there)) };
        // A language that we lack says nothing; `*` says that any will do, which may be liked better than a named one.
        if found != Some(None) && quality > best.0 {
            best = (quality, found.flatten());
        }
    }
    best.1
}

/// One entry: a range of languages, and how much it is liked, in thousandths.
fn entry(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let range = parts.next().filter(|range| !range.is_empty())?;
    let quality = match parts.next() {
        None => 1000,
        Some(weight) => {
            let (name, value) = weight.split_once('=')?;
            quality(value).filter(|_| name.eq_ignore_ascii_case("q"))?
        }
    };
    parts.next().is_none().then_some((range, quality))
}

/// A weight (RFC 9110 s. 12.4.2): `0`, `1`, and up to three digits behind the point.
fn quality(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{digits:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// The language that is nearest to the wanted one: itself, or what is left when its last parts are taken off one by one
/// (RFC 4647 s. 3.4); else another of the same name, as somebody who reads one sort of Portuguese reads the other.
fn find<'a>(wanted: &str, there: &[&'a str]) -> Option<&'a str> {
    if wanted.len() > LONGEST_TAG || !wanted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return None;
    }
    let mut shorter = wanted;
    loop {
        if let Some(same) = there.iter().find(|tag| tag.eq_ignore_ascii_case(shorter)) {
            return Some(same);
        }
        match shorter.rsplit_once('-') {
            Some((rest, _)) => shorter = rest,
            None => break,
        }
    }
    there.iter().find(|tag| primary(tag).eq_ignore_ascii_case(shorter)).copied()
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THERE: &[&str] = &["de", "en", "es", "fr", "nl", "pt-BR"];

    #[test]
    fn the_language_that_is_liked_best_is_chosen() {
        for (header, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de")),
            ("de-CH-1996, en;q=0.9", Some("de")),
            ("da, en-GB;q=0.8, en;q=0.7", Some("en")),
            ("en;q=0.7,de;q=0.8", Some("de")),
            ("en;q=0.8,de;q=0.8", Some("en")),
            ("en; q=0.1 , fr ;q=0.999", Some("fr")),
            ("nl;Q=1.000", Some("nl")),
            ("pt", Some("pt-BR")),
            ("pt-PT", Some("pt-BR")),
            ("pt-br", Some("pt-BR")),
            ("de;q=0", None),
            ("de;q=0, es;q=0.001", Some("es")),
            ("*", None),
            ("de;q=0.5, *", None),
            ("de, *;q=0.5", Some("de")),
            ("ja, zh-Hant-TW", None),
            ("", None),
        ] {
            assert_eq!(of_accept_language(header, THERE), expected, "{header:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for header in [
            "de;q=2",
            "de;q=1.5",
            "de;q=0.1234",
            "de;q=-1",
            "de;q=0.5e1",
            "de;q=",
            "de;q",
            "de;level=1",
            "de;q=1;q=1",
            "de;;",
            "d e",
            "de_DE",
            "<de>",
            ",;,=,",
            "d\u{e9}",
            "de-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa",
        ] {
            assert_eq!(of_accept_language(header, THERE), None, "{header:?}");
            let with_another = format!("{header}, fr;q=0.1");
            assert_eq!(of_accept_language(&with_another, THERE), Some("fr"), "{header:?}");
        }
    }

    #[test]
    fn no_more_is_read_than_a_browser_would_send() {
        let many = "xx,".repeat(MOST_ENTRIES - 1);
        assert_eq!(of_accept_language(&format!("{many}de"), THERE), Some("de"));
        assert_eq!(of_accept_language(&format!("xx,{many}de"), THERE), None);
        assert_eq!(of_ui_locales(&format!("{}de", "xx ".repeat(MOST_ENTRIES)), THERE), None);
    }

    #[test]
    fn a_client_is_given_the_first_language_that_it_asks_for_and_we_have() {
        for (ui_locales, expected) in [
            ("fr-CA fr en", Some("fr")),
            ("ja nl de", Some("nl")),
            ("ja", None),
            ("", None),
            ("*", None),
            ("de;q=1 es", Some("es")),
            ("  pt-PT\t", Some("pt-BR")),
        ] {
            assert_eq!(of_ui_locales(ui_locales, THERE), expected, "{ui_locales:?}");
        }
    }

    proptest! {
        #[test]
        fn every_header_has_an_answer(header in "\\PC{0,80}", near in "[a-zA-Z*,;=q0-9. -]{0,80}") {
            for text in [&header, &near] {
                for found in [of_accept_language(text, THERE), of_ui_locales(text, THERE)].into_iter().flatten() {
                    prop_assert!(THERE.contains(&found));
                }
            }
            prop_assert_eq!(of_accept_language(&near, &[]), None);
        }

        #[test]
        fn a_language_of_ours_is_found_in_any_case_and_region(index in 0..THERE.len(), region in "(-[A-Z]{2})?") {
            let wanted = format!("{}{region}", THERE[index].to_uppercase());
            prop_assert_eq!(of_accept_language(&wanted, THERE), Some(THERE[index]));
            prop_assert_eq!(of_ui_locales(&wanted, THERE), Some(THERE[index]));
        }
    }
}
