//! Every instruction set against the portable one, operation by operation, to the last bit.

use super::*;

const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    f64::MAX,
    f64::MIN,
    1e10,
    -3.25,
    0.1,
    1e-300,
];

/// Every operation on one pair of vectors.
struct All {
    a: Group,
    b: Group,
}

impl Kernel for All {
    type Output = Vec<Group>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<Group> {
        let (a, b) = (V::load(&self.a), V::load(&self.b));
        let (one, none) = (V::splat(1.0), V::splat(0.0));
        let results = vec![
            a.add(b),
            a.sub(b),
            a.mul(b),
            a.div(b),
            a.sqrt(),
            a.abs(),
            a.min(b),
            a.max(b),
            a.min_or_nan(b),
            a.max_or_nan(b),
            V::select(a.lt(b), one, none),
            V::select(a.eq(b), one, none),
            V::select(a.is_nan(), one, none),
            V::splat(if V::any(a.lt(b)) { 1.0 } else { 0.0 }),
            a.up::<1>(b),
            a.up::<2>(b),
            a.up::<4>(b),
            a.last(),
            V::splat(self.a[3]),
            V::splat(a.first()),
            a.after::<1>(b),
            a.after::<2>(b),
            a.after::<4>(b),
            V::select(V::either(a.lt(b), b.is_nan()), one, none),
            V::select(a.unordered(b), one, none),
            a.down(b),
            a.add_beside(b, V::hidden_one()),
            a.sub_beside(b, V::hidden_one()),
        ];
        let store = |x: V| {
            let mut to = [0.0; LANES];
            x.store(&mut to);
            to
        };
        results.into_iter().map(store).collect()
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for shift in 0..SPECIAL.len() {
        for step in [1, 3, 5, 7] {
            let a = std::array::from_fn(|i| SPECIAL[i * step % SPECIAL.len()]);
            let b = std::array::from_fn(|i| SPECIAL[(i + shift) % SPECIAL.len()]);
            let expected = dispatch_to(Isa::Portable, All { a, b });
            for isa in Isa::all() {
                for (operation, (expected, result)) in expected.iter().zip(dispatch_to(isa, All { a, b })).enumerate() {
                    for (expected, result) in expected.iter().zip(result) {
                        let same = expected.to_bits() == result.to_bits() || expected.is_nan() && result.is_nan();
                        assert!(same, "{isa:?}, operation {operation} on {a:?} and {b:?}: {result}, not {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn lanes_move_as_they_should() {
    let a = std::array::from_fn(|i| i as f64);
    let b = std::array::from_fn(|i| 10.0 + i as f64);
    let all = dispatch_to(Isa::Portable, All { a, b });
    assert_eq!(all[14], [10.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(all[15], [10.0, 11.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(all[16], [10.0, 11.0, 12.0, 13.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(all[17], [7.0; LANES]);
    assert_eq!(all[19], [0.0; LANES]);
    assert_eq!(all[20], [17.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(all[21], [16.0, 17.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(all[22], [14.0, 15.0, 16.0, 17.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(all[25], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0]);
    assert_eq!((all[26], all[27]), (all[0], all[1]));
}

#[test]
fn the_portable_way_is_always_there_and_last() {
    let all = Isa::all();
    assert_eq!(all.last(), Some(&Isa::Portable));
    assert!(all.contains(&Isa::best()));
    assert!(all.iter().all(|isa| !isa.name().is_empty()));
}
