//! What may cross threads, what is an error, and that everything can be printed.

use std::error::Error;
use std::fmt::Debug;

use lagom_vecproc::*;

use crate::bits::assert_same;

fn sendable<T: Send + Sync + Debug + Clone + 'static>() {}
fn error<T: Error + Send + Sync + 'static>() {}

#[test]
fn every_type_is_send_sync_and_debug() {
    sendable::<Pipeline>();
    sendable::<PipelineStream>();
    sendable::<SavedStream>();
    sendable::<Ewma>();
    sendable::<Fill>();
    sendable::<Strided<'static, f64>>();
    sendable::<Batches<std::vec::IntoIter<u8>>>();
    error::<LengthError>();
    error::<ParameterError>();
    error::<ProcessError>();
    error::<ResumeError>();
    error::<ZeroStep>();
}

/// One pipeline, many threads.
#[test]
fn a_pipeline_is_shared() {
    let pipeline = Pipeline::new().rolling_mean(50).expanding_std(1).skip_missing().ewma(Ewma::alpha(0.2));
    let x: Vec<f64> = (0..3000).map(|i| f64::from(i % 71)).collect();
    let expected = pipeline.process_batch_to_vec(&x).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_same(&pipeline.process_batch_to_vec(&x).unwrap(), &expected, &"on a thread"));
        }
    });
}

#[test]
fn a_long_state_prints_short() {
    let mut stream = Pipeline::new().rolling_mean(1000).stream().unwrap();
    stream.process_in_place(&mut [1.0; 5000]);
    let pipeline = "Pipeline { steps: [Step { operation: RollingMean { window: 1000 }, min_periods: None }] }";
    assert_eq!(format!("{stream:?}"), format!("PipelineStream {{ pipeline: {pipeline}, .. }}"));
    let saved = format!("{:?}", stream.save());
    assert!(
        saved.starts_with(&format!("SavedStream {{ pipeline: {pipeline}, words: ")) && saved.len() < 160,
        "{saved}"
    );
}
