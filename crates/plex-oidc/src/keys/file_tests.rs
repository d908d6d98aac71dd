//! Tests of [`super`]: creating, guarding and refusing.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::process::{Command, Stdio};

use aws_lc_rs::rand;

use super::*;

/// The variable that makes this test program the writer of [`req_092_a_killed_writer_leaves_whole_files_only`].
const WRITER: &str = "PLEX_OIDC_TEST_KEY_WRITER";

fn random() -> Zeroizing<[u8; KEY_LEN]> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    rand::fill(bytes.as_mut()).unwrap();
    bytes
}

fn put(path: &Path, content: &[u8], mode: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn req_090_a_new_key_file_is_ours_alone_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    let made = KeyFile::create(&path, random()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!((text.len(), text.ends_with("=\n")), (45, true));
    assert_eq!(KeyFile::load(&path).unwrap().key(), made.key());
    assert_eq!(names_in(dir.path()), ["sealing.key"], "no temporary file stays");
    assert_ne!(KeyFile::create(&dir.path().join("other"), random()).unwrap().key(), made.key());
}

#[test]
fn req_090_every_permission_of_others_is_refused_with_the_chmod() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    KeyFile::create(&path, random()).unwrap();
    for bit in 0..6 {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600 | 1 << bit)).unwrap();
        let error = KeyFile::load(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::WrongMode { .. }), "{error}");
        assert!(error.to_string().contains(&format!("`chmod 600 {}`", path.display())), "{error}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(KeyFile::load(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn req_090_another_owner_is_refused_with_the_chown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    KeyFile::create(&path, random()).unwrap();
    let owner = fs::metadata(&path).unwrap().uid();
    assert_eq!(process_user(), Some(owner), "what we make is ours");
    assert!(KeyFile::load_as(&path, None).is_ok());
    let error = KeyFile::load_as(&path, Some(owner + 1)).unwrap_err();
    assert!(matches!(error, KeyFileError::WrongOwner { .. }), "{error}");
    assert!(error.to_string().contains(&format!("`chown {} {}`", owner + 1, path.display())), "{error}");
    // Only root can give a file away; for anybody else the case above has to do.
    if owner == 0 {
        chown(&path, Some(4711), None).unwrap();
        assert!(matches!(KeyFile::load(&path), Err(KeyFileError::WrongOwner { owner: 4711, ours: 0, .. })));
    }
}

#[test]
fn i_11_twelve_bad_key_files_are_refused_and_left_as_they_are() {
    let good = STANDARD.encode(*random());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{good}\n-----END PRIVATE KEY-----\n");
    let cases: [(&str, &[u8], u32, &str); 12] = [
        ("empty", b"", 0o600, "is empty"),
        ("blank", b" \n\n", 0o600, "is empty"),
        ("truncated", &good.as_bytes()[..20], 0o600, "is damaged"),
        ("one character short", &good.as_bytes()[..43], 0o600, "is damaged"),
        ("too long", &[good.as_bytes(), b"AAAA"].concat(), 0o600, "is damaged"),
        ("twice", &[good.as_bytes(), b"\n", good.as_bytes()].concat(), 0o600, "is damaged"),
        ("a huge file", &[b'A'; 2048], 0o600, "is damaged"),
        ("raw bytes", &[0x9f; 32], 0o600, "is damaged"),
        ("zeros, as after a crash", &[0; 45], 0o600, "is damaged"),
        ("a byte changed", &[b"\xc3", &good.as_bytes()[1..]].concat(), 0o600, "is damaged"),
        ("another kind of key", pem.as_bytes(), 0o600, "is damaged"),
        ("mode 0644", good.as_bytes(), 0o644, "has mode 0644"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    for (name, content, mode, words) in cases {
        put(&path, content, mode);
        let message = KeyFile::load(&path).unwrap_err().to_string();
        assert!(message.contains(words), "{name}: {message}");
        assert!(message.contains(path.to_str().unwrap()), "{name} names the file: {message}");
        assert!(message.contains("Restore") || message.contains("chmod"), "{name} has a remedy: {message}");
        assert!(!message.contains(&good), "{name}: the content is not shown");
        assert_eq!(fs::read(&path).unwrap(), content, "{name}: left as it is");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode, "{name}");
        assert_eq!(names_in(dir.path()), ["sealing.key"], "{name}: nothing made beside it");
    }
}

#[test]
fn i_11_what_is_no_file_is_refused_and_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let in_dir = |name: &str| dir.path().join(name);
    fs::create_dir(in_dir("directory")).unwrap();
    symlink(in_dir("nowhere"), in_dir("dangling")).unwrap();
    symlink("loop", in_dir("loop")).unwrap();
    assert!(Command::new("mkfifo").arg(in_dir("pipe")).status().unwrap().success());
    let before = names_in(dir.path());
    for (path, words) in [
        (in_dir("missing"), "does not exist. Restore it"),
        (in_dir("dangling"), "does not exist. Restore it"),
        (in_dir("no/such/directory.key"), "The directory of the key file"),
        (in_dir("directory"), "is not a regular file"),
        (in_dir("pipe"), "is not a regular file"),
        (PathBuf::from("/dev/null"), "is not a regular file"),
        (in_dir("loop"), "cannot be read"),
    ] {
        let message = KeyFile::load(&path).unwrap_err().to_string();
        assert!(message.to_lowercase().contains(&words.to_lowercase()), "{}: {message}", path.display());
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    assert_eq!(names_in(dir.path()), before);
}

#[test]
fn a_link_to_a_good_file_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("sealing.key"), dir.path().join("link"));
    let made = KeyFile::create(&path, random()).unwrap();
    symlink(&path, &link).unwrap();
    assert_eq!(KeyFile::load(&link).unwrap().key(), made.key(), "secrets are often mounted that way");
}

#[test]
fn req_091_a_key_file_is_never_made_over_anything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    for content in [&b"precious"[..], b""] {
        put(&path, content, 0o600);
        let error = KeyFile::create(&path, random()).unwrap_err();
        assert!(matches!(error, KeyFileError::AlreadyThere { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    symlink(dir.path().join("target"), &path).unwrap();
    assert!(matches!(KeyFile::create(&path, random()), Err(KeyFileError::AlreadyThere { .. })));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(KeyFile::create(&path, random()), Err(KeyFileError::AlreadyThere { .. })));
    assert_eq!(
        names_in(dir.path()),
        ["sealing.key"],
        "no temporary file stays, the link's target is not made"
    );
    let error = KeyFile::create(&dir.path().join("no/such.key"), random()).unwrap_err();
    assert!(matches!(error, KeyFileError::DirectoryMissing { .. }), "{error}");
    assert!(matches!(KeyFile::create(Path::new("/"), random()), Err(KeyFileError::NotAFile { .. })));
}

#[test]
fn req_091_of_two_that_create_at_once_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    let made: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| KeyFile::create(&path, random()))).collect();
        makers.into_iter().filter_map(|maker| maker.join().unwrap().ok()).collect()
    });
    assert_eq!(made.len(), 1);
    assert_eq!(KeyFile::load(&path).unwrap().key(), made[0].key());
}

#[test]
fn req_092_who_looks_while_it_is_made_sees_nothing_or_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path_of = |number: u32| dir.path().join(format!("{number}.key"));
    let last = 49;
    std::thread::scope(|scope| {
        let maker = scope.spawn(|| {
            for number in 0..=last {
                KeyFile::create(&path_of(number), random()).unwrap();
            }
        });
        for number in 0..=last {
            let (_, seen) = std::iter::repeat_with(|| (maker.is_finished(), KeyFile::load(&path_of(number))))
                .find(|(finished, seen)| *finished || !matches!(seen, Err(KeyFileError::Missing { .. })))
                .unwrap();
            assert!(seen.is_ok(), "{number}: {seen:?}");
        }
    });
}

/// Not a test of its own: the next test starts it in another process and kills it. When [`WRITER`] says where, it writes
/// key files for as long as it lives.
#[test]
fn key_writer_process() {
    let Some(directory) = std::env::var_os(WRITER) else { return };
    for number in 0.. {
        KeyFile::create(&Path::new(&directory).join(format!("{number}.key")), random()).unwrap();
        println!("made {number}");
    }
}

#[test]
fn req_092_a_killed_writer_leaves_whole_files_only() {
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "keys::file::tests::key_writer_process"])
            .env(WRITER, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let acknowledged =
            lines.map(Result::unwrap).filter(|line| line.contains("made ")).take(1 + round % 5).count();
        writer.kill().unwrap();
        writer.wait().unwrap();
        let names = names_in(dir.path());
        let whole: Vec<_> = names.iter().filter(|name| !name.contains(".new")).collect();
        assert!(whole.len() >= acknowledged && acknowledged > 0, "{names:?}");
        for name in whole {
            assert!(KeyFile::load(&dir.path().join(name)).is_ok(), "{name}");
        }
    }
}

#[test]
fn req_093_a_key_that_everybody_knows_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.key");
    let counting = |from: u8| std::array::from_fn(|index| from.wrapping_add(u8::try_from(index).unwrap()));
    for known in [[0; KEY_LEN], [0x42; KEY_LEN], counting(0), counting(1), counting(250)] {
        put(&path, STANDARD.encode(known).as_bytes(), 0o600);
        assert!(matches!(KeyFile::load(&path), Err(KeyFileError::WellKnown { .. })), "{known:?}");
        let new = dir.path().join("new.key");
        assert!(matches!(KeyFile::create(&new, Zeroizing::new(known)), Err(KeyFileError::WellKnown { .. })));
        assert!(!new.exists());
    }
}

#[test]
fn a_key_file_never_prints() {
    assert_eq!(format!("{:?}", KeyFile::for_tests(7)), "KeyFile([redacted])");
}
