//! The text of source lines, where the files are there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;

use crate::heap::Frame;
use crate::heap::symbols::library::library_path;

/// Files that are larger are made by programs, and no help.
const LARGEST: u64 = 4 << 20;

/// Each file is read once.
#[derive(Default)]
pub(crate) struct SourceLines {
    files: RefCell<HashMap<String, Option<Vec<String>>>>,
}

impl SourceLines {
    /// The line without its indentation; `None` if it cannot be read.
    pub(crate) fn text(&self, frame: &Frame) -> Option<String> {
        let at = (frame.line() as usize).checked_sub(1)?;
        if frame.file().is_empty() || library_path(frame.file()).is_some() {
            return None;
        }
        let mut files = self.files.borrow_mut();
        let lines = files.entry(frame.file().to_owned()).or_insert_with(|| read(frame.file()));
        let text = lines.as_ref()?.get(at)?.trim();
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }
}

fn read(file: &str) -> Option<Vec<String>> {
    let plain = fs::metadata(file).is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
    let text = if plain { fs::read_to_string(file).ok()? } else { return None };
    Some(text.lines().map(str::to_owned).collect())
}
