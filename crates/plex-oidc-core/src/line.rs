//! What strangers write and others read: one line of plain text.

/// One line of `text`, at most `longest` characters: no control characters, no run of blanks, and none of the marks that turn the
/// direction of what stands around it.
pub fn plain(text: &str, longest: usize) -> String {
    let no_controls = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = no_controls.filter(|c| !is_control_or_turn(*c)).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(longest).collect()
}

/// Whether `c` is a control character, or one of the marks that turn the direction of what stands around it.
pub fn is_control_or_turn(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_one_line_of_text() {
        assert_eq!(plain("  it is me,\r\n\tRobin \u{202e}nibor \u{2069}", 300), "it is me, Robin nibor");
        assert_eq!(plain(&"é".repeat(500), 300).chars().count(), 300);
        assert_eq!(plain(" \n\u{200f} ", 300), "");
    }
}
