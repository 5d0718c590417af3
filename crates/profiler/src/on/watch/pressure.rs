//! Pressure stall information: how long tasks waited for memory.

use std::path::Path;

use super::text;
use crate::monitor::{Metric, Sample};

/// Of the cgroup if it tells, else of the whole machine.
pub(super) fn fill(sample: &mut Sample, cgroup: Option<&Path>, machine: &Path) {
    let mut buffer = [0; 256];
    let found = cgroup
        .and_then(|path| text::read(path, &mut buffer).and_then(parse))
        .or_else(|| text::read(machine, &mut buffer).and_then(parse));
    sample.set(Metric::PressureSome, found.map(|found| found.some));
    sample.set(Metric::PressureFull, found.and_then(|found| found.full));
    sample.set(Metric::PressureStalled, found.map(|found| found.stalled_ns));
}

/// Shares of the last ten seconds in millionths, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pressure {
    some: u64,
    full: Option<u64>,
    stalled_ns: u64,
}

/// `some avg10=0.12 avg60=0.00 avg300=0.00 total=3980386` and a line of the same for `full`.
fn parse(text: &str) -> Option<Pressure> {
    let line = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        let value = |name: &str| rest.split(' ').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        Some((millionths(value("avg10")?)?, text::number(value("total")?)?.checked_mul(1_000)?))
    };
    // Cut off is not to be believed: the last digits would be missing.
    if !text.ends_with('\n') {
        return None;
    }
    let (some, stalled_ns) = line("some")?;
    Some(Pressure { some, full: line("full").map(|(full, _)| full), stalled_ns })
}

/// `12.34` percent.
fn millionths(percent: &str) -> Option<u64> {
    let (whole, hundredths) = percent.split_once('.')?;
    let hundredths = text::number(hundredths).filter(|_| hundredths.len() == 2)?;
    text::number(whole)?.checked_mul(10_000)?.checked_add(hundredths * 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on::watch::root::Root;

    const GOOD: &str =
        "some avg10=12.34 avg60=0.00 avg300=0.00 total=3980386\nfull avg10=0.05 avg60=0.00 avg300=0.00 total=5\n";

    #[test]
    fn shares_and_time() {
        assert_eq!(parse(GOOD), Some(Pressure { some: 123_400, full: Some(500), stalled_ns: 3_980_386_000 }));
        let some = GOOD.lines().next().expect("a line").to_owned() + "\n";
        assert_eq!(parse(&some), Some(Pressure { some: 123_400, full: None, stalled_ns: 3_980_386_000 }));
    }

    #[test]
    fn nonsense_is_none() {
        for end in 0..GOOD.len() {
            if let Some(found) = parse(&GOOD[..end]) {
                assert_eq!((found.some, found.full), (123_400, None), "{end}");
            }
        }
        for text in [
            "some avg10=1 total=5\n",
            "some avg10=1.2 total=5\n",
            "some avg10=-1.20 total=5\n",
            "some avg10=1.20\n",
            "some avg10=1.20 total=18446744073709551615\n",
            "some avg10=99999999999999999999.00 total=5\n",
            "somebody avg10=1.20 total=5\n",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_cgroup_goes_first() {
        let root = Root::new();
        root.write("cgroup", &GOOD.replace("12.34", "50.00"));
        root.write("machine", GOOD);
        root.write("bad", "");
        let [cgroup, machine, bad] = ["cgroup", "machine", "bad"].map(|name| root.path().join(name));
        let read = |cgroup: Option<&Path>, machine: &Path| {
            let mut sample = Sample::default();
            fill(&mut sample, cgroup, machine);
            (sample.pressure_some(), sample.pressure_full(), sample.pressure_stalled().map(|time| time.as_nanos()))
        };
        assert_eq!(read(Some(&cgroup), &machine), (Some(0.5), Some(0.000_5), Some(3_980_386_000)));
        assert_eq!(read(None, &machine).0, Some(0.1234));
        assert_eq!(read(Some(&bad), &machine).0, Some(0.1234));
        assert_eq!(read(Some(&bad), &bad), (None, None, None));
    }
}
