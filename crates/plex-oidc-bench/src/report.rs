//! The table: what was measured, beside the floor that must hold and the aim.

use std::fmt::Write as _;
use std::path::Path;

use crate::Outcome;

const MEGABYTE: f64 = 1_000_000.0;

/// On which side of its limits a value must be.
#[derive(Clone, Copy)]
enum Side {
    AtMost,
    AtLeast,
}

/// One line of the table.
pub(crate) struct Row {
    what: &'static str,
    value: f64,
    unit: &'static str,
    side: Side,
    /// The floor, which is enforced, and the aim. `None`: the line explains another one.
    limits: Option<(f64, f64)>,
    /// For a floor that is not reached yet: what must not get worse meanwhile. The table still says that it is missed.
    meanwhile: Option<f64>,
    /// How much more time everything takes here than where the floors are from.
    slower: f64,
}

impl Row {
    /// A value that must not exceed its floor.
    pub(crate) const fn at_most(
        what: &'static str,
        value: f64,
        unit: &'static str,
        limits: (f64, f64),
    ) -> Self {
        Self { what, value, unit, side: Side::AtMost, limits: Some(limits), meanwhile: None, slower: 1.0 }
    }

    /// A value that must reach its floor.
    pub(crate) const fn at_least(
        what: &'static str,
        value: f64,
        unit: &'static str,
        limits: (f64, f64),
    ) -> Self {
        Self { what, value, unit, side: Side::AtLeast, limits: Some(limits), meanwhile: None, slower: 1.0 }
    }

    /// A value without limits, which explains others.
    pub(crate) const fn note(what: &'static str, value: f64, unit: &'static str) -> Self {
        Self { what, value, unit, side: Side::AtMost, limits: None, meanwhile: None, slower: 1.0 }
    }

    /// The size of the binary. The image holds nothing else: the roots of trust are compiled in.
    pub(crate) fn binary(path: &Path) -> Outcome<Self> {
        #[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^52")]
        let size = std::fs::metadata(path)?.len() as f64 / MEGABYTE;
        Ok(Self::at_most("binary, and image from scratch: the binary alone", size, "MB", (13.0, 10.0)))
    }

    /// Marks a floor that is known to be missed, and what must hold until it is reached: about what was measured first.
    pub(crate) const fn meanwhile(mut self, limit: f64) -> Self {
        self.meanwhile = Some(limit);
        self
    }

    /// Says how much more time everything took when this was measured than where the floors are from.
    pub(crate) const fn measured_slower_by(&mut self, slower: f64) {
        self.slower = slower;
    }

    /// Whether the floor holds; for one that is known to be missed, whether it has not got worse. Where everything takes longer, this
    /// may take as much longer.
    pub(crate) fn holds(&self) -> bool {
        let is_time = matches!(self.unit, "us" | "ms") && matches!(self.side, Side::AtMost);
        let room = if is_time { self.slower } else { 1.0 };
        let floor = self.limits.is_none_or(|(floor, _)| self.is_within(floor * room));
        floor || self.meanwhile.is_some_and(|limit| self.is_within(limit * room))
    }

    fn is_within(&self, limit: f64) -> bool {
        match self.side {
            Side::AtMost => self.value <= limit,
            Side::AtLeast => self.value >= limit,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.limits {
            None => "",
            Some((_, aim)) if self.is_within(aim) => "aim",
            Some((floor, _)) if self.is_within(floor) => "floor",
            Some(_) => "MISSED",
        }
    }
}

/// Of two measurements of one part: the first of each figure that held then, else the second. A line that explains goes with the
/// figure above it.
pub(crate) fn first_or_second(first: Vec<Row>, second: Vec<Row>) -> Outcome<Vec<Row>> {
    if first.len() != second.len() {
        return Err("one part has other rows when it is measured again".into());
    }
    let mut held = true;
    let rows = first.into_iter().zip(second);
    Ok(rows
        .map(|(first, second)| {
            held = if first.limits.is_some() { first.holds() } else { held };
            if held { first } else { second }
        })
        .collect())
}

/// The table, as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        format!("| {:<66} | {:>10} | {:>8} | {:>8} | {:<6} |\n", "what", "measured", "floor", "aim", "ok");
    text.push_str(&format!("|{:-<68}|{:->11}:|{:->9}:|{:->9}:|{:-<8}|\n", "", "", "", "", ""));
    for row in rows {
        let (floor, aim) = match row.limits {
            Some((floor, aim)) => (format!("{floor}"), format!("{aim}")),
            None => (String::new(), String::new()),
        };
        let measured = format!("{} {}", short(row.value), row.unit);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {:<66} | {measured:>10} | {floor:>8} | {aim:>8} | {:<6} |",
            row.what,
            row.verdict()
        );
    }
    text
}

fn short(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// What the section begins with that is not measured each time.
const IN_REAL_TIME: &str = "\n## In real time\n";

/// That section, as it stands in a page of results; empty if it does not.
pub(crate) fn real_time(page: &str) -> &str {
    page.find(IN_REAL_TIME).and_then(|at| page.get(at..)).unwrap_or_default()
}

/// A page of results with that section anew, from this table.
pub(crate) fn with_real_time(page: &str, table: &str) -> String {
    let rest = page.strip_suffix(real_time(page)).unwrap_or(page);
    let date = jiff::Timestamp::now().strftime("%-d %B %Y");
    format!(
        "{rest}{IN_REAL_TIME}\n\
         Written by `bench/run --only unshared --record` on {date}; not part of `./check`, because it takes more than five minutes.\n\n{table}\n\
         The program asks every five minutes, as it does unless told otherwise. A hundred people have a browser session, a refresh token and a\n\
         session behind the gateway each; then the server is taken back from all of them at once. Every two seconds each door is tried that was\n\
         still open. At the end somebody with whom it is still shared must be inside.\n"
    )
}

/// The page of results, with what is known of the machine.
pub(crate) fn page(table: &str, cores: usize) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "# Results\n\n\
         Written by `bench/run --record`; `./check bench` measures anew and fails when a floor is missed, or a floor that is missed\n\
         already gets further away.\n\n\
         - date: {}\n- processor: {}, {} cores\n- kernel: {}\n- load average at the end: {}\n\
         - binary: static, musl, as `bench/build-release` makes it\n\n{table}{NOTES}",
        jiff::Timestamp::now().strftime("%-d %B %Y"),
        model.trim_start_matches([' ', '\t', ':']),
        cores,
        kernel.trim(),
        load.split(' ').next().unwrap_or_default(),
    )
}

const NOTES: &str = "
## How it is measured

Processor time is what the kernel counts for all threads of the program (`/proc/PID/task/*/schedstat`), user and system time
together, so waiting for the disk is not in it and committing to the disk is. Memory is `VmRSS` and `VmHWM`. 1 MB is 1,000,000 bytes.

- When a figure is too much, its part is measured once more; then that counts for this figure and those that explain it, and for the others what was measured first.
- The floors are from a machine that makes an RS256 signature in 240 us. Where one takes longer, measured beside each part, `./check` lets times be
  longer by the same factor, and at most twice as long. The table says `MISSED` all the same. How long RS256 takes depends much on the processor: 250 us
  where it has AVX-512 IFMA, 800 us where it has not; the same goes for checking an assertion.
- plex-oidc is measured as a fresh copy of its file, read from the disk. How much of a file comes to memory with each page that is touched depends on how the file was
  written and read before: with the same binary, 11.7 MB at rest or 14.
- Memory: one process, from its start through 2,000 sign-ins at the emulated plex.tv (page, PIN, approval, code, tokens), eight at a
  time, and 20,000 requests on 32 connections. Idle is 10 s after the start and after one sign-in.
- Cold start: from starting the process to the first 200 of `/readyz`, on the data of those sign-ins; the middle of 15.
- Town: a file of 1,000 clients and 1,000 declared accounts, each with a secret file of its own, one client in ten by a preset; and 10,000 people in
  the store: 5,000 of Plex, 4,000 with a local account that the store keeps, and those that the file declares. Start and idle as above.
- Documents: the program and a bare axum server alternate on one core, the load is on another and never sleeps, so that neither pays
  for waking it. The figure is processor time per request, bare axum's divided by ours: the median of 28 pairs of series of 4,000 requests.
  Processor time by itself is the least of these series: other work on the machine can only add.
- Code flow: one at a time, so every commit is paid for by one request, in three series: `/authorize` with a live session, `/token`,
  `/userinfo`, 800 requests each. The signature's cost is measured between them, each signature after a short sleep as in the program,
  and subtracted. Of four such rounds the least counts: other work on the machine can only add.
- Introspection, revocation, pushed requests: likewise, of the tokens of these flows, one at a time. Revocation waits for the disk.
- Refresh: one at a time, with rotation, the signature included. The lines with sixteen at a time show what a commit costs when callers share it.
- Approval to redirect: wall-clock time from the approval at the emulated plex.tv to the redirect's arrival at the browser, 40 sign-ins.
  The browser waits on a long poll, with approvals spread over the polling interval; or Plex sends it back.
- Forward auth and assertions: as the documents, what a proxy asks about a page that passes. Forward auth: of one person at one application, so that the session and the
  headers that it is told are remembered, for five seconds; what the rules say is decided each time. Each assertion's signature is checked; none is remembered.
- Forward auth at 2,000 a second: sixteen connections, each request on time whether or not the last one was answered, and timed from the
  moment it was due. Meanwhile one person signs in again and again, with a pause of 0.1 s. The best of three series of five seconds.
- 10,000 sessions: 200 browsers of one person at 50 applications each, every session used once.
- Flood: 10,000 assertions with a `kid` that nobody has, and 10,000 sign-in pages opened and left without a PIN, as fast as they are answered, with
  the limits of the configuration out of the way; 500 requests a second of somebody who is in meanwhile.
- Members: 1,000 in the store and in Plex's list. The interval is ten seconds, the shortest there is, and the figure is the mean of six: all that the
  program does from the middle between two rounds to the middle between two others, divided by six. Memory is the most that one round takes, after three rounds, and the most that
  any of these six takes (`VmHWM`, reset before).
- Idle: 100 browsers have signed in, and 10 s later begin 30 s in which nobody does anything and no round is due.
- Pages: `/account`, `/admin` and its pages of people, of one person and of the audit log, as the owner. They are not compressed on the way; the figure is head and body.
- Traefik: 3,000 pages each, in turn, on one connection; what it adds to ask plex-oidc rather than a server that says 200 to everything.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(figure: f64, explanation: f64) -> Vec<Row> {
        vec![
            Row::at_most("another", explanation, "us", (1_000.0, 1_000.0)),
            Row::at_most("figure", figure, "us", (10.0, 5.0)),
            Row::note("  explains it", explanation, "us"),
        ]
    }

    #[test]
    fn what_did_not_hold_is_taken_from_the_second_measurement_with_what_explains_it() {
        let values = |first, second| {
            let rows = first_or_second(first, second).unwrap();
            rows.iter().map(|row| format!("{}", row.value)).collect::<Vec<_>>()
        };
        assert_eq!(values(measured(9.0, 1.0), measured(8.0, 2.0)), ["1", "9", "1"]);
        assert_eq!(values(measured(11.0, 1.0), measured(8.0, 2.0)), ["1", "8", "2"]);
        assert_eq!(values(measured(11.0, 1.0), measured(12.0, 2.0)), ["1", "12", "2"], "and is missed");
        assert!(first_or_second(measured(9.0, 1.0), Vec::new()).is_err());
    }
}
