//! Rows of a table, read ahead by another thread into pooled buffers.

use std::io::Read;
use std::mem;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use anyhow::{Result, anyhow};
use csv::{ByteRecord, FromUtf8Error, StringRecord};
use lagom::pool::{Pool, Pooled};
use lagom::profiler::profile;

use crate::fields::{Column, Field};
use crate::input::{Input, NoArrival, file_error, header, line, row_error, utf8_error};

/// Rows that travel together from the reading thread.
const BATCH: usize = 128;
/// Batches that may wait to be taken in; together with [`BATCH`], the bound on what reading ahead can hold.
const AHEAD: usize = 6;

/// Some consecutive rows; their buffers are used again and again.
pub(super) struct Batch {
    records: Vec<ByteRecord>,
    used: usize,
    /// Takes the place of a row that is looked at as text.
    spare: Option<ByteRecord>,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { records: Vec::new(), used: 0, spare: None }
    }

    /// Reads the next rows into the buffers; `false` at the end of the table.
    ///
    /// # Errors
    ///
    /// What is wrong with the row after those that were read: they come first.
    #[profile(name = "lean::read_batch")]
    fn fill(&mut self, reader: &mut csv::Reader<impl Read>, table: &Table) -> Result<bool> {
        self.used = 0;
        while self.used < BATCH {
            if self.used == self.records.len() {
                self.records.push(ByteRecord::new());
            }
            let line = reader.position().line();
            match reader.read_byte_record(&mut self.records[self.used]) {
                Ok(true) => self.used += 1,
                Ok(false) => return Ok(false),
                Err(error) => return Err(file_error(&table.name, line, &table.header, &error)),
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
    columns: &'static [Column],
    pool: &Pool<Batch>,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let (table, mut reader) = Table::open(input, columns)?;
    let mut batch = pool.acquire();
    loop {
        let more = batch.fill(&mut reader, &table);
        take_in(&table, &mut batch, &mut each)?;
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
    columns: &'static [Column],
    pool: &Pool<Batch>,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let (table, reader) = Table::open(input, columns)?;
    thread::scope(|scope| {
        let (sender, batches) = mpsc::sync_channel(AHEAD);
        let reading = scope.spawn(|| read_ahead(reader, &table, pool, sender));
        for mut batch in batches {
            take_in(&table, &mut batch, &mut each)?;
        }
        reading.join().unwrap_or_else(|_| Err(anyhow!("{}: the reading thread panicked", table.name)))
    })
}

fn read_ahead<'a>(
    mut reader: csv::Reader<impl Read>,
    table: &Table,
    pool: &'a Pool<Batch>,
    batches: SyncSender<Pooled<'a, Batch>>,
) -> Result<()> {
    loop {
        let mut batch = pool.acquire();
        let more = batch.fill(&mut reader, table);
        // Nobody listens any more after an error in a row: then there is nothing left to do.
        if batches.send(batch).is_err() || !more? {
            return Ok(());
        }
    }
}

#[profile(name = "lean::take_in_batch")]
fn take_in(table: &Table, batch: &mut Batch, each: &mut impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let mut spare = batch.spare.take().unwrap_or_default();
    for record in &mut batch.records[..batch.used] {
        // Checked here, for the thread that reads is the one that others wait for.
        let record =
            StringRecord::from_byte_record(mem::replace(record, spare)).map_err(|error| table.not_text(error))?;
        each(&Row { table, record: &record })?;
        spare = record.into_byte_record();
    }
    batch.spare = Some(spare);
    Ok(())
}

/// What the rows of a table have in common.
struct Table {
    name: String,
    header: StringRecord,
    columns: &'static [Column],
    /// For every column asked for: where it is in the file.
    positions: Vec<usize>,
}

impl Table {
    fn open(input: &Input, columns: &'static [Column]) -> Result<(Self, csv::Reader<Box<dyn Read + Send>>)> {
        let name = input.name();
        let mut reader = csv::Reader::from_reader(input.open()?);
        let (header, positions) = header(&name, &mut reader, columns)?;
        Ok((Self { name, header, columns, positions }, reader))
    }

    #[cold]
    fn not_text(&self, error: FromUtf8Error) -> anyhow::Error {
        let column = error.utf8_error().field();
        utf8_error(&self.name, line(&error.into_byte_record()), &self.header, column)
    }
}

/// One row; columns count in the order in which they were asked for.
pub(super) struct Row<'a> {
    table: &'a Table,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// A text as it stands in the file.
    pub(super) fn text(&self, column: usize) -> &'a str {
        &self.record[self.table.positions[column]]
    }

    /// A value.
    pub(super) fn field<T: Field>(&self, column: usize) -> Result<T> {
        let Table { name, header, columns, .. } = self.table;
        T::parse(self.text(column)).map_err(|fault| row_error(name, header, columns, self.record, fault))
    }

    /// The error of a flight to this destination.
    pub(super) fn no_arrival(&self, dest: usize, why: NoArrival) -> anyhow::Error {
        why.error(&self.table.name, line(self.record.as_byte_record()), self.text(dest))
    }
}
