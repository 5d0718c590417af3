//! Two exact references, with nothing in common: sums in a long integer of our own, and integers of the crate num-bigint.

use num_bigint::{BigInt, BigUint};

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
        let value = scaled(leading, 32 * start as i32 - 1074);
        if negative { -value } else { value }
    }
}

/// A double in units of 2^-1074, of which all are multiples.
pub(crate) fn units(x: f64) -> BigInt {
    assert!(x.is_finite());
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    let magnitude =
        if exponent == 0 { BigUint::from(fraction) } else { BigUint::from(fraction | 1 << 52) << (exponent - 1) };
    if x.is_sign_negative() { -BigInt::from(magnitude) } else { BigInt::from(magnitude) }
}

pub(crate) fn magnitude(x: &BigInt) -> BigInt {
    BigInt::from(x.magnitude().clone())
}

/// `|a| / |b|`, to within a few units in the last place.
pub(crate) fn ratio(a: &BigInt, b: &BigInt) -> f64 {
    let leading = |x: &BigInt| {
        let shift = x.bits().saturating_sub(64);
        let leading: BigUint = x.magnitude() >> shift;
        (leading.iter_u64_digits().next().unwrap_or(0) as f64, shift as i32)
    };
    let ((a, a_shift), (b, b_shift)) = (leading(a), leading(b));
    scaled(a / b, a_shift - b_shift)
}

/// `x * 2^power`.
fn scaled(mut x: f64, mut power: i32) -> f64 {
    while power != 0 {
        let step = power.clamp(-1000, 1000);
        x *= 2.0_f64.powi(step);
        power -= step;
    }
    x
}

/// How far `ours` is from the share that one of `count` has in `sum`, in units of its last place.
pub(crate) fn ulps(ours: f64, sum: &LongInteger, count: u64) -> f64 {
    let mut error = sum.clone();
    error.add(-ours, count);
    let share = sum.to_f64() / count as f64;
    let exponent = ((share.to_bits() >> 52) & 0x7ff).max(1) as i32;
    scaled(error.to_f64().abs(), 1075 - exponent) / count as f64
}

/// The integer and the power of two that a double is made of.
pub(crate) fn parts(x: f64) -> (BigInt, i64) {
    let exponent = ((x.to_bits() >> 52) & 0x7ff).max(1) as i64;
    (units(x) >> (exponent - 1), exponent - 1075)
}

/// Sums of doubles, of their magnitudes and squares, from which elements can be taken again.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) count: u64,
    pub(crate) sum: BigInt,
    pub(crate) magnitudes: BigInt,
    pub(crate) squares: BigInt,
}

impl Sums {
    pub(crate) fn add(&mut self, x: f64) {
        let x = units(x);
        self.count += 1;
        self.magnitudes += magnitude(&x);
        self.squares += &x * &x;
        self.sum += x;
    }

    pub(crate) fn remove(&mut self, x: f64) {
        let x = units(x);
        self.count -= 1;
        self.magnitudes -= magnitude(&x);
        self.squares -= &x * &x;
        self.sum -= x;
    }
}
