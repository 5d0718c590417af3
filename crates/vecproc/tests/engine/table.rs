//! Every operation that gives one result per element, by name.

use lagom_vecproc::*;

/// The parameters that the operations of a table have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) window: usize,
    pub(crate) ddof: usize,
    pub(crate) min_periods: usize,
    pub(crate) alpha: f64,
}

impl Parameters {
    /// With this window, and the others as usual.
    pub(crate) fn of_window(window: usize) -> Self {
        Self { window, ddof: 1, min_periods: window.min(3), alpha: 0.1 }
    }
}

/// Those which move over windows.
const ROLLING: [&str; 18] = [
    "rolling_median",
    "rolling_median, min_periods",
    "rolling_quantile",
    "rolling_quantile, min_periods",
    "rolling_sum",
    "rolling_sum, min_periods",
    "rolling_mean",
    "rolling_mean, min_periods",
    "rolling_variance",
    "rolling_variance, min_periods",
    "rolling_std",
    "rolling_std, min_periods",
    "rolling_min",
    "rolling_min, min_periods",
    "rolling_max",
    "rolling_max, min_periods",
    "rolling_z_score",
    "rolling_z_score, min_periods",
];

/// Those over all elements so far.
const RUNNING: [&str; 27] = [
    "cumulative_sum",
    "cumulative_sum, min_periods",
    "cumulative_product",
    "cumulative_product, min_periods",
    "cumulative_min",
    "cumulative_min, min_periods",
    "cumulative_max",
    "cumulative_max, min_periods",
    "expanding_mean",
    "expanding_mean, min_periods",
    "expanding_variance",
    "expanding_variance, min_periods",
    "expanding_std",
    "expanding_std, min_periods",
    "expanding_min",
    "expanding_min, min_periods",
    "expanding_max",
    "expanding_max, min_periods",
    "ewma",
    "ewma, min_periods",
    "ewma, unadjusted",
    "ewma, unadjusted, min_periods",
    "ewma, ignoring",
    "ewma, ignoring, min_periods",
    "ewma, unadjusted, ignoring",
    "ewma, unadjusted, ignoring, min_periods",
    "chunked_mean",
];

/// Those of one element, and of one some places before.
const ELEMENTWISE: [&str; 10] = [
    "scale",
    "affine",
    "clip",
    "abs",
    "ln",
    "exp",
    "difference",
    "lag",
    "fill_missing, value",
    "fill_missing, forward",
];

/// An operation as a pipeline of its own.
pub(crate) type Row = (&'static str, Pipeline);

pub(crate) fn all(p: Parameters) -> Vec<Row> {
    let names = ROLLING.into_iter().chain(RUNNING).chain(ELEMENTWISE);
    names.map(|name| (name, with(Pipeline::new(), name, p))).collect()
}

pub(crate) fn rolling(p: Parameters) -> Vec<Row> {
    ROLLING.into_iter().map(|name| (name, with(Pipeline::new(), name, p))).collect()
}

/// The pipeline with the operation of that name.
pub(crate) fn with(pipeline: Pipeline, name: &str, p: Parameters) -> Pipeline {
    let Parameters { window, ddof, min_periods, alpha } = p;
    if let Some(operation) = name.strip_suffix(", min_periods") {
        return with(pipeline, operation, p).min_periods(min_periods);
    }
    let (adjusted, unadjusted) = (Ewma::alpha(alpha), Ewma::alpha(alpha).unadjusted());
    match name {
        "rolling_sum" => pipeline.rolling_sum(window),
        "rolling_mean" => pipeline.rolling_mean(window),
        "rolling_variance" => pipeline.rolling_variance(window, ddof),
        "rolling_std" => pipeline.rolling_std(window, ddof),
        "rolling_min" => pipeline.rolling_min(window),
        "rolling_max" => pipeline.rolling_max(window),
        "rolling_median" => pipeline.rolling_median(window),
        "rolling_quantile" => pipeline.rolling_quantile(window, 0.3),
        "rolling_z_score" => pipeline.rolling_z_score(window, ddof),
        "cumulative_sum" => pipeline.cumulative_sum(),
        "cumulative_product" => pipeline.cumulative_product(),
        "cumulative_min" => pipeline.cumulative_min(),
        "cumulative_max" => pipeline.cumulative_max(),
        "expanding_mean" => pipeline.expanding_mean(),
        "expanding_variance" => pipeline.expanding_variance(ddof),
        "expanding_std" => pipeline.expanding_std(ddof),
        "expanding_min" => pipeline.expanding_min(),
        "expanding_max" => pipeline.expanding_max(),
        "ewma" => pipeline.ewma(adjusted),
        "ewma, unadjusted" => pipeline.ewma(unadjusted),
        "ewma, ignoring" => pipeline.ewma(adjusted.ignoring_missing()),
        "ewma, unadjusted, ignoring" => pipeline.ewma(unadjusted.ignoring_missing()),
        "chunked_mean" => pipeline.chunked_mean(window),
        "scale" => pipeline.scale(1.1),
        "affine" => pipeline.affine(-0.3, 3.7),
        "clip" => pipeline.clip(-1.5, 40.0),
        "abs" => pipeline.abs(),
        "ln" => pipeline.ln(),
        "exp" => pipeline.exp(),
        "difference" => pipeline.difference(window),
        "lag" => pipeline.lag(window),
        "fill_missing, value" => pipeline.fill_missing(Fill::Value(7.5)),
        "fill_missing, forward" => pipeline.fill_missing(Fill::Forward),
        _ => panic!("no operation {name}"),
    }
}
