//! Views of ndarray's, in all layouts.

use ndarray::{Array1, Array2, ArrayView1, s};

use crate::bits::assert_same;
use crate::inputs::with_special;
use crate::table::{self, Parameters};

#[track_caller]
fn same(view: ArrayView1<'_, f64>, layout: &str) {
    let copy = view.to_vec();
    for (name, pipeline) in table::all(Parameters::of_window(6)) {
        let expected = pipeline.process_batch_to_vec(&copy).unwrap();
        assert_same(&pipeline.process_batch_to_vec(view).unwrap(), &expected, &format!("{name} of {layout}"));
    }
}

#[test]
fn of_every_layout() {
    let x = Array1::from(with_special(4200, 61));
    same(x.view(), "a vector");
    same(x.slice(s![..0]), "nothing");
    same(x.slice(s![..;-1]), "a vector back to front");
    same(x.slice(s![7..3000;3]), "every third");
    same(x.slice(s![..2100;-2]), "every second, back to front");
    let rows = Array2::from_shape_vec((1400, 3), with_special(4200, 62)).unwrap();
    same(rows.column(2), "a column");
    same(rows.row(5), "a row");
    same(rows.t().row(1), "a row of the transposed");
    let one = ndarray::arr0(1.5);
    same(one.broadcast(100).unwrap(), "one element again and again");
}
