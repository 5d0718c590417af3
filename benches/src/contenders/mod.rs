//! Who competes, one file per crate of ours.
//!
//! Rivals are used as their users use them, with default settings unless a comment says otherwise. Where the work of
//! two contenders differs, the case's note says in whose favour.

mod lazy;
mod memo;
mod pool;
mod profiler;
mod raw;
mod vecproc;
mod weakcache;
mod weakcache_ratio;

use crate::case::Case;
use crate::instructions::Operations;

/// How large the inputs may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// Small ones only: seconds in total.
    Smoke,
    /// What fits into the caches.
    Quick,
    /// All.
    Full,
}

/// The crates that have cases.
pub const CRATES: [&str; 6] = ["pool", "weakcache", "memo", "lazy", "vecproc", "profiler"];

/// The cases of one crate; none for an unknown one.
pub fn cases(krate: &str, scale: Scale) -> Vec<Case> {
    match krate {
        "pool" => pool::cases(scale),
        "weakcache" => weakcache::cases(scale).into_iter().chain(weakcache_ratio::cases()).collect(),
        "memo" => memo::cases(scale),
        "lazy" => lazy::cases(scale),
        "vecproc" => vecproc::cases(scale),
        "profiler" => profiler::cases(scale),
        _ => Vec::new(),
    }
}

/// Runs what has to have a process of its own; returns what it found.
///
/// # Errors
///
/// When nothing goes by that name, or it fails.
pub(crate) fn alone(words: &[String]) -> anyhow::Result<String> {
    match words {
        [first, rest @ ..] if first == "profiler" => profiler::alone(rest),
        _ => vecproc::alone(words),
    }
}

/// The operations whose instructions are counted, by crate.
pub fn counted() -> Vec<Operations> {
    [pool::counted(), weakcache::counted()].into_iter().chain(profiler::counted()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::OURS;

    #[test]
    fn every_case_has_ours_and_two_rivals_under_distinct_names() {
        let mut titles = HashSet::new();
        for krate in CRATES {
            let cases = cases(krate, Scale::Smoke);
            assert!(!cases.is_empty(), "{krate}");
            for case in cases {
                assert_eq!(case.krate, krate);
                let names: HashSet<_> = case.contenders.iter().map(|contender| &*contender.name).collect();
                assert_eq!(names.len(), case.contenders.len(), "{}: a name occurs twice", case.title());
                assert!(names.contains(OURS), "{}: without ours", case.title());
                let rivals =
                    case.contenders.iter().filter(|contender| !contender.is_ours() && !contender.floor).count();
                assert_eq!(rivals >= 2, !case.unrivalled, "{}: {rivals} rivals", case.title());
                assert!(titles.insert(case.title()), "{} occurs twice", case.title());
            }
        }
    }
}
