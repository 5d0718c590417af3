//! The progress of a run, and breaking it off.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{
    AnyReader, FileError, FileErrorKind, ProcessFileError, RawWriter, Sink, Source, process, process_with,
};

use crate::common::{bytes, file, names, numbers, open};

#[test]
fn progress_counts_what_is_written() {
    for n in [0, 1, 16_384, 16_385, 50_000] {
        let (folder, input) = file("x.f64", bytes(&numbers(n)));
        let mut seen = Vec::new();
        let done = Pipeline::new().process_file_with(&input, folder.path().join("y.f64"), |progress| {
            assert_eq!(progress.total, Some(n as u64));
            assert_eq!(progress.fraction(), Some(progress.done as f64 / n as f64));
            seen.push(progress.done);
            ControlFlow::Continue(())
        });
        assert_eq!(done.unwrap(), n as u64);
        assert_eq!(seen.len(), n.div_ceil(16_384));
        assert!(seen.is_sorted_by(|a, b| a < b));
        assert_eq!(seen.last().copied().unwrap_or(0), n as u64);
    }
}

#[test]
fn who_breaks_off_leaves_nothing() {
    let (folder, input) = file("x.f64", bytes(&numbers(50_000)));
    let output = folder.path().join("y.f64");
    let run = |stop: &dyn Fn(u64) -> ControlFlow<()>| {
        Pipeline::new().process_file_with(&input, &output, |progress| stop(progress.done))
    };
    let error =
        run(&|done| if done > 20_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).unwrap_err();
    assert!(matches!(error, ProcessFileError::Aborted { done: 32_768 }));
    assert_eq!(error.to_string(), "aborted after 32768 elements");
    assert_eq!(names(folder.path()), ["x.f64"]);
    // Even with the last element.
    let error =
        run(&|done| if done == 50_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).unwrap_err();
    assert!(matches!(error, ProcessFileError::Aborted { done: 50_000 }));
    assert_eq!(names(folder.path()), ["x.f64"]);
    // And who panics.
    let panic = catch_unwind(AssertUnwindSafe(|| run(&|_| panic!("stop")))).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "stop");
    assert_eq!(names(folder.path()), ["x.f64"]);
}

/// A source that does not know its end, in chunks of any length.
struct Counting(f64, [f64; 7]);

impl Source for Counting {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        let len = (self.0 as usize % 7 + 1).min(100 - self.0 as usize);
        for x in &mut self.1[..len] {
            *x = self.0;
            self.0 += 1.0;
        }
        Ok(Some(&mut self.1[..len]).filter(|chunk| !chunk.is_empty()))
    }
}

#[test]
fn sources_and_sinks_may_be_anything() {
    let (mut out, mut totals) = (Vec::new(), Vec::new());
    let done = process_with(Counting(0.0, [0.0; 7]), &Pipeline::new().rolling_mean(3), &mut out, |progress| {
        totals.push((progress.total, progress.fraction()));
        ControlFlow::Continue(())
    });
    assert_eq!((done.unwrap(), &out[2..5]), (100, &[1.0, 2.0, 3.0][..]));
    assert!(totals.iter().all(|total| *total == (None, None)));
    // Borrowed and boxed ones too; what is borrowed can go on after.
    let (_folder, path) = file("x.f64", bytes(&numbers(10)));
    let mut reader = open(&path);
    fn total(source: impl Source) -> Option<u64> {
        source.total()
    }
    assert_eq!(total(&mut reader), Some(10));
    let boxed: Box<dyn Source> = Box::new(&mut reader);
    assert_eq!(total(boxed), Some(10));
    let boxed: Box<dyn Source> = Box::new(&mut reader);
    let mut same = Vec::new();
    process(boxed, &Pipeline::new(), &mut same).unwrap();
    assert_eq!(same, numbers(10));
    assert_eq!(reader.position(), 10);
}

/// A sink that takes no more is an error of the output, and the source is not asked on.
#[test]
fn a_sink_that_fails_ends_the_run() {
    struct Full(u32);

    impl Sink for Full {
        fn write(&mut self, _: &[f64]) -> Result<(), FileError> {
            self.0 =
                self.0.checked_sub(1).ok_or_else(|| FileError::new("full", FileErrorKind::Format("full".into())))?;
            Ok(())
        }

        fn finish(self) -> Result<(), FileError> {
            panic!("finished all the same")
        }
    }

    let mut source = Counting(0.0, [0.0; 7]);
    let error = process(&mut source, &Pipeline::new(), Full(2)).unwrap_err();
    assert!(matches!(&error, ProcessFileError::Output(error) if error.path() == std::path::Path::new("full")));
    assert_eq!(error.to_string(), "cannot read full: full");
    assert_eq!(source.0, 7.0);
}

/// The window is found out before a sink is made, and a reader that fails later than its opening drops it.
#[test]
fn what_is_wrong_with_the_pipeline_comes_first() {
    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let output = folder.path().join("no/such/folder.f64");
    let error = Pipeline::new().rolling_mean(0).process_file("missing.f64", &output).unwrap_err();
    assert!(matches!(error, ProcessFileError::Pipeline(_)));
    assert!(std::error::Error::source(&error).is_none());
    let sink = RawWriter::create(folder.path().join("y.f64")).unwrap();
    assert!(process(AnyReader::open(&input).unwrap(), &Pipeline::new().rolling_mean(0), sink).is_err());
    assert_eq!(names(folder.path()), ["x.f64"]);
}
