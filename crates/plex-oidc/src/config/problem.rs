//! What is wrong with a configuration, in words for the host: where, which key, what is wrong, what to do.

use std::fmt;
use std::sync::Arc;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole.
    File {
        /// Its name as it was given to us.
        file: Arc<str>,
    },
    /// A spot in the file.
    Spot {
        /// Its name as it was given to us.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file } => f.write_str(file),
            Self::Spot { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable { name } => write!(f, "variable {name}"),
        }
    }
}

/// One thing that is wrong, or that the host should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The key with its sections, such as `clients.0.id`; empty if it is about the whole file.
    pub key: String,
    /// What is wrong: the end of a sentence that begins with the key, without a full stop.
    pub wrong: String,
    /// What to do: a sentence.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}\n    {}", self.wrong, self.remedy)
    }
}

/// Everything that is wrong with a configuration, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => f.write_str("The configuration has 1 problem:")?,
            many => write!(f, "The configuration has {} problems:", many.len())?,
        }
        for problem in &self.0 {
            write!(f, "\n\n{problem}")?;
        }
        f.write_str("\n")
    }
}
