//! What a `Cookie` header says (RFC 6265 s. 4.2.1 and 5.4): pairs of a name and a value, between semicolons.
//!
//! A proxy asks with each request of a visitor, and this crate is compiled for speed: so [`find`] is no iterator, which would be compiled
//! where it is used, and neither it nor [`count`] is put in there.

/// How often a name stands among cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'c> {
    /// Not once.
    Nothing,
    /// Once, with this value.
    One(&'c str),
    /// More than once: somebody planted one, and which of them is not to be told.
    Several,
}

impl<'c> Found<'c> {
    /// Both together: a request may have several headers.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, found) | (found, Self::Nothing) => found,
            (Self::One(_) | Self::Several, Self::One(_) | Self::Several) => Self::Several,
        }
    }

    /// The value, if it is the only one.
    pub const fn only(self) -> Option<&'c str> {
        match self {
            Self::One(value) => Some(value),
            Self::Nothing | Self::Several => None,
        }
    }
}

/// How many pairs a header may hold: one more than it has semicolons.
#[inline(never)]
pub fn count(header: &str) -> usize {
    1 + header.bytes().filter(|byte| *byte == b';').count()
}

/// Every pair of a header, in order.
pub fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim_ascii().split_once('='))
}

/// The pairs of that name. A name has no `=` and no blanks around it.
#[inline(never)]
pub fn find<'c>(header: &'c str, name: &str) -> Found<'c> {
    let mut found = Found::Nothing;
    for pair in header.split(';') {
        let value = pair.trim_ascii().strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        found = found.and(value.map_or(Found::Nothing, Found::One));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_found_where_it_stands_alone() {
        for (header, found) in [
            ("", Found::Nothing),
            ("session", Found::Nothing),
            ("session=", Found::One("")),
            ("session=1", Found::One("1")),
            (" a=b;\tsession=1 ; c", Found::One("1")),
            ("session=1=2", Found::One("1=2")),
            ("session =1", Found::Nothing),
            ("sessions=1; my-session=2; Session=3", Found::Nothing),
            ("a=session=1", Found::Nothing),
            ("session=1;session=1", Found::Several),
            ("session=1; a; session=; session=3", Found::Several),
        ] {
            assert_eq!(find(header, "session"), found, "{header}");
        }
    }

    #[test]
    fn one_of_two_headers_is_none() {
        use Found::{Nothing, One, Several};
        for (first, second, both) in [
            (Nothing, Nothing, Nothing),
            (Nothing, One("1"), One("1")),
            (One("1"), Nothing, One("1")),
            (One("1"), One("1"), Several),
            (Several, Nothing, Several),
            (Nothing, Several, Several),
            (Several, One("1"), Several),
        ] {
            assert_eq!(first.and(second), both, "{first:?} {second:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_stands_among_the_pairs(header in "[ab=; \t]{0,24}", name in "[ab]{1,2}") {
            let values: Vec<_> = pairs(&header).filter(|(n, _)| *n == name).map(|(_, value)| value).collect();
            let expected = match values.as_slice() {
                [] => Found::Nothing,
                [value] => Found::One(value),
                _ => Found::Several,
            };
            prop_assert_eq!(find(&header, &name), expected);
            prop_assert!(pairs(&header).count() <= count(&header));
        }
    }
}
