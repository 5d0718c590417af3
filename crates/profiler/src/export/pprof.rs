//! The format of pprof: `profile.proto` of <https://github.com/google/pprof>, compressed by gzip.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::frames::{frames, path};
use super::protobuf::Message;
use crate::summary::Summary;

/// Field numbers of `profile.proto`.
mod field {
    pub(super) mod profile {
        pub(in super::super) const SAMPLE_TYPE: u32 = 1;
        pub(in super::super) const SAMPLE: u32 = 2;
        pub(in super::super) const LOCATION: u32 = 4;
        pub(in super::super) const FUNCTION: u32 = 5;
        pub(in super::super) const STRING_TABLE: u32 = 6;
        pub(in super::super) const DURATION_NANOS: u32 = 10;
        pub(in super::super) const COMMENT: u32 = 13;
        pub(in super::super) const DEFAULT_SAMPLE_TYPE: u32 = 14;
    }
    pub(super) const VALUE_TYPE: (u32, u32) = (1, 2);
    pub(super) const SAMPLE_LOCATIONS: u32 = 1;
    pub(super) const SAMPLE_VALUES: u32 = 2;
    pub(super) const LOCATION_ID: u32 = 1;
    pub(super) const LOCATION_LINE: u32 = 4;
    pub(super) const LINE_FUNCTION: u32 = 1;
    pub(super) const LINE_NUMBER: u32 = 2;
    pub(super) const FUNCTION_ID: u32 = 1;
    pub(super) const FUNCTION_NAME: u32 = 2;
    pub(super) const FUNCTION_SYSTEM_NAME: u32 = 3;
    pub(super) const FUNCTION_FILE: u32 = 4;
    pub(super) const FUNCTION_LINE: u32 = 5;
}

/// Every text once; the first is empty.
struct Strings {
    places: BTreeMap<String, u64>,
    table: Vec<String>,
}

impl Strings {
    fn new() -> Self {
        Self { places: BTreeMap::from([(String::new(), 0)]), table: vec![String::new()] }
    }

    fn place(&mut self, text: &str) -> u64 {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = self.table.len() as u64;
        self.table.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}

impl Summary {
    /// The call tree as a gzipped profile for `go tool pprof` and whatever else reads pprof: calls, self time and, where
    /// they were counted, allocations and bytes.
    ///
    /// ```
    /// drop(lagom_profiler::span!("step"));
    /// let path = std::env::temp_dir().join("profile.pb.gz");
    /// std::fs::write(&path, lagom_profiler::summary().to_pprof())?;
    /// # std::fs::remove_file(path)?;
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn to_pprof(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // A vector takes all that is written.
        encoder.write_all(&self.profile_proto()).and_then(|()| encoder.finish()).unwrap_or_default()
    }

    fn profile_proto(&self) -> Vec<u8> {
        use field::profile;

        let mut strings = Strings::new();
        let mut message = Message::default();
        let mut types = vec![("calls", "count"), ("time", "nanoseconds")];
        if self.heap_tracked {
            types.extend([("alloc_objects", "count"), ("alloc_space", "bytes")]);
        }
        for &(kind, unit) in &types {
            let mut value_type = Message::default();
            value_type.number(field::VALUE_TYPE.0, strings.place(kind));
            value_type.number(field::VALUE_TYPE.1, strings.place(unit));
            message.message(profile::SAMPLE_TYPE, &value_type);
        }
        self.samples(&mut message, types.len());
        let unknown = ("(unknown)", "", "", 0);
        let named = self.functions.iter().map(|f| (&*f.name, &*f.module, &*f.file, f.line)).chain([unknown]);
        for (id, (name, module, file, line)) in (1..).zip(named) {
            let mut of_line = Message::default();
            of_line.number(field::LINE_FUNCTION, id);
            of_line.number(field::LINE_NUMBER, line.into());
            let mut location = Message::default();
            location.number(field::LOCATION_ID, id);
            location.message(field::LOCATION_LINE, &of_line);
            message.message(profile::LOCATION, &location);
            let mut function = Message::default();
            function.number(field::FUNCTION_ID, id);
            function.number(field::FUNCTION_NAME, strings.place(name));
            // Where the two are the same, pprof takes the name for a mangled one and cuts off what is between < and >.
            function.number(field::FUNCTION_SYSTEM_NAME, strings.place(&format!("{module}::{name}")));
            function.number(field::FUNCTION_FILE, strings.place(file));
            function.number(field::FUNCTION_LINE, line.into());
            message.message(profile::FUNCTION, &function);
        }
        message.number(profile::DURATION_NANOS, self.elapsed_ns);
        message.numbers(profile::COMMENT, [strings.place(&self.clock.to_string())]);
        message.number(profile::DEFAULT_SAMPLE_TYPE, strings.place("time"));
        for text in &strings.table {
            message.bytes(profile::STRING_TABLE, text.as_bytes());
        }
        message.into_bytes()
    }

    /// A sample per node of the tree, the innermost function first.
    fn samples(&self, message: &mut Message, values: usize) {
        let nodes = frames(self);
        let location = |node: usize| nodes[node].place as u64 + 1;
        for (place, frame) in nodes.iter().enumerate() {
            let mut sample = Message::default();
            sample.numbers(field::SAMPLE_LOCATIONS, path(&nodes, place).into_iter().rev().map(location));
            let all = [frame.node.calls, frame.node.self_ns, frame.self_allocations, frame.self_allocated_bytes];
            // Signed in the format.
            let all = all.map(|value| value.min(i64::MAX as u64));
            sample.numbers(field::SAMPLE_VALUES, all.into_iter().take(values));
            message.message(field::profile::SAMPLE, &sample);
        }
    }
}

#[cfg(test)]
mod tests;
