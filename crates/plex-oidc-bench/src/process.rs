//! A program under measurement: started, looked at through `/proc`, and stopped.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::http::Connection;

/// How long a program may take to answer.
const START: Duration = Duration::from_secs(10);
/// The kernel counts a thread's time when it goes to sleep, and else only with each tick of its clock.
const SETTLE: Duration = Duration::from_millis(10);
/// Between two tries to reach it.
const RETRY: Duration = Duration::from_micros(100);

/// Which cores there are: the load is bound to the last one by `bench/run`.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    last: usize,
}

impl Cores {
    /// Those that this machine has.
    pub(crate) fn of_this_machine() -> Self {
        let text = std::fs::read_to_string("/sys/devices/system/cpu/present").unwrap_or_default();
        Self { last: text.trim().rsplit('-').next().and_then(|last| last.parse().ok()).unwrap_or(0) }
    }

    /// How many.
    pub(crate) const fn count(self) -> usize {
        self.last + 1
    }

    /// Every core, for a program as a host runs it.
    pub(crate) fn all(self) -> String {
        format!("0-{}", self.last)
    }

    /// The first core, on which nothing of ours runs if there is another.
    pub(crate) fn one() -> String {
        "0".to_owned()
    }
}

/// A running program. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program on these cores and waits for the first 200 of `path`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        cores: &str,
        (address, path): (SocketAddr, &str),
    ) -> Outcome<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).arg(program).args(arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut process = Self { child, address };
        let began = Instant::now();
        while process.answers(path).is_none() {
            if process.child.try_wait()?.is_some() || began.elapsed() > START {
                return Err(format!("{} does not serve: {}", program.display(), process.last_words()).into());
            }
            thread::sleep(RETRY);
        }
        process.silence();
        Ok(process)
    }

    fn answers(&self, path: &str) -> Option<()> {
        let mut connection = Connection::open(self.address).ok()?;
        let answer = connection.get(path, &[]).ok()?;
        (answer.status == 200).then_some(())
    }

    fn last_words(&mut self) -> String {
        self.child.kill().ok();
        let lines = self.child.stderr.take().map(|pipe| BufReader::new(pipe).lines().map_while(Result::ok));
        lines.map(|lines| lines.collect::<Vec<_>>().join("; ")).unwrap_or_default()
    }

    /// Somebody must read its log, or it would wait for them.
    fn silence(&mut self) {
        if let Some(pipe) = self.child.stderr.take() {
            thread::spawn(move || std::io::copy(&mut BufReader::new(pipe), &mut std::io::sink()));
        }
    }

    /// Makes the peak of memory (`VmHWM`) what is in use now (proc(5), `clear_refs`).
    pub(crate) fn forget_peak(&self) -> Outcome<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// A value of `/proc/PID/status`, in MB.
    pub(crate) fn memory(&self, name: &str) -> Outcome<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes: f64 = line.ok_or("no such value")?.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0 / 1_000_000.0)
    }

    /// The processor time of all its threads until now, in microseconds. A thread that has ended is not in it: those of
    /// this program that end had been idle for seconds.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        let mut nanoseconds = 0.0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
        }
        Ok(nanoseconds / 1000.0)
    }

    /// The processor time of one of `count` equal operations, in microseconds.
    pub(crate) fn cpu_of_each(&self, count: u32, work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
        thread::sleep(SETTLE);
        let before = self.cpu()?;
        work()?;
        thread::sleep(SETTLE);
        Ok((self.cpu()? - before) / f64::from(count))
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let ended = self.child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("it ended with {ended}").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Copies a file to the disk and out of the system's memory, so that it is read as after it was installed.
pub(crate) fn copy_to_disk(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::copy(from, to)?;
    std::fs::File::open(to)?.sync_all()?;
    let forget = [format!("if={}", to.display()), "iflag=nocache".to_owned(), "count=0".to_owned()];
    let forgotten = Command::new("dd").args(forget).stderr(Stdio::null()).status()?;
    if forgotten.success() { Ok(()) } else { Err("dd cannot drop a file from memory".into()) }
}
