//! The Python class that this crate began with, line by line.

/// `process_batch`: the mean so far times 1.1, every prefix copied and added up anew; above 10,000 elements the mean
/// starts again every 1,000.
pub(super) fn process_batch(x: &[f64], out: &mut [f64]) {
    if x.len() > 10_000 {
        for (x, out) in x.chunks(1000).zip(out.chunks_mut(1000)) {
            let mut sum = 0.0;
            for ((n, x), out) in (1_u32..).zip(x).zip(out) {
                sum += x;
                *out = sum / f64::from(n) * 1.1;
            }
        }
        return;
    }
    for (i, out) in out.iter_mut().enumerate() {
        let prefix = x[..=i].to_vec();
        *out = prefix.iter().sum::<f64>() / prefix.len() as f64 * 1.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_changes_its_mind_above_ten_thousand() {
        let x: Vec<f64> = (0..10_001).map(f64::from).collect();
        let mut out = vec![0.0; x.len()];
        process_batch(&x[1..], &mut out[1..]);
        assert_eq!(out[2000], 1000.5 * 1.1);
        process_batch(&x, &mut out);
        assert_eq!((out[999], out[1000]), (499.5 * 1.1, 1000.0 * 1.1));
    }
}
