//! What every running operation that is associative does alike.

/// Eight rows run along by themselves, and what each row's predecessors in the block came to: `(rows, before, all)`.
///
/// `$none` is what changes nothing. An operation is applied to what is before and what is after, in that order.
macro_rules! run_along {
    ($rows:ident, $none:expr, $of:ident) => {{
        let none = $none;
        let mut rows = $rows;
        for row in &mut rows {
            *row = row.up::<1>(none).$of(*row);
            *row = row.up::<2>(none).$of(*row);
            *row = row.up::<4>(none).$of(*row);
        }
        let ends = [
            rows[0].last(),
            rows[1].last(),
            rows[2].last(),
            rows[3].last(),
            rows[4].last(),
            rows[5].last(),
            rows[6].last(),
            rows[7].last(),
        ];
        let (to1, to3) = (ends[0].$of(ends[1]), ends[2].$of(ends[3]));
        let (to5, to7) = (ends[4].$of(ends[5]), ends[6].$of(ends[7]));
        let (to3, to7) = (to1.$of(to3), to5.$of(to7));
        let to5 = to3.$of(to5);
        let before = [none, ends[0], to1, to1.$of(ends[2]), to3, to3.$of(ends[4]), to5, to5.$of(ends[6])];
        (rows, before, to3.$of(to7))
    }};
}

pub(super) use run_along;
