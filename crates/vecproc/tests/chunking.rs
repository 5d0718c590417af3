//! However a stream is cut, the bits are the same; and a pipeline is its operations one after the other.

use lagom_vecproc::*;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -1e3..1e3,
        4 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-0.0),
        1 => Just(1e308),
    ]
}

/// Mostly short, sometimes beyond a tile.
fn values() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        9 => prop::collection::vec(value(), 0..300),
        1 => prop::collection::vec(value(), 2000..4200),
    ]
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![0..5_usize, 0..70_usize, 0..3000_usize], 1..30)
}

/// Runs `process` over chunks of the given lengths, over and over.
fn in_chunks(x: &[f64], cuts: &[usize], mut process: impl FnMut(&[f64], &mut [f64])) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    let (mut start, mut turn) = (0, 0);
    while start < x.len() {
        let cut = cuts[turn % cuts.len()] + usize::from(turn > 100);
        let end = x.len().min(start + cut);
        process(&x[start..end], &mut out[start..end]);
        (start, turn) = (end, turn + 1);
    }
    out
}

/// Bits, with every NaN alike.
fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

fn pipeline(stages: &[u8], window: usize) -> Pipeline {
    stages.iter().fold(Pipeline::new(), |pipeline, stage| match stage % 6 {
        0 => pipeline.expanding_mean(),
        1 => pipeline.chunked_mean(window),
        2 => pipeline.rolling_mean(window),
        3 => pipeline.scale(1.1),
        4 => pipeline.affine(-0.5, 3.0),
        _ => pipeline.clip(-50.0, 400.0),
    })
}

/// 48 cases, unless the environment asks for another number.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 48, ..config },
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn expanding(x in values(), cuts in cuts()) {
        let whole = bits(&expanding_mean_to_vec(&x));
        let mut out = vec![0.0; x.len()];
        expanding_mean(&x, &mut out).unwrap();
        prop_assert_eq!(&bits(&out), &whole);
        let mut state = ExpandingMean::new();
        prop_assert_eq!(&bits(&in_chunks(&x, &cuts, |x, out| state.process(x, out).unwrap())), &whole);
        prop_assert_eq!(state.count(), x.len() as u64);
        state.clear();
        let pushed: Vec<f64> = x.iter().map(|&x| state.push(x)).collect();
        prop_assert_eq!(&bits(&pushed), &whole);
    }

    #[test]
    fn chunked(x in values(), cuts in cuts(), n in prop_oneof![1..5_usize, 1..100_usize, 1..5000_usize]) {
        // Its meaning, in so many words.
        let whole: Vec<u64> = x.chunks(n).flat_map(|chunk| bits(&expanding_mean_to_vec(chunk))).collect();
        prop_assert_eq!(&bits(&chunked_mean_to_vec(&x, n).unwrap()), &whole);
        let mut out = vec![0.0; x.len()];
        chunked_mean(&x, n, &mut out).unwrap();
        prop_assert_eq!(&bits(&out), &whole);
        let mut state = ChunkedMean::new(n).unwrap();
        prop_assert_eq!(&bits(&in_chunks(&x, &cuts, |x, out| state.process(x, out).unwrap())), &whole);
        state.clear();
        let pushed: Vec<f64> = x.iter().map(|&x| state.push(x)).collect();
        prop_assert_eq!(&bits(&pushed), &whole);
    }

    #[test]
    fn rolling(x in values(), cuts in cuts(), window in prop_oneof![1..5_usize, 1..100_usize, 1..5000_usize]) {
        let whole = bits(&rolling_mean_to_vec(&x, window).unwrap());
        let mut out = vec![0.0; x.len()];
        rolling_mean(&x, window, &mut out).unwrap();
        prop_assert_eq!(&bits(&out), &whole);
        let mut state = RollingMean::new(window).unwrap();
        prop_assert_eq!(&bits(&in_chunks(&x, &cuts, |x, out| state.process(x, out).unwrap())), &whole);
        state.clear();
        let pushed: Vec<f64> = x.iter().map(|&x| state.push(x)).collect();
        prop_assert_eq!(&bits(&pushed), &whole);
    }

    /// Whatever came before, in whole windows, leaves no trace.
    #[test]
    fn rolling_forgets(past in values(), x in values(), window in 1..100_usize) {
        let past = &past[..past.len() - past.len() % window];
        let alone = bits(&rolling_mean_to_vec(&x, window).unwrap());
        let mut state = RollingMean::new(window).unwrap();
        state.process_in_place(&mut past.to_vec());
        let mut out = x.clone();
        state.process_in_place(&mut out);
        let full = (window - 1).min(x.len());
        prop_assert_eq!(&bits(&out)[full..], &alone[full..]);
    }

    #[test]
    fn pipelines(x in values(), cuts in cuts(), stages in prop::collection::vec(any::<u8>(), 0..5), window in 1..80_usize) {
        let pipeline = pipeline(&stages, window);
        let mut step_by_step = x.clone();
        for stage in &stages {
            let before = step_by_step.clone();
            match stage % 6 {
                0 => expanding_mean(&before, &mut step_by_step).unwrap(),
                1 => chunked_mean(&before, window, &mut step_by_step).unwrap(),
                2 => rolling_mean(&before, window, &mut step_by_step).unwrap(),
                3 => scale(&before, 1.1, &mut step_by_step).unwrap(),
                4 => affine(&before, -0.5, 3.0, &mut step_by_step).unwrap(),
                _ => clip(&before, -50.0, 400.0, &mut step_by_step).unwrap(),
            }
        }
        let whole = bits(&step_by_step);
        prop_assert_eq!(&bits(&pipeline.process_batch_to_vec(&x).unwrap()), &whole);
        let mut out = vec![0.0; x.len()];
        pipeline.process_batch(&x, &mut out).unwrap();
        prop_assert_eq!(&bits(&out), &whole);
        out.copy_from_slice(&x);
        pipeline.process_batch_in_place(&mut out).unwrap();
        prop_assert_eq!(&bits(&out), &whole);
        let mut stream = pipeline.stream().unwrap();
        prop_assert_eq!(&bits(&in_chunks(&x, &cuts, |x, out| stream.process(x, out).unwrap())), &whole);
        stream.clear();
        let pushed: Vec<f64> = x.iter().map(|&x| stream.push(x)).collect();
        prop_assert_eq!(&bits(&pushed), &whole);
    }

    #[test]
    fn batches_are_chunks(items in prop::collection::vec(any::<u16>(), 0..60), n in 0..70_usize) {
        let mut ours = batches(items.iter().copied(), n);
        let mut seen = Vec::new();
        while let Some(batch) = ours.next_batch() {
            seen.push(batch.to_vec());
        }
        let chunks: Vec<Vec<u16>> = items.chunks(n.max(1)).map(<[u16]>::to_vec).collect();
        prop_assert_eq!(seen, chunks);
        prop_assert!(ours.next_batch().is_none());
    }
}

#[test]
fn a_clone_goes_on_by_itself() {
    let mut stream = Pipeline::new().expanding_mean().rolling_mean(2).stream().unwrap();
    let _ = stream.push(1.0);
    let mut other = stream.clone();
    assert_eq!(stream.push(3.0), 1.5);
    assert_eq!(other.push(5.0), 2.0);
    assert_eq!(stream.push(8.0), 3.0);
}
