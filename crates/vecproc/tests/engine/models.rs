//! What every operation should give, written as plainly as can be.

use crate::exact::U;
use crate::table::Parameters;

/// What a result should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// These bits, if it is not NaN.
    Exactly(f64),
    /// This, or so far from it.
    Near(f64, f64),
    /// An infinity or NaN.
    NotFinite,
    /// Something overflows or underflows on the way; but no variance is negative.
    NotNegative,
    /// Something overflows on the way.
    Anything,
}

impl Expected {
    pub(crate) fn holds(self, ours: f64) -> bool {
        match self {
            Self::Exactly(value) => ours.to_bits() == value.to_bits() || ours.is_nan() && value.is_nan(),
            Self::Near(value, _) if !value.is_finite() => ours == value || ours.is_nan() && value.is_nan(),
            // Some units of the least double, where results are denormal.
            Self::Near(value, within) => (ours - value).abs() <= within + 2000.0 * f64::from_bits(1),
            Self::NotFinite => !ours.is_finite(),
            Self::NotNegative => ours >= 0.0 || ours.is_nan(),
            Self::Anything => true,
        }
    }
}

const MISSING: Expected = Expected::Exactly(f64::NAN);

/// What the operation of that name in the [table](crate::table) should give at `i`.
pub(crate) fn expected(name: &str, p: Parameters, x: &[f64], i: usize) -> Expected {
    let (operation, needed) = match name.strip_suffix(", min_periods") {
        Some(operation) => (operation, Some(p.min_periods)),
        None => (name, None),
    };
    let window = &x[(i + 1).saturating_sub(p.window)..=i];
    let so_far = &x[..=i];
    if operation.starts_with("rolling") && needed.is_none() && window.len() < p.window
        || operation.starts_with("cumulative") && needed.is_some() && x[i].is_nan()
    {
        return MISSING;
    }
    let over = |elements: &[f64], f: &dyn Fn(&[f64]) -> Expected| over(elements, needed, f);
    let levels = (window.len() as f64).log2().ceil() + 1.0;
    let rolling_variance = |x: &[f64]| variance(x, p.ddof, |condition| 8.0 * levels * U * condition);
    let expanding_variance = |x: &[f64]| variance(x, p.ddof, |condition| (x.len() as f64 / 2.0 + 64.0) * U * condition);
    match operation {
        "rolling_sum" => over(window, &|x| sum(x, 2.0 * levels)),
        "rolling_mean" => over(window, &|x| mean(x, 4.0 * levels)),
        "rolling_variance" => over(window, &rolling_variance),
        "rolling_std" => over(window, &|x| root(rolling_variance(x))),
        "rolling_min" => over(window, &least),
        "rolling_max" => over(window, &greatest),
        "rolling_median" => over(window, &|x| quantile(x, 0.5)),
        "rolling_quantile" => over(window, &|x| quantile(x, 0.3)),
        "rolling_z_score" if x[i].is_nan() => MISSING,
        "rolling_z_score" => over(window, &|x| z_score(x, mean(x, 4.0 * levels), root(rolling_variance(x)))),
        "cumulative_sum" => over(so_far, &|x| sum(x, 9.0)),
        "cumulative_product" => over(so_far, &product),
        "cumulative_min" | "expanding_min" => over(so_far, &least),
        "cumulative_max" | "expanding_max" => over(so_far, &greatest),
        "expanding_mean" => over(so_far, &|x| mean(x, 10.0)),
        "expanding_variance" => over(so_far, &expanding_variance),
        "expanding_std" => over(so_far, &|x| root(expanding_variance(x))),
        "chunked_mean" => over(&x[i - i % p.window..=i], &|x| mean(x, 10.0)),
        "ewma" => adjusted(so_far, p.alpha, needed, false),
        "ewma, ignoring" => adjusted(so_far, p.alpha, needed, true),
        "ewma, unadjusted" => unadjusted(so_far, p.alpha, needed, false),
        "ewma, unadjusted, ignoring" => unadjusted(so_far, p.alpha, needed, true),
        "scale" => Expected::Exactly(x[i] * 1.1),
        "affine" => Expected::Exactly(x[i] * -0.3 + 3.7),
        "clip" => Expected::Exactly(x[i].clamp(-1.5, 40.0)),
        "abs" => Expected::Exactly(x[i].abs()),
        "ln" => Expected::Exactly(x[i].ln()),
        "exp" => Expected::Exactly(x[i].exp()),
        "difference" if i < p.window => MISSING,
        "difference" => Expected::Exactly(x[i] - x[i - p.window]),
        "lag" if i < p.window => MISSING,
        "lag" => Expected::Exactly(x[i - p.window]),
        "fill_missing, value" => Expected::Exactly(if x[i].is_nan() { 7.5 } else { x[i] }),
        "fill_missing, forward" => Expected::Exactly(so_far.iter().copied().rfind(|x| !x.is_nan()).unwrap_or(f64::NAN)),
        _ => panic!("no model of {name}"),
    }
}

/// Over all, one of which may be missing; or over those that are there, if there are as many as needed.
fn over(elements: &[f64], needed: Option<usize>, f: &dyn Fn(&[f64]) -> Expected) -> Expected {
    let present: Vec<f64> = elements.iter().copied().filter(|x| !x.is_nan()).collect();
    match needed {
        None if present.len() < elements.len() => MISSING,
        Some(needed) if present.len() < needed.max(1) => MISSING,
        _ => f(&present),
    }
}

/// The infinities' sum, or the exact sum and that of the magnitudes.
fn sums(x: &[f64]) -> Result<(f64, f64), Expected> {
    let (finite, infinite): (Vec<f64>, Vec<f64>) = x.iter().copied().partition(|x| x.is_finite());
    let magnitude: f64 = finite.iter().map(|x| x.abs() / 4.0).sum();
    if magnitude > f64::MAX / 8.0 {
        return Err(Expected::Anything);
    }
    if !infinite.is_empty() {
        return Err(Expected::Near(infinite.iter().sum(), 0.0));
    }
    // Neumaier 1974.
    let (mut sum, mut errors) = (0.0_f64, 0.0);
    for &x in &finite {
        let next = sum + x;
        errors += if sum.abs() < x.abs() { (x - next) + sum } else { (sum - next) + x };
        sum = next;
    }
    Ok((sum + errors, magnitude * 4.0))
}

fn sum(x: &[f64], factor: f64) -> Expected {
    match sums(x) {
        Ok((sum, magnitude)) => Expected::Near(sum, factor * U * magnitude),
        Err(expected) => expected,
    }
}

fn mean(x: &[f64], factor: f64) -> Expected {
    let n = x.len() as f64;
    match sums(x) {
        Ok((sum, magnitude)) => Expected::Near(sum / n, (factor + 1.0) * U * (magnitude / n)),
        Err(expected) => expected,
    }
}

fn variance(x: &[f64], ddof: usize, c: impl Fn(f64) -> f64) -> Expected {
    let n = x.len() as f64;
    if x.len() <= ddof || x.iter().any(|x| x.is_infinite()) {
        return MISSING;
    }
    if x.iter().any(|x| x.abs() > f64::MAX / 4.0) {
        return Expected::Anything;
    }
    if x.iter().all(|&y| y == x[0]) {
        return Expected::Exactly(0.0);
    }
    let mean = x.iter().map(|x| x / n).sum::<f64>();
    let greatest = x.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
    if !(1e-140..1e140).contains(&greatest) {
        return Expected::NotNegative;
    }
    let off = x.iter().map(|x| x - mean).sum::<f64>();
    let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() - off * off / n;
    let condition = (1.0 + mean * mean / (squares / n)).sqrt();
    let c = c(condition);
    let value = squares / (n - ddof as f64);
    Expected::Near(value, value * (c * (1.0 + c) + 4.0 * n * U))
}

fn root(variance: Expected) -> Expected {
    match variance {
        Expected::Near(value, within) if value > 0.0 => {
            Expected::Near(value.sqrt(), value.sqrt() * (within / value + 4.0 * U))
        }
        other => other,
    }
}

fn z_score(x: &[f64], mean: Expected, deviation: Expected) -> Expected {
    match (mean, deviation) {
        (Expected::Near(mean, mean_within), Expected::Near(deviation, within)) if deviation > 0.0 => {
            let z = (x[x.len() - 1] - mean) / deviation;
            let share = within / deviation;
            if share < 0.1 {
                Expected::Near(z, 1.2 * (mean_within / deviation + z.abs() * (share + 4.0 * U)) + 4.0 * U)
            } else {
                Expected::Anything
            }
        }
        (_, Expected::NotNegative | Expected::Anything) => Expected::Anything,
        _ => MISSING,
    }
}

/// Of equals the last.
fn least(x: &[f64]) -> Expected {
    Expected::Exactly(x.iter().fold(f64::INFINITY, |least, &x| if x <= least { x } else { least }))
}

fn greatest(x: &[f64]) -> Expected {
    Expected::Exactly(x.iter().fold(f64::NEG_INFINITY, |most, &x| if x >= most { x } else { most }))
}

fn product(x: &[f64]) -> Expected {
    let of_numbers = x.iter().filter(|x| x.is_finite() && **x != 0.0);
    if of_numbers.map(|x| x.abs().log2().abs()).sum::<f64>() > 1000.0 {
        return Expected::Anything;
    }
    let product: f64 = x.iter().product();
    Expected::Near(product, 2.2 * x.len() as f64 * U * product.abs())
}

/// The bound of an exponentially weighted mean; and what the model itself errs by.
fn weighted(mean: f64, magnitude: f64, alpha: f64) -> Expected {
    let factor = 24.0 + 4.0 / (1.0 - (1.0 - alpha).powi(64)) + 16.0 / alpha;
    Expected::Near(mean, factor * U * magnitude)
}

/// Those that are there; unless infinities or sums beyond all bounds decide.
fn weighable(x: &[f64], alpha: f64, needed: Option<usize>) -> Result<(), Expected> {
    let present = || x.iter().filter(|x| !x.is_nan());
    if present().count() < needed.unwrap_or(1).max(1) {
        return Err(MISSING);
    }
    if present().any(|x| x.is_infinite()) {
        return Err(Expected::NotFinite);
    }
    if present().any(|x| x.abs() > f64::MAX * alpha / 4.0) {
        return Err(Expected::Anything);
    }
    Ok(())
}

/// By the definition: weights by age.
fn adjusted(x: &[f64], alpha: f64, needed: Option<usize>, is_ignoring: bool) -> Expected {
    if let Err(expected) = weighable(x, alpha, needed) {
        return expected;
    }
    // After the last present element all age alike.
    let last = x.iter().rposition(|x| !x.is_nan()).unwrap_or(0);
    let (mut weight, mut sum, mut weights, mut magnitude) = (1.0, 0.0, 0.0, 0.0);
    for &x in x[..=last].iter().rev() {
        if !x.is_nan() {
            sum += weight * x;
            magnitude += weight * x.abs();
            weights += weight;
        }
        if !(x.is_nan() && is_ignoring) {
            weight *= 1.0 - alpha;
        }
    }
    weighted(sum / weights, magnitude / weights, alpha)
}

/// By the definition: what is before weighs a power of the decay against the next element.
fn unadjusted(x: &[f64], alpha: f64, needed: Option<usize>, is_ignoring: bool) -> Expected {
    if let Err(expected) = weighable(x, alpha, needed) {
        return expected;
    }
    let mut state: Option<(f64, f64)> = None;
    let mut weight = 1.0;
    for &x in x {
        if !(x.is_nan() && is_ignoring) {
            weight *= 1.0 - alpha;
        }
        if !x.is_nan() {
            state = Some(state.map_or((x, x.abs()), |(y, magnitude)| {
                let all = weight + alpha;
                ((weight * y + alpha * x) / all, (weight * magnitude + alpha * x.abs()) / all)
            }));
            weight = 1.0;
        }
    }
    let (y, magnitude) = state.unwrap_or((f64::NAN, 0.0));
    weighted(y, magnitude, alpha)
}

fn quantile(x: &[f64], q: f64) -> Expected {
    let mut x = x.to_vec();
    x.sort_by(f64::total_cmp);
    let place = q * (x.len() - 1) as f64;
    let (low, share) = (x[place as usize], place.fract());
    if share == 0.0 {
        return Expected::Near(low, 0.0);
    }
    let high = x[place as usize + 1];
    if low == high {
        return Expected::Near(low, 0.0);
    }
    if !low.is_finite() || !high.is_finite() || high - low > 1e300 {
        return Expected::Anything;
    }
    Expected::Near(low + (high - low) * share, 1e-14 * (low.abs() + high.abs()))
}
