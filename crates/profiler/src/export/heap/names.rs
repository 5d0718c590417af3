//! What a frame is called, and which frame of a stack a reader looks for.

use std::collections::HashMap;

use crate::heap::{Frame, Site};

/// One frame, as far as a format tells frames apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Name<'a> {
    pub(super) function: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) object: &'a str,
    pub(super) address: u64,
}

/// What stands for a stack of which nothing is known.
pub(super) const UNKNOWN: Name<'static> = Name { function: "(unknown)", file: "", line: 0, object: "", address: 0 };

impl<'a> Name<'a> {
    pub(super) fn whole(frame: &'a Frame) -> Self {
        Self { address: frame.address, ..Self::line(frame) }
    }

    pub(super) fn line(frame: &'a Frame) -> Self {
        Self { line: frame.line, ..Self::function(frame) }
    }

    pub(super) fn function(frame: &'a Frame) -> Self {
        let function = if frame.function.trim().is_empty() { "(no name)" } else { &*frame.function };
        Self { function, file: &frame.file, line: 0, object: &frame.object, address: 0 }
    }
}

/// How a frame becomes a name: what it leaves out is not told apart.
pub(super) type Naming<'a> = fn(&'a Frame) -> Name<'a>;

/// Every name once, numbered in the order of their coming.
#[derive(Default)]
pub(super) struct Names<'a> {
    numbers: HashMap<Name<'a>, u32>,
    pub(super) table: Vec<Name<'a>>,
    /// One that has the name, if any frame has.
    pub(super) frames: Vec<Option<&'a Frame>>,
}

impl<'a> Names<'a> {
    /// The number of a name that no frame has.
    pub(super) fn number(&mut self, name: Name<'a>) -> u32 {
        self.number_of(name, None)
    }

    fn number_of(&mut self, name: Name<'a>, frame: Option<&'a Frame>) -> u32 {
        *self.numbers.entry(name).or_insert_with(|| {
            self.table.push(name);
            self.frames.push(frame);
            // Beyond four thousand million names memory has ended.
            self.table.len() as u32 - 1
        })
    }

    /// The stack of a site, innermost first; never empty.
    pub(super) fn stack(&mut self, site: &'a Site, naming: Naming<'a>) -> Vec<u32> {
        if site.frames().is_empty() {
            return vec![self.number(UNKNOWN)];
        }
        site.frames().iter().map(|frame| self.number_of(naming(frame), Some(frame))).collect()
    }
}

/// The line of a stack that a reader can change.
pub(super) fn place(site: &Site) -> Name<'_> {
    site.place().map_or(UNKNOWN, Name::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_is_called_so() {
        let site = |function: &str| Site {
            frames: [Frame { function: function.into(), line: 3, ..Frame::default() }].into(),
            ..Site::default()
        };
        assert_eq!(place(&site("app::parse")), Name { function: "app::parse", line: 3, ..Name::default() });
        assert_eq!(place(&site(" ")).function, "(no name)");
        assert_eq!(place(&Site::default()), UNKNOWN);
    }
}
