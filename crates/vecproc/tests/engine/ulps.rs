//! Sums and means without cancellation, in units of the last place.

use lagom_vecproc::*;

use crate::exact::{LongInteger, ulps};
use crate::inputs::{Family, Noise};

/// Elements of one sign.
fn families(n: usize) -> Vec<Family> {
    let mut noise = Noise(11);
    let patterns: Vec<f64> = (0..64).map(|_| noise.unit()).collect();
    let mut family =
        |name, f: &dyn Fn(usize, &mut Noise) -> f64| (name, (0..n).map(|i| f(i, &mut noise)).collect::<Vec<_>>());
    vec![
        family("uniform", &|_, r| r.unit()),
        family("around 100", &|_, r| 99.0 + r.unit() + r.unit()),
        family("0.1", &|_, _| 0.1),
        family("1/3", &|_, _| 1.0 / 3.0),
        family("-0.7", &|_, _| -0.7),
        family("ramp", &|i, _| i as f64 * 0.1),
        family("ramp down", &|i, _| (n - i) as f64 * 0.1),
        family("squares", &|i, _| (i as f64 * 0.01).powi(2)),
        family("harmonic", &|i, _| 1.0 / (i + 1) as f64),
        family("sawtooth of 8", &|i, _| (i % 8 + 1) as f64 * 0.1),
        family("sawtooth of 32", &|i, _| (i % 32 + 1) as f64 * 0.1),
        family("sawtooth of 64", &|i, _| (i % 64 + 1) as f64 * 0.1),
        family("sawtooth of 100", &|i, _| (i % 100 + 1) as f64 * 0.1),
        family("pattern of 8", &|i, _| patterns[i % 8]),
        family("pattern of 64", &|i, _| patterns[i % 64]),
        family("growing 1e-300..1e300", &|i, r| (0.5 + r.unit()) * 10.0_f64.powf(600.0 * i as f64 / n as f64 - 300.0)),
        family("falling 1e300..1e-300", &|i, r| (0.5 + r.unit()) * 10.0_f64.powf(300.0 - 600.0 * i as f64 / n as f64)),
        family("growing by 1 %", &|i, _| 1.01_f64.powi((i % 60_000) as i32)),
        family("growing by half", &|i, _| 1.5_f64.powi((i % 1500) as i32)),
        family("powers of two", &|i, _| 2.0_f64.powi((i % 60) as i32)),
        family("powers of two, falling", &|i, _| 2.0_f64.powi(-((i % 60) as i32))),
        family("all magnitudes", &|_, r| 10.0_f64.powf(r.unit() * 60.0 - 30.0)),
        family("1 after 1e15", &|i, _| if i == 0 { 1e15 } else { 1.0 + 1e-3 }),
        family("spikes", &|i, r| if i % 97 == 13 { 1e12 } else { r.unit() }),
        family("exponential", &|_, r| -(1.0 - r.unit()).ln()),
        family("denormals", &|_, r| f64::from_bits(r.bits() >> 14)),
    ]
}

/// Few units in the last place, whatever the length; some more where the last few elements outweigh all others.
#[test]
fn sums_and_means_of_one_sign() {
    let n = std::env::var("LAGOM_VECPROC_N").map_or(4000, |n| n.parse().unwrap());
    let mut all_are_close = true;
    println!("worst of {n}, in ulp: {:>25} {:>16}", "cumulative_sum", "expanding_mean");
    for (family, x) in families(n) {
        let sums = Pipeline::new().cumulative_sum().process_batch_to_vec(&x).unwrap();
        let means = Pipeline::new().expanding_mean().process_batch_to_vec(&x).unwrap();
        let mut exact = LongInteger::new();
        let (mut worst, mut worst_mean, mut at) = (0.0_f64, 0.0_f64, 0);
        for (i, &x) in x.iter().enumerate() {
            exact.add(x, 1);
            let error = ulps(sums[i], &exact, 1);
            if error > worst {
                (worst, at) = (error, i);
            }
            worst_mean = worst_mean.max(ulps(means[i], &exact, i as u64 + 1));
        }
        println!("{family:30} {worst:16.3} {worst_mean:16.3}   (at {at})");
        let [most, most_mean] = if family.starts_with("growing") { [3.0, 4.0] } else { [2.0, 2.5] };
        all_are_close &= worst <= most && worst_mean <= most_mean;
    }
    assert!(all_are_close);
}
