//! The format of pprof, with the sample types of Go's heap profiles, so that every tool for these has its views.

use std::collections::HashMap;

use super::names::{Name, Names, UNKNOWN};
use crate::export::pprof::format::{Strings, field, gzip, value_type, value_types};
use crate::export::protobuf::Message;
use crate::heap::{HeapProfile, Measure};

const TYPES: [(&str, &str); 6] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
    ("peak_objects", "count"),
    ("peak_space", "bytes"),
];

/// The views, of which each gives its blocks and bytes to [`TYPES`].
const VIEWS: [Measure; 3] = [Measure::Total, Measure::Live, Measure::Peak];

impl HeapProfile {
    /// The profile for `go tool pprof` and whatever else reads pprof, gzipped: as of a Go program (`alloc_objects`, `alloc_space`,
    /// `inuse_objects`, `inuse_space`), and what was live at the peak as `peak_objects` and `peak_space`.
    ///
    /// Inlined functions share the location of their caller; thread and span are labels.
    ///
    /// ```
    /// let bytes = lagom_profiler::heap::HeapProfile::default().to_pprof();
    /// assert_eq!(bytes[..2], [0x1f, 0x8b]);
    /// ```
    #[must_use]
    pub fn to_pprof(&self) -> Vec<u8> {
        gzip(&self.profile_proto())
    }

    fn profile_proto(&self) -> Vec<u8> {
        use field::profile;

        let mut strings = Strings::new();
        let mut message = Message::default();
        value_types(&mut message, &mut strings, &TYPES);
        let mut names = Names::default();
        let mut locations = Locations::default();
        for site in &self.sites {
            let stack = names.stack(site, Name::whole);
            let mut sample = Message::default();
            sample.numbers(field::SAMPLE_LOCATIONS, locations.of(&stack, &names.table));
            let amounts = VIEWS.map(|view| view.of(site));
            let values = amounts.iter().flat_map(|amount| [amount.blocks, amount.bytes]);
            // Signed in the format.
            sample.numbers(field::SAMPLE_VALUES, values.map(|value| value.min(i64::MAX as u64)));
            for (key, value) in [("thread", &site.thread), ("span", &site.span)] {
                if !value.is_empty() {
                    let mut label = Message::default();
                    label.number(field::LABEL.0, strings.place(key));
                    label.number(field::LABEL.1, strings.place(value));
                    sample.message(field::SAMPLE_LABEL, &label);
                }
            }
            message.message(profile::SAMPLE, &sample);
        }
        let mut functions: HashMap<Name<'_>, u64> = HashMap::new();
        for (id, location) in (1..).zip(&locations.table) {
            let mut written = Message::default();
            written.number(field::LOCATION_ID, id);
            written.number(field::LOCATION_ADDRESS, names.table[location[0] as usize].address);
            for &name in location {
                let name = names.table[name as usize];
                let count = functions.len() as u64;
                let function = *functions.entry(Name { line: 0, address: 0, ..name }).or_insert(count + 1);
                let mut line = Message::default();
                line.number(field::LINE_FUNCTION, function);
                line.number(field::LINE_NUMBER, name.line.into());
                written.message(field::LOCATION_LINE, &line);
            }
            message.message(profile::LOCATION, &written);
        }
        let mut functions: Vec<(Name<'_>, u64)> = functions.into_iter().collect();
        functions.sort_by_key(|(_, id)| *id);
        for (name, id) in functions {
            let mut function = Message::default();
            function.number(field::FUNCTION_ID, id);
            function.number(field::FUNCTION_NAME, strings.place(name.function));
            // Where the two are the same, pprof takes the name for a mangled one and cuts off what is between < and >.
            let system = format!("{}:{}", name.object, name.function);
            function.number(field::FUNCTION_SYSTEM_NAME, strings.place(&system));
            function.number(field::FUNCTION_FILE, strings.place(name.file));
            message.message(profile::FUNCTION, &function);
        }
        message.number(profile::DURATION_NANOS, self.duration_ns);
        message.message(profile::PERIOD_TYPE, &value_type(&mut strings, "space", "bytes"));
        message.number(profile::PERIOD, self.interval.max(1));
        if !self.command.is_empty() {
            message.numbers(profile::COMMENT, [strings.place(&self.command)]);
        }
        let shown = if self.amount(Measure::Live).bytes == 0 { "alloc_space" } else { "inuse_space" };
        message.number(profile::DEFAULT_SAMPLE_TYPE, strings.place(shown));
        strings.write(&mut message);
        message.into_bytes()
    }
}

/// Each address once, with the functions that were inlined there, innermost first.
#[derive(Default)]
struct Locations {
    numbers: HashMap<Vec<u32>, u64>,
    table: Vec<Vec<u32>>,
}

impl Locations {
    /// The locations of a stack, from 1.
    fn of(&mut self, stack: &[u32], names: &[Name<'_>]) -> Vec<u64> {
        let mut rest = stack;
        let mut locations = Vec::new();
        while let Some(&first) = rest.first() {
            let name = names[first as usize];
            // In a recursion the same functions come again, at the same address.
            let inlined = |at: &usize| {
                let next = names[rest[*at] as usize];
                let same =
                    name != UNKNOWN && name.address != 0 && (next.address, next.object) == (name.address, name.object);
                same && !rest[..*at].contains(&rest[*at])
            };
            let length = 1 + (1..rest.len()).take_while(inlined).count();
            let (location, after) = rest.split_at(length);
            rest = after;
            locations.push(self.number(location));
        }
        locations
    }

    fn number(&mut self, location: &[u32]) -> u64 {
        if let Some(&number) = self.numbers.get(location) {
            return number;
        }
        self.table.push(location.to_vec());
        let number = self.table.len() as u64;
        self.numbers.insert(location.to_vec(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{DEEP, deep, profile};
    use super::*;
    use crate::export::fixture::NASTY;
    use crate::export::pprof::reader::{fields, messages, number, packed, unzip};

    /// An address with its lines.
    type Location = (u64, Vec<(String, u64)>);
    /// Locations, values and labels.
    type Sample = (Vec<Location>, Vec<u64>, Vec<(String, String)>);

    struct Read {
        samples: Vec<Sample>,
        types: Vec<(String, String)>,
        shown: String,
        period: u64,
    }

    fn read(profile: &HeapProfile) -> Read {
        let bytes = unzip(&profile.to_pprof());
        let profile = fields(&bytes);
        let strings: Vec<&str> = messages(&profile, 6).into_iter().map(|s| std::str::from_utf8(s).unwrap()).collect();
        assert_eq!(strings[0], "");
        let text = |place: u64| strings[place as usize].to_owned();
        let functions: BTreeMap<u64, (String, String)> = messages(&profile, 5)
            .into_iter()
            .map(fields)
            .map(|f| (number(&f, 1), (text(number(&f, 2)), text(number(&f, 3)))))
            .collect();
        assert!(functions.iter().all(|(id, (name, system))| *id > 0 && name != system));
        let mut locations = BTreeMap::new();
        for location in messages(&profile, 4) {
            let location = fields(location);
            let lines: Vec<(String, u64)> = messages(&location, 4)
                .into_iter()
                .map(fields)
                .map(|line| (functions[&number(&line, 1)].0.clone(), number(&line, 2)))
                .collect();
            assert!(!lines.is_empty());
            assert!(locations.insert(number(&location, 1), (number(&location, 3), lines)).is_none(), "an id twice");
        }
        let samples = messages(&profile, 2).into_iter().map(fields).map(|sample| {
            let stack = packed(messages(&sample, 1)[0]).into_iter().map(|id| locations[&id].clone()).collect();
            let labels = messages(&sample, 3).into_iter().map(fields);
            let labels = labels.map(|label| (text(number(&label, 1)), text(number(&label, 2)))).collect();
            (stack, packed(messages(&sample, 2)[0]), labels)
        });
        let kind = |kind: &[u8]| {
            let kind = fields(kind);
            (text(number(&kind, 1)), text(number(&kind, 2)))
        };
        assert_eq!(kind(messages(&profile, 11)[0]), ("space".to_owned(), "bytes".to_owned()));
        Read {
            samples: samples.collect(),
            types: messages(&profile, 1).into_iter().map(kind).collect(),
            shown: text(number(&profile, 14)),
            period: number(&profile, 12),
        }
    }

    #[test]
    fn it_reads_as_a_heap_profile() {
        let profile = profile();
        let read = read(&profile);
        let types: Vec<(&str, &str)> = read.types.iter().map(|(kind, unit)| (&**kind, &**unit)).collect();
        assert_eq!(types, TYPES);
        assert_eq!((&*read.shown, read.period), ("inuse_space", 1));
        for (place, view) in VIEWS.into_iter().enumerate() {
            let sum = |at: usize| read.samples.iter().map(|(_, values, _)| values[at]).sum::<u64>();
            let amount = profile.amount(view);
            assert_eq!((sum(2 * place), sum(2 * place + 1)), (amount.blocks, amount.bytes));
        }
        let (stack, values, labels) = &read.samples[3];
        assert_eq!(stack[0], (0x4000, vec![(NASTY.to_owned(), 1)]));
        assert_eq!(values[..], [3, 3_000, 1, 1_000, 1, 1_000]);
        assert_eq!(
            *labels,
            [("thread", NASTY), ("span", NASTY)].map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn what_is_inlined_shares_its_callers_location() {
        let read = read(&profile());
        let line = |name: &str, line| (name.to_owned(), line);
        let vec = "alloc::vec::Vec<app::Row>::with_capacity";
        let first = &read.samples[0].0;
        assert_eq!(first[0], (0x2007, vec![line(vec, 5), line("app::parse", 7)]));
        assert_eq!(first[1], (0x1000, vec![line("app::main", 9)]));
        assert_eq!(read.samples[1].0.len(), 4, "called, not inlined");
    }

    #[test]
    fn a_recursion_is_no_inlining() {
        let frame = |function: &str| crate::heap::Frame { function: function.into(), address: 7, ..Default::default() };
        let mut profile = profile();
        profile.sites.truncate(1);
        profile.sites[0].frames = ["inner", "outer", "inner", "outer"].map(frame).into();
        let stack = &read(&profile).samples[0].0;
        assert_eq!(stack.len(), 2);
        assert_eq!(stack[0], stack[1]);
    }

    #[test]
    fn the_empty_the_deep_and_the_sampled_are_profiles() {
        let empty = read(&HeapProfile::default());
        assert_eq!((empty.samples.len(), &*empty.shown), (0, "alloc_space"));
        let mut deep = deep();
        deep.interval = 524_288;
        let read = read(&deep);
        assert_eq!((read.samples[0].0.len(), read.period), (DEEP, 524_288));
    }
}
