//! Lengths of time as the host writes them: a whole number and one unit, such as `90s`, `15m`, `12h` or `30d`.

use plex_oidc_core::time::Seconds;

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Reads a length of time; `None` if it is written otherwise. What is longer than can be counted becomes the longest.
pub fn parse(text: &str) -> Option<Seconds> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| Seconds(number.parse().unwrap_or(u32::MAX).saturating_mul(seconds)))
}

/// Writes a length in the largest unit that divides it.
pub fn write(length: Seconds) -> String {
    let whole = |(_, seconds): &(char, u32)| length.0 >= *seconds && length.0.is_multiple_of(*seconds);
    let (unit, seconds) = UNITS.into_iter().find(whole).unwrap_or(('s', 1));
    format!("{}{unit}", length.0 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_a_number_and_one_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("12h", 43_200),
            ("30d", 2_592_000),
            ("0s", 0),
            ("99999999999d", u32::MAX),
        ] {
            assert_eq!(parse(text), Some(Seconds(seconds)), "{text}");
        }
        for odd in ["", "s", "12", "12x", "-1s", "+1s", "1.5h", "1h30m", " 1h", "1 h", "1H", "²s"] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_written_length_reads_back() {
        for seconds in [0, 1, 59, 60, 61, 3600, 5400, 86_400, 90_000, 2_592_000] {
            assert_eq!(parse(&write(Seconds(seconds))), Some(Seconds(seconds)));
        }
        assert_eq!(write(Seconds(86_400)), "1d");
        assert_eq!(write(Seconds(0)), "0s");
    }
}
