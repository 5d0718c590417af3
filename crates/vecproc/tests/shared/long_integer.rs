//! Sums without an error.

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

/// `x * 2^power`.
pub(crate) fn scaled(mut x: f64, mut power: i32) -> f64 {
    while power != 0 {
        let step = power.clamp(-1000, 1000);
        x *= 2.0_f64.powi(step);
        power -= step;
    }
    x
}
