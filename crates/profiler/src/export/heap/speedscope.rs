//! The file format of speedscope: <https://www.speedscope.app/file-format-schema.json>.

use super::names::{Name, Names};
use crate::export::json::text;
use crate::export::speedscope::{File, Function, Profile, Shared, sum};
use crate::heap::{HeapProfile, Measure, Unit};

impl HeapProfile {
    /// The profile for [speedscope](https://www.speedscope.app): every view that holds anything, in bytes and in blocks; or the
    /// allocated bytes, if none does.
    ///
    /// ```
    /// let text = lagom_profiler::heap::HeapProfile::default().to_speedscope();
    /// assert!(text.starts_with(r#"{"$schema":"#));
    /// ```
    #[must_use]
    pub fn to_speedscope(&self) -> String {
        let mut names = Names::default();
        // Outermost first.
        let stacks: Vec<Vec<usize>> = self
            .sites
            .iter()
            .map(|site| names.stack(site, Name::line).into_iter().rev().map(|name| name as usize).collect())
            .collect();
        let views = Measure::SHOWN.into_iter().flat_map(|view| [Unit::Bytes, Unit::Blocks].map(|unit| (view, unit)));
        let holds = |view: &Measure, unit: &Unit| unit.of(self.amount(*view)) > 0;
        let mut profiles: Vec<Profile> =
            views.filter(|(view, unit)| holds(view, unit)).map(|(view, unit)| self.view(&stacks, view, unit)).collect();
        if profiles.is_empty() {
            profiles.push(self.view(&stacks, Measure::Total, Unit::Bytes));
        }
        let frames = names.table.iter().map(|name| Function { name: name.function, file: name.file, line: name.line });
        text(&File::new("lagom heap profile", Shared { frames: frames.collect() }, profiles))
    }

    fn view(&self, stacks: &[Vec<usize>], view: Measure, unit: Unit) -> Profile {
        let weighed =
            self.sites.iter().map(|site| unit.of(view.of(site))).zip(stacks).filter(|(weight, _)| *weight > 0);
        let (weights, samples): (Vec<u64>, Vec<Vec<usize>>) =
            weighed.map(|(weight, stack)| (weight, stack.clone())).unzip();
        Profile {
            kind: "sampled",
            name: format!("{}, {}", view.name(), unit.name()).into(),
            unit: if unit == Unit::Bytes { "bytes" } else { "none" },
            start_value: 0,
            end_value: sum(&weights),
            samples,
            weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{DEEP, deep, profile};
    use super::*;
    use crate::export::speedscope::check;

    #[test]
    fn every_view_is_a_profile() {
        let profile = profile();
        let file = check(&profile.to_speedscope());
        let profiles = file["profiles"].as_array().unwrap();
        assert_eq!(profiles.len(), 8);
        for (view, pair) in Measure::SHOWN.into_iter().zip(profiles.chunks(2)) {
            for (unit, read) in [Unit::Bytes, Unit::Blocks].into_iter().zip(pair) {
                assert_eq!(read["name"], format!("{}, {}", view.name(), unit.name()));
                assert_eq!(read["endValue"], unit.of(profile.amount(view)));
            }
        }
        let frame = |at: usize, depth: usize| {
            let place = profiles[0]["samples"][at][depth].as_u64().unwrap() as usize;
            (
                file["shared"]["frames"][place]["name"].as_str().unwrap(),
                file["shared"]["frames"][place]["line"].as_u64(),
            )
        };
        assert_eq!((frame(0, 0), frame(0, 1)), (("app::main", Some(9)), ("app::parse", Some(7))));
    }

    #[test]
    fn the_empty_and_the_deep_are_files() {
        let file = check(&HeapProfile::default().to_speedscope());
        assert_eq!(file["profiles"][0]["name"], "allocated, bytes");
        let file = check(&deep().to_speedscope());
        assert_eq!(file["profiles"][0]["samples"][0].as_array().unwrap().len(), DEEP);
    }
}
