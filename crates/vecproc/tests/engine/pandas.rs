//! Missing values as pandas users know them.

use lagom_vecproc::Pipeline;

use crate::pandas_tables::ROWS;

#[test]
fn gives_what_pandas_gives() {
    let mut wrong = String::new();
    for (row, (x, operation, expected)) in ROWS.iter().enumerate() {
        let pipeline = operation(Pipeline::new());
        let ours = pipeline.process_batch_to_vec(x).unwrap();
        let is_near = |(ours, theirs): (&f64, &f64)| {
            // Ours is the more exact; theirs is not good to the last bit.
            ours.is_nan() && theirs.is_nan() || (ours - theirs).abs() <= 1e-13 * theirs.abs().max(0.1)
        };
        if !ours.iter().zip(expected).all(is_near) {
            wrong += &format!("\nrow {row}, {pipeline:?} of {x:?}:\n     {ours:?},\nnot  {expected:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
