//! Ours timed for another program: it writes the name of a case, a line, and reads the time of one batch, a line. Who else
//! than ours is meant follows the name after a tab.
//!
//! So rivals that live in other processes and languages are measured in turn with ours.

use std::io::{BufRead, Write};

use anyhow::Result;

use crate::case::OURS;
use crate::contenders::{Scale, cases};
use crate::measure::{Alone, Effort};

/// Answers until the input ends; what cannot be timed is answered by `error: …`.
pub(crate) fn serve(crates: &[&str], orders: impl BufRead, mut times: impl Write) -> Result<()> {
    // Inputs and outputs of one case only, as they may be large.
    let mut current: Option<(String, Alone)> = None;
    for line in orders.lines() {
        let line = line?;
        if current.as_ref().is_none_or(|(current, _)| *current != line) {
            current = None;
            let (name, contender) = line.split_once('\t').unwrap_or((&line, OURS));
            match find(crates, name, contender) {
                Ok(alone) => current = Some((line, alone)),
                Err(why) => writeln!(times, "error: {why}")?,
            }
        }
        if let Some((_, alone)) = &mut current {
            match alone.batch() {
                Ok(time) => writeln!(times, "{time}")?,
                Err(fault) => writeln!(times, "error: {fault}")?,
            }
        }
        times.flush()?;
    }
    Ok(())
}

fn find(crates: &[&str], name: &str, contender: &str) -> Result<Alone, String> {
    let mut all = crates.iter().flat_map(|krate| cases(krate, Scale::Full));
    let case = all.find(|case| case.name == name).ok_or_else(|| format!("no case `{name}`"))?;
    match Alone::new(case, contender, Effort::QUICK) {
        Ok(alone) => alone.ok_or_else(|| format!("`{contender}` is not timed in `{name}`")),
        Err(fault) => Err(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_answered() {
        let mut times = Vec::new();
        serve(
            &["vecproc"],
            &b"affine, n = 1e3\nno such case\nsum, n = 1e3\tlagom plain\nsum, n = 1e3\tnobody\n"[..],
            &mut times,
        )
        .unwrap();
        let times = String::from_utf8(times).unwrap();
        let lines: Vec<&str> = times.lines().collect();
        assert_eq!((lines.len(), lines[1]), (4, "error: no case `no such case`"));
        assert_eq!(lines[3], "error: `nobody` is not timed in `sum, n = 1e3`");
        for time in [lines[0], lines[2]] {
            assert!(time.parse::<f64>().unwrap() > 0.0, "{time}");
        }
    }
}
