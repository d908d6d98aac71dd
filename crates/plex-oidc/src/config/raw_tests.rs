use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Everything that was read, or what is wrong.
fn said(read: Result<Reading<'_>, Vec<Problem>>) -> String {
    let (mut text, mut problems) = (String::new(), Vec::new());
    match read {
        Ok(reading) => {
            let Document { values, sections, broken, .. } = &reading.document;
            let sections: BTreeMap<_, _> = sections.iter().collect();
            writeln!(text, "{sections:?}\n{broken:?}").unwrap();
            for section in sections.keys().map(|section| section.as_str()).chain([""]) {
                for key in schema::SECTIONS.iter().flat_map(|section| section.keys) {
                    let path = schema::join(section, key.name);
                    let Some(Located { value, place }) = values.get(&path) else { continue };
                    let value = match value {
                        Value::Text(text) => text.clone(),
                        Value::Texts(texts) => format!("{texts:?}"),
                        Value::Flag(flag) => flag.to_string(),
                        Value::Number(number) => number.to_string(),
                        Value::Length(length) => format!("{length:?}"),
                    };
                    writeln!(text, "{path} = {value} at {place:?}").unwrap();
                }
            }
            problems.extend(reading.problems);
        }
        Err(found) => problems.extend(found),
    }
    problems.sort();
    writeln!(text, "{problems:?}").unwrap();
    text
}

/// Whether the text was read in pieces; it must say what the whole says.
fn is_read_in_pieces(text: &str) -> bool {
    let in_pieces = Reading::in_pieces("file", text);
    let is_one = in_pieces.is_some();
    if let Some(reading) = in_pieces {
        assert_eq!(said(Ok(reading)), said(Reading::whole("file", text)), "{text}");
    }
    is_one
}

#[test]
fn a_file_in_pieces_says_what_the_whole_says() {
    for (text, in_pieces) in [
        ("", true),
        ("public_url = \"x\"\n[plex]\nserver = \"y\"", true),
        (
            "[[clients]]\nid = \"a\"\nnonsense = 1\n[plex]\nserver = 1\n  [[ clients ]] # c\nid = \"é\" # z\nname = 1",
            true,
        ),
        (
            "[[apps]]\nname = \"a\"\n[[apps.rules]]\npaths = [\n\"/\",\n]\n[[apps . rules]]\n[[apps]]\n[tokens]\n",
            true,
        ),
        ("\u{feff}#\r\n[[clients]]\r\nid = \"a\"\r\n\r\n[[clients]]\r\nid = \"b\"\r\n", true),
        ("[[apps]]\ndescription = \"\"\"\n[[clients]]\nid = \"a\"\n[plex]\n\"\"\"\n[[clients]]", false),
        ("[[\"clients\"]]\nid = \"a\"\n[[groups]]", true),
        ("[[clients]]\nid = \"a\"\n[[\"clients\"]]\nid = \"b\"", false),
        ("x = [\n[[clients]]\nid = \"a\"\n[1]\n]", false),
        ("[[clients]]\nid = \"a\"\n[plex]\n[clients.x]\n", false),
        ("clients = []\n[[clients]]", false),
        ("clients.id = \"a\"\n[[clients]]", false),
        ("[[clients]]\n[clients]", false),
        ("[[clients]] x\n[plex]", false),
        ("[[clients]\nid = \"a\"", false),
        ("[[clients]]\nid = \"a\"\nid = \"b\"", false),
        ("[plex]\n[[clients]]\n[plex]", false),
        ("[[clients]]\nid = [\n[[clients]]\n", false),
    ] {
        assert_eq!(is_read_in_pieces(text), in_pieces, "{text}");
    }
}

const LINES: [&str; 32] = [
    "[[clients]]",
    "[[clients]] # one",
    " [[ clients ]]",
    "[clients]",
    "[clients.x]",
    "[[\"clients\"]]",
    "[[apps]]",
    "[[apps]]",
    "[[apps.rules]]",
    "[[apps . rules]]",
    "[apps.rules]",
    "[plex]",
    "[plex.urls]",
    "[tokens]",
    "id = \"a\"",
    "id = 1",
    "name = \"\u{e9}\"",
    "name = \"\"\"",
    "\"\"\"",
    "'''",
    "# [[clients]]",
    "scopes = [",
    "paths = [ \"/a\",",
    "\"openid\",",
    "]",
    "[1]",
    "[\"b\"]",
    "x = { a = [",
    "] }",
    "clients = []",
    "apps.name = \"a\"",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn whatever_lines_a_file_has_in_pieces_it_says_what_the_whole_says(
        lines in prop::collection::vec(prop::sample::select(&LINES[..]), 0..12),
        ends_lines in prop::sample::select(&["\n", "\r\n"][..]),
    ) {
        is_read_in_pieces(&lines.join(ends_lines));
    }
}
