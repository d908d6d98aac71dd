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
//! Where the disk refuses one of them, the old text is written back in the same way. Only where it refuses that too, which of the two is
//! in the file is [in doubt](InDoubt).
//!
//! A text longer than a sector could be left as a mixture of the two, so none is written like this, nor over.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// So many bytes reach a disk together.
const SECTOR: usize = 512;

/// The disk failed in the middle, and again on the way back.
#[derive(Debug, thiserror::Error)]
#[error("it may hold the old text or the new one: {0}")]
pub(crate) struct InDoubt(pub(crate) io::Error);

/// Whether a file holds the old text or the new one, after this error of a replacement, is not known. After any other it is the old one.
pub(crate) fn is_in_doubt(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<InDoubt>())
}

/// One change of a file. What it says may be a token: it is not for logs.
enum Step {
    /// These bytes, from here on.
    Write(usize, Zeroizing<Vec<u8>>),
    /// Nothing after this.
    Cut(usize),
}

/// From a text of so many bytes to a new one. `None`: one of them is too long for that.
fn steps(old: usize, new: &[u8]) -> Option<Vec<Step>> {
    let room = old.max(new.len());
    if room > SECTOR {
        return None;
    }
    let mut filled = Zeroizing::new(Vec::with_capacity(room)); // a vector that grows leaves copies behind
    filled.extend_from_slice(new);
    filled.resize(room, b'\n');
    let mut steps = Vec::new();
    if old < room {
        steps.push(Step::Write(old, vec![b'\n'; room - old].into()));
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

/// Writes `text` into the file. `why` it is not replaced as a whole. An error says what to do.
pub(super) fn write(path: &Path, text: &str, why: &io::Error) -> io::Result<()> {
    write_by(path, text, why, take)
}

fn write_by(
    path: &Path,
    text: &str,
    why: &io::Error,
    take: impl FnMut(&File, &Step) -> io::Result<()>,
) -> io::Result<()> {
    // Neither made nor emptied by being opened; a mode and an owner stay.
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.and_then(|file| change(&file, text.as_bytes(), take)).map_err(|error| {
        if is_in_doubt(&error) {
            return error;
        }
        let said = format!(
            "it can neither be replaced ({why}) nor written ({error}): let this program write its folder, and in a container mount \
             the folder and not the file alone"
        );
        io::Error::new(error.kind(), said)
    })
}

fn change(file: &File, new: &[u8], mut take: impl FnMut(&File, &Step) -> io::Result<()>) -> io::Result<()> {
    let length = length_of(file)?;
    let there = steps(length, new).ok_or(io::ErrorKind::FileTooLarge)?;
    let mut old = Zeroizing::new(vec![0; length]);
    file.read_exact_at(&mut old, 0)?;
    let mut is_old = true;
    let done = there.iter().try_for_each(|step| {
        is_old &= !matches!(step, Step::Write(0, _)); // from the first byte on: the new text
        take(file, step)
    });
    let Err(error) = done else { return Ok(()) };
    let mut back = || -> io::Result<()> {
        let back = steps(length_of(file)?, &old).ok_or(io::ErrorKind::FileTooLarge)?;
        back.iter().try_for_each(|step| take(file, step))
    };
    match back() {
        Err(_) if !is_old => Err(io::Error::new(error.kind(), InDoubt(error))),
        _ => Err(error),
    }
}

fn length_of(file: &File) -> io::Result<usize> {
    usize::try_from(file.metadata()?.len()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
                            let torn = after(file.clone(), &Step::Write(*at, bytes[..part].to_vec().into()));
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

    /// What comes of a change whose steps of these numbers fail as a sync does, after the file has them; those back are counted on.
    fn changed((old, new): (&str, &str), failing: &[usize]) -> (io::Result<()>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("owner.token");
        fs::write(&path, old).unwrap();
        let mut number = 0;
        let done = write_by(&path, new, &io::ErrorKind::ResourceBusy.into(), |file, step| {
            number += 1;
            take(file, step)?;
            if failing.contains(&number) { Err(io::Error::other("the disk fails")) } else { Ok(()) }
        });
        (done, fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn where_the_disk_refuses_something_the_old_text_is_there_again() {
        let lengths = [("old-token", "new-token"), ("old", "new-token"), ("old-token", "new"), ("", "new")];
        for (old, new) in lengths {
            assert_eq!(changed((old, new), &[]).1, new);
            for failing in 1..=steps(old.len(), new.as_bytes()).unwrap().len() {
                let (done, is) = changed((old, new), &[failing]);
                let error = done.unwrap_err();
                assert!(!is_in_doubt(&error) && error.to_string().contains("nor written"), "{error}");
                assert_eq!(is, old, "to {new}, step {failing}");
            }
        }
    }

    #[test]
    fn where_it_refuses_that_too_it_is_said_that_nobody_knows() {
        let (done, _) = changed(("old-token", "new-token"), &[1, 2]);
        let error = done.unwrap_err();
        assert!(is_in_doubt(&error), "{error}");
        assert_eq!(error.to_string(), "it may hold the old text or the new one: the disk fails");
        let (done, is) = changed(("old", "new-token"), &[1, 2]);
        assert!(!is_in_doubt(&done.unwrap_err()), "there was no more than room for it");
        assert!(means(is.as_bytes(), b"old"));
    }
}
