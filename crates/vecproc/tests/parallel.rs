//! Pipelines on several threads, to the last bit as on one.

use lagom_vecproc::*;

/// Elements of which some are missing or infinite, more than threads take at a time.
fn elements(n: usize) -> Vec<f64> {
    let special = [f64::NAN, f64::INFINITY, -0.0, 1e308, f64::NAN, f64::NEG_INFINITY];
    (0..n).map(|i| if i % 1013 == 12 { special[i / 1013 % 6] } else { (i as f64 * 0.7).sin() * 10.0 }).collect()
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

#[track_caller]
fn same(pipeline: &Pipeline, x: &[f64]) {
    let mut ours = vec![7.0; x.len()];
    pipeline.par_process_batch(x, &mut ours).unwrap();
    let expected = pipeline.process_batch_to_vec(x).unwrap();
    let wrong = bits(&ours).iter().zip(bits(&expected)).position(|(ours, expected)| *ours != expected);
    assert_eq!(wrong, None, "{pipeline:?} of {}", x.len());
}

#[test]
fn every_window() {
    let new = Pipeline::new;
    let x = elements((1 << 16) * 3 / 2);
    for window in [1, 50, 10_000] {
        for pipeline in [
            new().rolling_sum(window),
            new().rolling_mean(window),
            new().rolling_variance(window, 1),
            new().rolling_max(window),
            new().rolling_z_score(window, 0),
        ] {
            same(&pipeline, &x);
            same(&pipeline.min_periods(1), &x);
        }
    }
    same(&new().lag(70_000).difference(3), &x);
    same(&new().rolling_min(200_000), &x);
}

#[test]
fn several_at_once() {
    let new = Pipeline::new;
    for n in [0, 1, 65_535, 65_536, 65_537, 131_073] {
        let x = elements(n);
        same(&new().abs().rolling_mean(20).min_periods(3).lag(7).rolling_std(30, 0).min_periods(2).scale(2.0), &x);
        same(&new().rolling_max(9).cumulative_sum().skip_missing(), &x);
        same(&new().fill_missing(Fill::Forward).rolling_mean(5), &x);
        same(&new(), &x);
    }
}

#[test]
fn of_other_elements() {
    let x: Vec<i32> = (0..150_000).map(|i| i * 7919 % 1000).collect();
    let pipeline = Pipeline::new().rolling_mean(33);
    let mut ours = vec![0.0; x.len()];
    pipeline.par_process_batch(&x, &mut ours).unwrap();
    assert_eq!(bits(&ours), bits(&pipeline.process_batch_to_vec(&x).unwrap()));
    let strided = Strided::new(&x, 1, 2).unwrap();
    pipeline.par_process_batch(strided, &mut ours[..75_000]).unwrap();
    assert_eq!(bits(&ours[..75_000]), bits(&pipeline.process_batch_to_vec(strided).unwrap()));
    let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let mut ours = vec![0.0_f32; x.len()];
    pipeline.par_process_batch(&single, &mut ours).unwrap();
    assert_eq!(ours[32..], pipeline.process_batch_to_vec(&single).unwrap()[32..]);
}

#[test]
fn refuses_what_one_thread_refuses() {
    let x = elements(100_000);
    let mut out = vec![7.0; x.len()];
    for pipeline in [Pipeline::new().rolling_mean(0), Pipeline::new().scale(1.0).skip_missing()] {
        let error = pipeline.par_process_batch(&x, &mut out).unwrap_err();
        assert_eq!(error, pipeline.process_batch(&x, &mut out).unwrap_err());
        assert!(pipeline.par_process_batch(&x[..3], &mut out[..3]).is_err());
    }
    let error = Pipeline::new().rolling_mean(3).par_process_batch(&x, &mut out[1..]).unwrap_err();
    assert_eq!(error.to_string(), "output has length 99999, input has length 100000");
    assert!(out.iter().all(|&x| x == 7.0));
    same(&Pipeline::new().rolling_sum(usize::MAX), &x);
    same(&Pipeline::new().lag(usize::MAX), &x);
}
