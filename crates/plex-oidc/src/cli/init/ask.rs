//! How a question is asked. Questions go to standard error, so that standard output holds only the result.

use std::io::{BufRead as _, Read as _};

use super::InitError;
use crate::cli::World;

/// So many answers that will not do end the conversation.
const TRIES: usize = 5;
/// Longest answer that is read.
const LONGEST: u64 = 4096;

/// One question, and the flag that answers it.
pub(super) struct Question<'q> {
    /// What is asked.
    pub(super) text: &'q str,
    /// What it is about, in a word or two.
    pub(super) what: &'static str,
    /// The flag that answers it.
    pub(super) flag: &'static str,
}

/// Whom to ask.
pub(super) struct Asker<'a, 'w> {
    /// The streams.
    pub(super) world: &'a mut World<'w>,
    /// Whether there is anybody.
    pub(super) interactive: bool,
}

impl Asker<'_, '_> {
    /// Asks until `read` accepts the answer.
    pub(super) fn ask<T>(
        &mut self,
        question: &Question<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InitError> {
        let (what, flag) = (question.what, question.flag);
        if !self.interactive {
            return Err(InitError::Missing { what, flag });
        }
        writeln!(self.world.err, "\n{}", question.text)?;
        for _ in 0..TRIES {
            write!(self.world.err, "> ")?;
            self.world.err.flush()?;
            let mut line = String::new();
            if (&mut *self.world.input).take(LONGEST).read_line(&mut line)? == 0 {
                writeln!(self.world.err)?;
                return Err(InitError::Missing { what, flag });
            }
            match read(line.trim()) {
                Ok(answer) => return Ok(answer),
                Err(wrong) => writeln!(self.world.err, "{wrong}")?,
            }
        }
        Err(InitError::GaveUp { what, flag })
    }

    /// Asks for yes or no; an empty answer is `otherwise`.
    pub(super) fn confirm(&mut self, question: &Question<'_>, otherwise: bool) -> Result<bool, InitError> {
        self.ask(question, |text| match text.to_ascii_lowercase().as_str() {
            "" => Ok(otherwise),
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("Answer y or n.".to_owned()),
        })
    }

    /// The value of a flag, or else the answer to the question.
    pub(super) fn flag_or_ask<T>(
        &mut self,
        given: Option<&str>,
        question: &Question<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InitError> {
        match given {
            Some(text) => read(text).map_err(|wrong| InitError::Refused { flag: question.flag, wrong }),
            None => self.ask(question, read),
        }
    }
}
