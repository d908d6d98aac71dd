//! Who asks: a person, and what they come through. Whether the host is to be asked about a browser is part of the one decision.

use super::Person;

/// What somebody comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Through {
    /// A browser that the host need not be asked about: it was here before there was anything to ask, or the host has said yes.
    KnownBrowser,
    /// A browser of which the host has not said yes, or nobody knows which one it is.
    #[default]
    NewBrowser,
    /// No browser at all: a program with a token of its own. Or nobody comes, and the question is about the person alone.
    NoBrowser,
}

/// A person who asks for something.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'p> {
    /// The person.
    pub person: &'p Person,
    /// What they come through.
    pub through: Through,
}

impl Person {
    /// As one who comes through this.
    pub const fn through(&self, through: Through) -> Asker<'_> {
        Asker { person: self, through }
    }
}

/// Whoever does not say what somebody comes through has them kept out where the host is to be asked.
impl<'p> From<&'p Person> for Asker<'p> {
    fn from(person: &'p Person) -> Self {
        person.through(Through::default())
    }
}

/// What the host wants done when somebody comes from a browser that is new here.
///
/// In order of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum NewBrowsers {
    /// Nothing.
    #[default]
    Allow,
    /// To be asked first. The owner of a server is not kept waiting for their own answer.
    AskHost,
}

impl NewBrowsers {
    /// Whether somebody who comes through this has to wait for the host.
    pub(super) const fn keep_out(self, through: Through) -> bool {
        matches!((self, through), (Self::AskHost, Through::NewBrowser))
    }
}
