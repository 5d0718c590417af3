//! The kernels of polars, as polars calls them: without its nightly `simd` feature, and always with a fresh output.

use polars_arrow::array::{Array, PrimitiveArray};
use polars_compute::ewm::ewm_mean;
use polars_compute::min_max::MinMaxKernel;
use polars_compute::rolling::no_nulls::{rolling_max, rolling_mean, rolling_quantile, rolling_var};
use polars_compute::rolling::{QuantileMethod, RollingFnParams, RollingQuantileParams};

use super::super::kernel::{Elements, returning};
use super::Ask;
use crate::case::Contender;
use crate::contenders::raw;

pub(super) const NAME: &str = "polars-compute";

type Column = PrimitiveArray<f64>;

/// A column, or a few numbers.
enum Answer {
    Column(Column),
    Numbers(Vec<f64>),
}

pub(super) fn contender(x: &Elements, ask: Ask) -> Contender {
    returning(NAME, x, column, move |x| compute(x, ask), read)
}

/// What is asked, NaN where nothing is answered.
pub(super) fn answer(x: &Column, ask: Ask) -> Vec<f64> {
    read(&compute(x, ask))
}

pub(super) fn column(x: &[f64]) -> Column {
    let mut copy = raw::zeros(x.len());
    copy.copy_from_slice(x);
    Column::from_vec(copy)
}

fn compute(column: &Column, ask: Ask) -> Answer {
    let x = column.values().as_slice();
    let array = match ask {
        Ask::Sum => return Answer::Numbers(vec![polars_compute::float_sum::sum_arr_as_f64(column)]),
        Ask::Variance => return Answer::Numbers(polars_compute::moment::var(column).finalize(1).into_iter().collect()),
        Ask::MinMax => {
            let extremes = column.min_max_ignore_nan_kernel();
            return Answer::Numbers(extremes.into_iter().flat_map(<[f64; 2]>::from).collect());
        }
        Ask::Ewma(alpha) => return Answer::Column(ewm_mean(x.iter().copied().map(Some), alpha, false, 1, true)),
        Ask::Mean(window) => rolling_mean(x, window, window, false, None, None),
        Ask::Std(window) => rolling_var(x, window, window, false, None, None),
        Ask::Max(window) => rolling_max(x, window, window, false, None, None),
        Ask::Median(window) => {
            let median = RollingQuantileParams { prob: 0.5, method: QuantileMethod::Linear };
            rolling_quantile(x, window, window, false, None, Some(RollingFnParams::Quantile(median)))
        }
    };
    let mut column = primitive(array.expect("nothing is weighted"));
    if let Ask::Std(_) = ask {
        let variances = column.get_mut_values().expect("nobody else has them");
        variances.iter_mut().for_each(|x| *x = x.sqrt());
    }
    Answer::Column(column)
}

fn primitive(mut array: Box<dyn Array>) -> Column {
    let column = array.as_any_mut().downcast_mut::<Column>().expect("a column of f64s");
    std::mem::replace(column, Column::from_vec(Vec::new()))
}

fn read(answer: &Answer) -> Vec<f64> {
    match answer {
        Answer::Column(column) => column.iter().map(|x| x.copied().unwrap_or(f64::NAN)).collect(),
        Answer::Numbers(numbers) => numbers.clone(),
    }
}
