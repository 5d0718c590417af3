//! The fields of a CSV file, one after the other, in constant memory.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use crate::file::error::{FileError, FileErrorKind};
use crate::file::input::InputFile;

/// Bytes asked of the system at a time.
const READ: usize = 64 * 1024;

/// Bytes of a field that are kept. No number is longer.
const KEPT: usize = 4096;

#[derive(Debug)]
pub(super) struct Fields {
    pub(super) input: InputFile,
    parser: Reader,
    /// What was read of the file and not yet parsed.
    bytes: Vec<u8>,
    at: usize,
    /// The place in the file that was read up to.
    offset: u64,
    /// The line feed after the end of the file has come.
    is_ended: bool,
    field: Vec<u8>,
}

/// A field that was read.
pub(super) struct Field<'a> {
    /// Its beginning, as much as is kept.
    pub(super) text: &'a [u8],
    pub(super) is_whole: bool,
    pub(super) is_last_of_row: bool,
    /// The line in which it ends, from 1.
    pub(super) line: u64,
}

impl Fields {
    pub(super) fn new(input: InputFile, delimiter: u8) -> Self {
        let parser = ReaderBuilder::new().delimiter(delimiter).build();
        Self { input, parser, bytes: Vec::new(), at: 0, offset: 0, is_ended: false, field: vec![0; KEPT] }
    }

    /// Starts over with the first field.
    pub(super) fn rewind(&mut self) {
        self.parser.reset();
        self.bytes.clear();
        (self.at, self.offset, self.is_ended) = (0, 0, false);
    }

    /// The next field; `None` at the end of the file.
    pub(super) fn next_field(&mut self) -> Result<Option<Field<'_>>, FileError> {
        let (mut filled, mut is_whole, mut line_feeds) = (0, true, 0);
        // Where what is too long goes.
        let mut rest = [0; 256];
        loop {
            if self.at == self.bytes.len() {
                self.read_more()?;
            }
            let out = if is_whole { &mut self.field[filled..] } else { &mut rest[..] };
            let (result, read, written) = self.parser.read_field(&self.bytes[self.at..], out);
            self.at += read;
            line_feeds += out[..written].iter().filter(|byte| **byte == b'\n').count() as u64;
            filled += if is_whole { written } else { 0 };
            match result {
                // Our line feed is part of the field: only if that is in quotes.
                ReadFieldResult::InputEmpty if self.is_ended && written > 0 => {
                    let line = self.parser.line() - line_feeds;
                    return Err(self.input.error(FileErrorKind::Quote { line }));
                }
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull => is_whole = false,
                ReadFieldResult::Field { record_end: is_last_of_row } => {
                    let is_behind = self.at > 0 && self.bytes[self.at - 1] == b'\n';
                    let line = self.parser.line() - u64::from(is_behind);
                    return Ok(Some(Field { text: &self.field[..filled], is_whole, is_last_of_row, line }));
                }
                ReadFieldResult::End => return Ok(None),
            }
        }
    }

    /// Reads on. At the end of the file there comes one more line feed, and then nothing, which is the parser's sign
    /// for the end.
    fn read_more(&mut self) -> Result<(), FileError> {
        let left = self.input.len() - self.offset;
        self.at = 0;
        self.bytes.clear();
        if left == 0 {
            self.bytes.extend((!self.is_ended).then_some(b'\n'));
            self.is_ended = true;
            return Ok(());
        }
        self.bytes.resize(left.min(READ as u64) as usize, 0);
        self.input.read_exact_at(&mut self.bytes, self.offset)?;
        self.offset += self.bytes.len() as u64;
        Ok(())
    }
}
