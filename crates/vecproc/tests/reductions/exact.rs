//! Two exact references for sums, with nothing in common: a long integer, and an expansion of doubles.
#![allow(dead_code, reason = "each test binary uses its own part")]

/// Half a unit in the last place of 1.
pub(crate) const U: f64 = f64::EPSILON / 2.0;

/// A sum as one long integer in units of 2^-1074 (Kulisch).
#[derive(Clone)]
pub(crate) struct LongInteger {
    /// 32 bits each, least first, carries left where they fell until `to_f64`.
    limbs: [i64; 72],
}

impl LongInteger {
    pub(crate) fn new() -> Self {
        Self { limbs: [0; 72] }
    }

    /// Adds `x * factor`; the factor below 2^40.
    pub(crate) fn add(&mut self, x: f64, factor: u64) {
        assert!(x.is_finite() && factor < 1 << 40);
        let bits = x.to_bits();
        let exponent = (bits >> 52) & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        let (significand, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let mut product = (u128::from(significand) * u128::from(factor)) << (shift % 32);
        let mut limb = (shift / 32) as usize;
        while product != 0 {
            let part = (product & 0xffff_ffff) as i64;
            self.limbs[limb] += if x.is_sign_negative() { -part } else { part };
            product >>= 32;
            limb += 1;
        }
    }

    /// The value, to within a few units in the last place.
    pub(crate) fn to_f64(&self) -> f64 {
        let mut limbs = self.limbs;
        let carry = |limbs: &mut [i64; 72]| {
            for i in 0..71 {
                limbs[i + 1] += limbs[i] >> 32;
                limbs[i] &= 0xffff_ffff;
            }
        };
        carry(&mut limbs);
        let negative = limbs[71] < 0;
        if negative {
            limbs = limbs.map(|limb| -limb);
            carry(&mut limbs);
        }
        let Some(top) = limbs.iter().rposition(|&limb| limb != 0) else { return 0.0 };
        let start = top.saturating_sub(2);
        let leading = (start..=top).rev().fold(0.0, |sum, i| sum * 4_294_967_296.0 + limbs[i] as f64);
        let mut value = leading;
        let mut power = 32 * start as i32 - 1074;
        while power != 0 {
            let step = power.clamp(-1000, 1000);
            value *= 2.0_f64.powi(step);
            power -= step;
        }
        if negative { -value } else { value }
    }
}

/// A sum as doubles that do not overlap (Shewchuk 1997).
#[derive(Clone, Default)]
pub(crate) struct Expansion {
    parts: Vec<f64>,
}

impl Expansion {
    pub(crate) fn add(&mut self, x: f64) {
        let mut sum = x;
        let mut kept = 0;
        for i in 0..self.parts.len() {
            let (mut large, mut small) = (sum, self.parts[i]);
            if large.abs() < small.abs() {
                (large, small) = (small, large);
            }
            sum = large + small;
            let error = small - (sum - large);
            if error != 0.0 {
                self.parts[kept] = error;
                kept += 1;
            }
        }
        self.parts.truncate(kept);
        self.parts.push(sum);
    }

    /// Adds `x * factor`.
    pub(crate) fn add_product(&mut self, x: f64, factor: f64) {
        let product = x * factor;
        self.add(x.mul_add(factor, -product));
        self.add(product);
    }

    pub(crate) fn to_f64(&self) -> f64 {
        self.parts.iter().sum()
    }
}

/// The exact sum of some elements, twice.
#[derive(Clone)]
pub(crate) struct ExactSum {
    integer: LongInteger,
    expansion: Expansion,
    magnitudes: f64,
    count: u64,
}

impl ExactSum {
    pub(crate) fn new() -> Self {
        Self { integer: LongInteger::new(), expansion: Expansion::default(), magnitudes: 0.0, count: 0 }
    }

    pub(crate) fn of(x: &[f64]) -> Self {
        let mut sum = Self::new();
        x.iter().for_each(|&x| sum.add(x));
        sum
    }

    pub(crate) fn add(&mut self, x: f64) {
        self.integer.add(x, 1);
        self.expansion.add(x);
        self.magnitudes += x.abs();
        self.count += 1;
    }

    /// Asserts that `sum` is within the promise, `u |sum| + 24 (n + 40) u² Σ|x|`.
    pub(crate) fn assert_sum(&self, sum: f64, what: &str) {
        self.assert_share(sum, 1, what);
    }

    /// Asserts that `mean` is within the promise, `u |mean| + 24 (n + 40) u² mean|x|`.
    pub(crate) fn assert_mean(&self, mean: f64, what: &str) {
        self.assert_share(mean, self.count, what);
    }

    fn assert_share(&self, share: f64, of: u64, what: &str) {
        assert!(share.is_finite(), "{what}: {share}");
        let mut integer = self.integer.clone();
        integer.add(-share, of);
        let mut expansion = self.expansion.clone();
        expansion.add_product(-share, of as f64);
        let (error, other) = (integer.to_f64(), expansion.to_f64());
        // The product in the expansion is exact only where it does not underflow.
        let slack = self.count as f64 * f64::from_bits(1);
        assert!((error - other).abs() <= 1e-9 * error.abs() + slack, "{what}: references differ: {error:e}, {other:e}");
        let exact = self.integer.to_f64();
        let bound = U * exact.abs() + 24.0 * (self.count as f64 + 40.0) * U * U * self.magnitudes;
        assert!(
            error.abs() <= bound * (1.0 + 1e-9) + slack,
            "{what}: {share:e} of {exact:e} is off by {:e}, bound {:e}",
            error.abs() / of as f64,
            bound / of as f64
        );
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn bits(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Inputs that have broken sums before, by name.
pub(crate) fn families(n: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut noise = Noise(7);
    let mut family =
        |name, f: &dyn Fn(usize, &mut Noise) -> f64| (name, (0..n).map(|i| f(i, &mut noise)).collect::<Vec<_>>());
    vec![
        family("around 100", &|_, r| 99.0 + r.unit() + r.unit()),
        family("0.1", &|_, _| 0.1),
        family("mixed signs", &|_, r| r.unit() - 0.5),
        family("offset 1e10", &|_, r| 1e10 + r.unit()),
        family("spikes", &|i, r| if i % 97 == 13 { 1e12 } else { r.unit() }),
        family("spikes that cancel", &|i, r| if i % 7 == 3 { 1e16 * [1.0, -1.0][i / 7 % 2] } else { r.unit() }),
        family("1e300 beside 1", &|i, r| if i % 41 == 40 { 1e300 } else { r.unit() }),
        family("all magnitudes", &|_, r| (r.unit() - 0.5) * 10.0_f64.powf(r.unit() * 60.0 - 30.0)),
        family("denormals", &|_, r| f64::from_bits(r.bits() >> 14) * [1.0, -1.0][(r.bits() & 1) as usize]),
        family("alternating", &|i, _| [1e8 + 0.1, -1e8][i % 2]),
        family("falling", &|i, r| (1.0 + r.unit()) * 0.98_f64.powi(i as i32)),
        family("rising", &|i, r| (1.0 + r.unit()) * 1.05_f64.powi(i as i32)),
    ]
}
