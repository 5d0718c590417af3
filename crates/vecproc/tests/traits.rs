//! What may cross threads, and that everything can be printed.

use std::error::Error;
use std::fmt::Debug;

use lagom_vecproc::*;

fn sendable<T: Send + Sync + Debug + 'static>() {}
fn error<T: Error + Send + Sync + 'static>() {}

#[test]
fn every_type_is_send_sync_and_debug() {
    sendable::<ExpandingMean>();
    sendable::<ChunkedMean>();
    sendable::<RollingMean>();
    sendable::<Pipeline>();
    sendable::<PipelineStream>();
    sendable::<Batches<std::vec::IntoIter<u8>>>();
    sendable::<file::ElementReader>();
    sendable::<file::Npy>();
    sendable::<file::RawWriter>();
    sendable::<file::NpyWriter>();
    sendable::<file::Progress>();
    #[cfg(feature = "csv")]
    {
        sendable::<file::Csv>();
        sendable::<file::CsvReader>();
        sendable::<file::CsvWriter>();
    }
    #[cfg(feature = "mmap")]
    sendable::<file::MappedF64>();
    error::<LengthError>();
    error::<ZeroWindow>();
    error::<ProcessError>();
    error::<QuantileError>();
    error::<file::FileError>();
    error::<file::ProcessFileError>();
}

/// Some readers and writers of others cannot be shared.
#[test]
fn every_reader_and_writer_can_be_sent() {
    fn movable<T: Send + Debug + 'static>() {}
    movable::<file::AnyReader>();
    movable::<file::AnyWriter>();
    #[cfg(feature = "arrow")]
    {
        movable::<file::ArrowReader>();
        movable::<file::ArrowWriter>();
        movable::<file::ParquetReader>();
        movable::<file::ParquetWriter>();
    }
}

#[test]
fn a_long_state_prints_short() {
    let mut state = RollingMean::new(1000).unwrap();
    state.process_in_place(&mut [1.0; 5000]);
    assert_eq!(format!("{state:?}"), "RollingMean { window: 1000, full: true, .. }");
    let pipeline = Pipeline::new().rolling_mean(1000);
    assert_eq!(format!("{pipeline:?}"), "Pipeline { stages: [RollingMean { window: 1000 }] }");
    assert_eq!(format!("{:?}", batches([1], 3)), "Batches { n: 3, last: 0, .. }");
}
