//! Writing a file in the place of which nothing else can be put: one that is mounted into a container by itself, or whose folder takes no
//! other file.
//!
//! A short text is never missing there. Each step below ends with the disk having it, and wherever power or process goes, the file
//! holds the old text or the new one, with empty lines after it perhaps, which mean nothing in any file of ours:
//!
//! 1. empty lines after the old text, until the new one has room;
//! 2. the new text over the old one, filled up with empty lines: one write that changes no length, within the one sector that a disk
//!    writes whole or not at all;
//! 3. the end of the file moves to the end of the new text.
//!
//! Longer texts are written only where they lie whole, and on the disk, in a draft beside the file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::edit::Draft;

/// So many bytes reach a disk together.
const SECTOR: usize = 512;

/// One change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// These bytes, from here on.
    Write(usize, Vec<u8>),
    /// Nothing after this.
    Cut(usize),
}

/// From a text of so many bytes to a new one. `None`: one of them is too long for that.
fn steps(old: usize, new: &[u8]) -> Option<Vec<Step>> {
    let room = old.max(new.len());
    if room > SECTOR {
        return None;
    }
    let mut filled = new.to_vec();
    filled.resize(room, b'\n');
    let mut steps = Vec::new();
    if old < room {
        steps.push(Step::Write(old, vec![b'\n'; room - old]));
    }
    steps.push(Step::Write(0, filled));
    if new.len() < room {
        steps.push(Step::Cut(new.len()));
    }
    Some(steps)
}

fn take(file: &File, step: &Step) -> io::Result<()> {
    match step {
        Step::Write(at, bytes) => file.write_all_at(bytes, u64::try_from(*at).map_err(io::Error::other)?)?,
        Step::Cut(length) => file.set_len(u64::try_from(*length).map_err(io::Error::other)?)?,
    }
    file.sync_all()
}

/// Writes `text` into the file. `why` it is not replaced as a whole, and the draft with the same text, if there is one. An error says
/// what to do.
pub(super) fn write(path: &Path, text: &str, why: &io::Error, draft: Option<Draft>) -> io::Result<()> {
    let wrong = |error: &io::Error| {
        let said = format!(
            "it can neither be replaced ({why}) nor written ({error}): let this program write its folder, and in a container mount \
             the folder and not the file alone"
        );
        io::Error::new(error.kind(), said)
    };
    // Neither made nor emptied by being opened; a mode and an owner stay.
    let file = OpenOptions::new().write(true).open(path).map_err(|error| wrong(&error))?;
    let old = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if let Some(steps) = steps(old, text.as_bytes()) {
        return steps.iter().try_for_each(|step| take(&file, step)).map_err(|error| wrong(&error));
    }
    let Some(draft) = draft else { return Err(wrong(&io::Error::from(io::ErrorKind::FileTooLarge))) };
    let whole = [Step::Write(0, text.into()), Step::Cut(text.len())];
    whole.iter().try_for_each(|step| take(&file, step)).map_err(|error| {
        let whole = draft.keep();
        let said =
            format!("it is written in part ({error}), and whole in {}: copy it from there", whole.display());
        io::Error::new(error.kind(), said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mut file: Vec<u8>, step: &Step) -> Vec<u8> {
        match step {
            Step::Write(at, bytes) => {
                file.resize(file.len().max(at + bytes.len()), 0);
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Step::Cut(length) => file.truncate(*length),
        }
        file
    }

    fn means(file: &[u8], text: &[u8]) -> bool {
        file.strip_prefix(text).is_some_and(|rest| rest.iter().all(|byte| *byte == b'\n'))
    }

    #[test]
    fn wherever_it_ends_in_the_middle_one_of_the_two_texts_is_whole() {
        let texts: Vec<Vec<u8>> = [0, 1, 20, 21, 22, 300, 512].map(|length| vec![b'x'; length]).into();
        for old in &texts {
            for new in texts.iter().map(|text| text.iter().map(|_| b'y').collect::<Vec<_>>()) {
                let mut file = old.clone();
                for step in steps(old.len(), &new).unwrap() {
                    // What changes the length may come to the disk in parts; what is within a sector does not.
                    if let Step::Write(at, bytes) = &step
                        && *at == file.len()
                    {
                        for part in 0..bytes.len() {
                            let torn = after(file.clone(), &Step::Write(*at, bytes[..part].to_vec()));
                            assert!(means(&torn, old), "{} to {}", old.len(), new.len());
                        }
                    } else if let Step::Write(at, bytes) = &step {
                        assert_eq!((*at, bytes.len()), (0, file.len()), "one sector, and no other length");
                    }
                    file = after(file, &step);
                    assert!(means(&file, old) || means(&file, &new), "{} to {}", old.len(), new.len());
                }
                assert_eq!(file, new);
            }
        }
    }

    #[test]
    fn what_is_longer_than_a_sector_is_not_written_so() {
        assert!(steps(513, b"x").is_none() && steps(1, &[b'x'; 513]).is_none());
    }
}
