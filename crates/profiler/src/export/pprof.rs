//! The format of pprof: `profile.proto` of <https://github.com/google/pprof>, compressed by gzip.

pub(super) mod format;

use self::format::{Strings, field, gzip, value_types};
use super::frames::{frames, path};
use super::protobuf::Message;
use crate::summary::Summary;

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
        gzip(&self.profile_proto())
    }

    fn profile_proto(&self) -> Vec<u8> {
        use field::profile;

        let mut strings = Strings::new();
        let mut message = Message::default();
        let mut types = vec![("calls", "count"), ("time", "nanoseconds")];
        if self.heap_tracked {
            types.extend([("alloc_objects", "count"), ("alloc_space", "bytes")]);
        }
        value_types(&mut message, &mut strings, &types);
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
        strings.write(&mut message);
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
pub(super) mod reader;
#[cfg(test)]
mod tests;
