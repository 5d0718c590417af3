//! A column of record batches as f64s.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use crate::file::column::Column;
use crate::file::elements::CHUNK;
use crate::file::error::{FileError, FileErrorKind};
use crate::file::input::InputFile;

/// Appends the values of an array of one type to a vector, NaN for null.
type Convert = fn(&dyn Array, &mut Vec<f64>);

/// How arrays of a type become f64s; `None` for what is no number.
fn conversion(data_type: &DataType) -> Option<Convert> {
    Some(match data_type {
        DataType::Float64 => |array, out| values::<Float64Type>(array, out, |x| x),
        DataType::Float32 => |array, out| values::<Float32Type>(array, out, f64::from),
        DataType::Int8 => |array, out| values::<Int8Type>(array, out, f64::from),
        DataType::UInt8 => |array, out| values::<UInt8Type>(array, out, f64::from),
        DataType::Int16 => |array, out| values::<Int16Type>(array, out, f64::from),
        DataType::UInt16 => |array, out| values::<UInt16Type>(array, out, f64::from),
        DataType::Int32 => |array, out| values::<Int32Type>(array, out, f64::from),
        DataType::UInt32 => |array, out| values::<UInt32Type>(array, out, f64::from),
        DataType::Int64 => |array, out| values::<Int64Type>(array, out, |x| x as f64),
        DataType::UInt64 => |array, out| values::<UInt64Type>(array, out, |x| x as f64),
        _ => return None,
    })
}

fn values<T: ArrowPrimitiveType>(array: &dyn Array, out: &mut Vec<f64>, value: impl Fn(T::Native) -> f64) {
    let array = array.as_primitive::<T>();
    let start = out.len();
    out.extend(array.values().iter().map(|x| value(*x)));
    for (out, is_valid) in out[start..].iter_mut().zip(array.nulls().into_iter().flat_map(|nulls| nulls.iter())) {
        if !is_valid {
            *out = f64::NAN;
        }
    }
}

/// A column that was found in a schema.
pub(super) struct Found {
    pub(super) index: usize,
    convert: Convert,
}

pub(super) fn find(schema: &Schema, column: &Column) -> Result<Found, FileErrorKind> {
    let names: Vec<_> = schema.fields().iter().map(|field| field.name()).collect();
    let index = column.find(&names)?;
    let field = schema.field(index);
    match conversion(field.data_type()) {
        Some(convert) => Ok(Found { index, convert }),
        None => Err(FileErrorKind::ElementType(format!("{} in the column {:?}", field.data_type(), field.name()))),
    }
}

/// Record batches of one column, given in chunks.
pub(super) struct Batches {
    file: Arc<InputFile>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>,
    convert: Convert,
    /// What is left of the last one.
    array: Option<ArrayRef>,
    chunk: Vec<f64>,
    is_broken: bool,
}

impl Batches {
    pub(super) fn new(
        file: Arc<InputFile>,
        column: &Found,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    ) -> Self {
        let (convert, batches) = (column.convert, Box::new(batches));
        Self { file, batches, convert, array: None, chunk: Vec::new(), is_broken: false }
    }

    pub(super) fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        if self.is_broken {
            return Err(self.file.error(FileErrorKind::Format("it was not read to its end".into())));
        }
        let array = match self.array.take() {
            Some(array) => array,
            None => match self.next_array()? {
                Some(array) => array,
                None => {
                    self.file.check_unchanged()?;
                    return Ok(None);
                }
            },
        };
        let len = array.len().min(CHUNK);
        self.chunk.clear();
        (self.convert)(&array.slice(0, len), &mut self.chunk);
        self.array = Some(array.slice(len, array.len() - len)).filter(|rest| !rest.is_empty());
        Ok(Some(&mut self.chunk))
    }

    fn next_array(&mut self) -> Result<Option<ArrayRef>, FileError> {
        for batch in &mut self.batches {
            match batch {
                Ok(batch) if batch.num_rows() == 0 => {}
                Ok(batch) => return Ok(Some(Arc::clone(batch.column(0)))),
                Err(error) => {
                    self.is_broken = true;
                    return Err(malformed(&self.file, error));
                }
            }
        }
        Ok(None)
    }
}

/// What arrow says of a file. If that has changed, this is why.
pub(super) fn malformed(file: &InputFile, error: impl std::error::Error + Send + Sync + 'static) -> FileError {
    match file.check_unchanged() {
        Err(changed) => changed,
        Ok(()) => file.error(FileErrorKind::Format(Box::new(error))),
    }
}

/// The schema of what is written: one column of f64s, none of them null.
pub(super) fn schema(name: &str) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(name, DataType::Float64, false)]))
}

pub(super) fn batch(schema: &SchemaRef, values: Vec<f64>) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(Float64Array::from(values))])
}
