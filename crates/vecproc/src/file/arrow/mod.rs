//! Columns of Arrow IPC and Parquet files, by way of arrow-rs.

mod column;
mod ipc;
mod parquet;

pub use ipc::{ArrowReader, ArrowWriter};
pub use parquet::{ParquetReader, ParquetWriter};
