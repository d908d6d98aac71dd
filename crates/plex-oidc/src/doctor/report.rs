//! The report, for people and for machines.

use std::io::{self, Write};

use super::{Finding, Outcome};

/// For people: what it is about, and a line for each finding below it.
pub fn text(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    for part in findings.chunk_by(|one, next| one.about == next.about) {
        writeln!(out, "{}", part.first().map_or("", |finding| &finding.about))?;
        for finding in part {
            let status = finding.status.map(|status| format!(" ({status})")).unwrap_or_default();
            writeln!(out, "  {:<8}  {}{status}", word(finding.outcome), finding.seen)?;
            if let Some(advice) = &finding.advice {
                writeln!(out, "            {advice}")?;
            }
        }
        writeln!(out)?;
    }
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let (problems, unseen) = (count(Outcome::Problem), count(Outcome::NotSeen));
    let problems = if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") };
    writeln!(out, "{problems}, {unseen} not seen, {} ok", count(Outcome::Ok))
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Problem => "PROBLEM",
        Outcome::NotSeen => "not seen",
    }
}

/// For machines: a list of findings.
pub fn json(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, findings)?;
    writeln!(out)
}
