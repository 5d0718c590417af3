//! Rows of a table, read ahead by another thread into pooled buffers.

use std::io::Read;
use std::str::FromStr;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use anyhow::{Result, anyhow};
use csv::{ByteRecord, StringRecord};
use jiff::Timestamp;
use lagom::pool::{Pool, Pooled};
use lagom::profiler::profile;

use crate::input::{Input, field_error, file_error, header, is_missing};

/// Rows that travel together from the reading thread.
const BATCH: usize = 128;
/// Batches that may wait to be taken in; together with [`BATCH`], the bound on what reading ahead can hold.
const AHEAD: usize = 6;

/// Some consecutive rows; their buffers are used again and again.
pub(super) struct Batch {
    records: Vec<ByteRecord>,
    used: usize,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { records: Vec::new(), used: 0 }
    }

    /// Reads the next rows into the buffers; `false` at the end of the table.
    ///
    /// # Errors
    ///
    /// What is wrong with the row after those that were read: they come first.
    #[profile(name = "lean::read_batch")]
    fn fill(&mut self, reader: &mut csv::Reader<impl Read>, name: &str) -> Result<bool> {
        self.used = 0;
        while self.used < BATCH {
            if self.used == self.records.len() {
                self.records.push(ByteRecord::new());
            }
            let line = reader.position().line();
            match reader.read_byte_record(&mut self.records[self.used]) {
                Ok(true) => self.used += 1,
                Ok(false) => return Ok(false),
                Err(error) => return Err(file_error(name, line, &error)),
            }
        }
        Ok(true)
    }
}

/// Calls `each` with the rows of a table in order.
///
/// # Errors
///
/// The first in the table, of `each` or of the table itself: unreadable, empty, without one of `columns`, a row of
/// another length.
pub(super) fn for_each_row(
    input: &Input,
    columns: &[&str],
    pool: &Pool<Batch>,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let (table, mut reader) = Table::open(input, columns)?;
    let mut batch = pool.acquire();
    loop {
        let more = batch.fill(&mut reader, &table.name);
        take_in(&table, &batch, &mut each)?;
        if !more? {
            return Ok(());
        }
    }
}

/// [`for_each_row`] for a long table: meanwhile another thread reads ahead.
///
/// # Errors
///
/// As [`for_each_row`].
pub(super) fn for_each_row_read_ahead(
    input: &Input,
    columns: &[&str],
    pool: &Pool<Batch>,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let (table, reader) = Table::open(input, columns)?;
    thread::scope(|scope| {
        let (sender, batches) = mpsc::sync_channel(AHEAD);
        let reading = scope.spawn(|| read_ahead(reader, &table.name, pool, sender));
        for batch in batches {
            take_in(&table, &batch, &mut each)?;
        }
        reading.join().unwrap_or_else(|_| Err(anyhow!("{}: the reading thread panicked", table.name)))
    })
}

fn read_ahead<'a>(
    mut reader: csv::Reader<impl Read>,
    name: &str,
    pool: &'a Pool<Batch>,
    batches: SyncSender<Pooled<'a, Batch>>,
) -> Result<()> {
    loop {
        let mut batch = pool.acquire();
        let more = batch.fill(&mut reader, name);
        // Nobody listens any more after an error in a row: then there is nothing left to do.
        if batches.send(batch).is_err() || !more? {
            return Ok(());
        }
    }
}

#[profile(name = "lean::take_in_batch")]
fn take_in(table: &Table, batch: &Batch, each: &mut impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    batch.records[..batch.used].iter().try_for_each(|record| each(&Row { table, record }))
}

/// What the rows of a table have in common.
struct Table {
    name: String,
    header: StringRecord,
    /// For every column asked for: where it is in the file.
    positions: Vec<usize>,
}

impl Table {
    fn open(input: &Input, columns: &[&str]) -> Result<(Self, csv::Reader<Box<dyn Read + Send>>)> {
        let name = input.name();
        let mut reader = csv::Reader::from_reader(input.open()?);
        let (header, positions) = header(&name, &mut reader, columns)?;
        Ok((Self { name, header, positions }, reader))
    }
}

/// One row; columns count in the order in which they were asked for.
pub(super) struct Row<'a> {
    table: &'a Table,
    record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    /// A text as it stands in the file.
    pub(super) fn bytes(&self, column: usize) -> &'a [u8] {
        &self.record[self.table.positions[column]]
    }

    /// An error that names file, line and column.
    #[cold]
    pub(super) fn error(&self, column: usize, what: &str) -> anyhow::Error {
        let line = self.record.position().map_or(0, csv::Position::line);
        let Table { name, header, positions } = self.table;
        let text = String::from_utf8_lossy(self.bytes(column));
        field_error(name, line, header, positions[column], format_args!("`{text}` {what}"))
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<&'a str> {
        str::from_utf8(self.bytes(column)).map_err(|_| self.error(column, "is not valid UTF-8"))
    }

    /// A text, unless it is missing.
    pub(super) fn text_or_na(&self, column: usize) -> Result<Option<&'a str>> {
        if is_missing(self.bytes(column)) { Ok(None) } else { self.text(column).map(Some) }
    }

    /// A whole number.
    pub(super) fn whole<T: TryFrom<i32>>(&self, column: usize) -> Result<T> {
        let number = whole(self.bytes(column)).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.error(column, "is not a whole number in range"))
    }

    /// A whole number, unless it is missing.
    pub(super) fn whole_or_na(&self, column: usize) -> Result<Option<i32>> {
        let text = self.bytes(column);
        match whole(text) {
            Some(number) => Ok(Some(number)),
            None if is_missing(text) => Ok(None),
            None => Err(self.error(column, "is neither a whole number nor NA")),
        }
    }

    /// A finite number.
    pub(super) fn real(&self, column: usize) -> Result<f64> {
        self.parse(column)
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| self.error(column, "is not a number"))
    }

    /// A finite number, unless it is missing.
    pub(super) fn real_or_na(&self, column: usize) -> Result<Option<f64>> {
        if is_missing(self.bytes(column)) { Ok(None) } else { self.real(column).map(Some) }
    }

    /// A moment.
    pub(super) fn timestamp(&self, column: usize) -> Result<Timestamp> {
        self.parse(column).ok_or_else(|| self.error(column, "is not a time such as 2013-01-01T10:00:00Z"))
    }

    fn parse<T: FromStr>(&self, column: usize) -> Option<T> {
        str::from_utf8(self.bytes(column)).ok()?.parse().ok()
    }
}

/// A whole number from its digits, as `str::parse` reads it, without the detour over UTF-8.
fn whole(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0i32;
    for digit in digits {
        let digit = i32::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
        number = number.checked_mul(10)?;
        number = if negative { number.checked_sub(digit)? } else { number.checked_add(digit)? };
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_std_reads_them() {
        for text in [
            "0",
            "-0",
            "+7",
            "007",
            "2147483647",
            "-2147483648",
            "2147483648",
            "-2147483649",
            "",
            "-",
            "+",
            "1x",
            "--1",
            "1.0",
            "NA",
            " 1",
            "１",
        ] {
            assert_eq!(whole(text.as_bytes()), text.parse().ok(), "{text:?}");
        }
    }
}
