//! The rank test for two samples (Mann and Whitney 1947), with the correction for ties, and its effect size.

use super::{sorted, two_sided};
use crate::summary::Histogram;

/// What the ranks of two samples tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rank {
    /// How much more probable it is that a new value exceeds an old one than the reverse: -1.0 to 1.0 (Cliff 1993).
    pub(crate) effect: f64,
    /// The standard normal statistic of "no difference", positive if new values are larger.
    pub(crate) z: f64,
    /// How probable one as far from zero is between samples of one population.
    pub(crate) p: f64,
}

/// What lies between two edges: how much of the one sample, and how much of the other.
type Cell = (f64, f64);

/// Ranks plain samples.
pub(crate) fn rank_samples(baseline: &[f64], now: &[f64]) -> Rank {
    let (a, b) = (sorted(baseline), sorted(now));
    let mut cells: Vec<Cell> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(a), Some(b)) => a.min(*b),
            (Some(value), None) | (None, Some(value)) => *value,
            (None, None) => break,
        };
        let count = |side: &[f64], from: usize| side[from..].iter().take_while(|&&other| other <= value).count();
        let (of_a, of_b) = (count(&a, i), count(&b, j));
        (i, j) = (i + of_a, j + of_b);
        cells.push((of_a as f64, of_b as f64));
    }
    rank(&cells, a.len() as f64, b.len() as f64)
}

/// Ranks histograms, of which so many values each were measured: a value that stands for others is one measurement.
///
/// Both are cut at the edges of both, what is in a bucket spread evenly over it; what falls between the same two edges
/// is tied. Where the edges are the same in both, that is the plain test with ties. The new values are multiplied by `scale`
/// first.
pub(crate) fn rank_histograms(baseline: &Histogram, now: &Histogram, measured: (u64, u64), scale: f64) -> Rank {
    let (old, new) = (buckets(baseline, 1.0), buckets(now, scale));
    let edges = edges(&[&old, &new]);
    let (a, b) = (spread(&old, &edges), spread(&new, &edges));
    let cells: Vec<Cell> = a.into_iter().zip(b).collect();
    let size = |measured: u64, histogram: &Histogram| measured.min(histogram.count()) as f64;
    rank(&cells, size(measured.0, baseline), size(measured.1, now))
}

/// `cells` ascend; of the first sample `n` values were measured, of the second `m`.
fn rank(cells: &[Cell], n: f64, m: f64) -> Rank {
    let (all_a, all_b) = cells.iter().fold((0.0, 0.0), |(a, b), cell| (a + cell.0, b + cell.1));
    if all_a <= 0.0 || all_b <= 0.0 {
        return Rank { effect: 0.0, z: 0.0, p: 1.0 };
    }
    let total = n + m;
    let (mut below, mut exceeds, mut ties) = (0.0, 0.0, 0.0);
    for (a, b) in cells {
        let (a, b) = (a / all_a, b / all_b);
        exceeds += b * (below + a / 2.0);
        below += a;
        let tied = n * a + m * b;
        ties += (tied.powi(3) - tied).max(0.0);
    }
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    // U of a half is what continuity takes off.
    let distance = (exceeds - 0.5) * n * m;
    let distance = (distance.abs() - 0.5).max(0.0).copysign(distance);
    let z = if variance > 0.0 { distance / variance.sqrt() } else { 0.0 };
    Rank { effect: (2.0 * exceeds - 1.0).clamp(-1.0, 1.0), z, p: two_sided(z).min(1.0) }
}

/// Where one begins and ends, and how much is in it.
type Bucket = (f64, f64, f64);

/// The buckets that hold something and lie somewhere, none without width.
fn buckets(histogram: &Histogram, scale: f64) -> Vec<Bucket> {
    let known = histogram.buckets.iter().filter(|b| b.count > 0 && b.from_ns.is_finite() && b.to_ns.is_finite());
    let placed = known.map(|bucket| {
        // Minus zero is an edge of its own to a sort.
        let from = bucket.from_ns * scale + 0.0;
        (from, (bucket.to_ns * scale).max(from.next_up()), bucket.count as f64)
    });
    placed.collect()
}

fn edges(sides: &[&[Bucket]]) -> Vec<f64> {
    let all = sides.iter().flat_map(|buckets| buckets.iter()).flat_map(|&(from, to, _)| [from, to]);
    let mut edges = sorted(&all.collect::<Vec<_>>());
    edges.dedup();
    edges
}

fn spread(buckets: &[Bucket], edges: &[f64]) -> Vec<f64> {
    let mut cells = vec![0.0; edges.len().saturating_sub(1)];
    for &(from, to, count) in buckets {
        let first = edges.partition_point(|&edge| edge < from);
        for (cell, edges) in cells[first..].iter_mut().zip(edges[first..].windows(2)) {
            if edges[0] >= to {
                break;
            }
            *cell += count * (edges[1] - edges[0]) / (to - from);
        }
    }
    cells
}

/// What each of several findings is worth, given that all were looked for (Holm 1979).
pub(crate) fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 0.0_f64;
    for (place, &at) in order.iter().enumerate() {
        least = least.max(p[at] * (p.len() - place) as f64).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;
    use crate::summary::Bucket;

    fn histogram(buckets: &[(f64, f64, u64)]) -> Histogram {
        Histogram { buckets: buckets.iter().map(|&(from_ns, to_ns, count)| Bucket { from_ns, to_ns, count }).collect() }
    }

    #[test]
    fn it_agrees_with_the_textbook() {
        // U and p of scipy.stats.mannwhitneyu(method="asymptotic"), with and without ties.
        let (a, b) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        let rank = rank_samples(&b, &a);
        assert!((rank.effect - (2.0 * 17.0 / 20.0 - 1.0)).abs() < 1e-12, "{rank:?}");
        assert!((rank.p - 0.111_346_886_533_140_41).abs() < 1e-12, "{rank:?}");
        let (a, b) = ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0], [2.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
        let tied = rank_samples(&a, &b);
        assert!((tied.p - 0.078_262_429_477_146_18).abs() < 1e-12, "{tied:?}");
        assert!(tied.effect > 0.0 && rank_samples(&b, &a).effect < 0.0);
    }

    #[test]
    fn a_histogram_with_the_same_edges_is_the_test_with_ties() {
        let a = histogram(&[(1.0, 2.0, 1), (2.0, 3.0, 2), (3.0, 4.0, 3), (4.0, 5.0, 1)]);
        let b = histogram(&[(2.0, 3.0, 1), (3.0, 4.0, 1), (4.0, 5.0, 2), (5.0, 6.0, 2)]);
        let plain = rank_samples(&[1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0], &[2.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
        let rank = rank_histograms(&a, &b, (7, 6), 1.0);
        assert!((rank.effect - plain.effect).abs() < 1e-12 && (rank.p - plain.p).abs() < 1e-12, "{rank:?} {plain:?}");
        // One measurement that stands for a hundred calls is one measurement.
        let hundred = histogram(&[(1.0, 2.0, 100), (2.0, 3.0, 200), (3.0, 4.0, 300), (4.0, 5.0, 100)]);
        let weighted = rank_histograms(&hundred, &b, (7, 6), 1.0);
        assert!((weighted.p - plain.p).abs() < 1e-9, "{weighted:?}");
    }

    #[test]
    fn other_edges_are_no_difference() {
        let a = histogram(&[(98.0, 101.0, 1_000)]);
        let b = histogram(&[(98.3, 101.3, 1_000)]);
        let rank = rank_histograms(&a, &b, (1_000, 1_000), 1.0);
        assert!((0.0..0.25).contains(&rank.effect), "{rank:?}");
        assert_eq!(rank_histograms(&a, &a, (1_000, 1_000), 1.0), Rank { effect: 0.0, z: 0.0, p: 1.0 });
    }

    #[test]
    fn what_is_scaled_is_ranked_by_its_new_place() {
        let values = histogram(&[(100.0, 101.0, 50), (101.0, 102.0, 50)]);
        let longer = rank_histograms(&values, &values, (100, 100), 1_000.0);
        assert!(longer.effect > 0.999 && longer.z > 10.0, "{longer:?}");
        let shorter = rank_histograms(&values, &values, (100, 100), 0.001);
        assert!(shorter.effect < -0.999 && shorter.z < -10.0, "{shorter:?}");
    }

    #[test]
    fn what_is_no_number_is_no_measurement() {
        let odd =
            histogram(&[(f64::NAN, 1.0, 5), (1.0, f64::INFINITY, 5), (3.0, 3.0, 4), (9.0, 8.0, 4), (-0.0, 0.0, 1)]);
        let rank = rank_histograms(&odd, &odd, (9, 9), 1.0);
        assert!(rank.effect.abs() < 1e-12 && rank.p == 1.0, "{rank:?}");
        assert_eq!(rank_histograms(&odd, &Histogram::default(), (9, 0), 1.0).p, 1.0);
        assert_eq!(rank_samples(&[], &[]).p, 1.0);
        assert_eq!(rank_samples(&[1.0], &[1.0]).p, 1.0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much for it")]
    fn equal_populations_are_told_apart_as_seldom_as_alpha_says() {
        let mut random = Random::new(11);
        let mut samples = |shift: f64| -> Vec<f64> { (0..40).map(|_| random.normal() + shift).collect() };
        let alarms = (0..2_000).filter(|_| rank_samples(&samples(0.0), &samples(0.0)).p < 0.05).count();
        // 5 % of 2,000 and four standard deviations.
        assert!((61..=139).contains(&alarms), "{alarms}");
        let found = (0..200).filter(|_| rank_samples(&samples(0.0), &samples(1.0)).p < 0.05).count();
        assert!(found > 190, "{found}");
    }

    #[test]
    fn who_looks_often_finds_less() {
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]));
        assert!(close(&holm(&[0.9, 0.8]), &[1.0, 1.0]));
        assert!(holm(&[]).is_empty());
    }
}
