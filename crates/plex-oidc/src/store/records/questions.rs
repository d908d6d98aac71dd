//! What commands on the machine ask the running service: it alone knows what it keeps in memory, and asks Plex.

/// The number of a question. It is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionId(pub i64);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How well it is known who is a member.
    Membership,
    /// The same, after a round of the re-check.
    Recheck,
}

impl Question {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Membership, Self::Recheck];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Membership => "membership",
            Self::Recheck => "recheck",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.as_str() == word)
    }
}

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenQuestion {
    /// Its number.
    pub id: QuestionId,
    /// What is asked.
    pub question: Question,
}
