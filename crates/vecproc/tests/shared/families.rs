//! Inputs that have broken such operations before.

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

pub(crate) type Family = (&'static str, Vec<f64>);

/// Elements that are all numbers, of both signs.
pub(crate) fn families(n: usize) -> Vec<Family> {
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
        family("steps", &|i, _| (i / 10) as f64 * 0.3),
    ]
}
