//! Operations of `lagom_vecproc` as window functions of SQL.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use lagom_vecproc::{Ewma, Pipeline};

/// What a function does with its number, where it takes one.
type Describe = fn(f64) -> Result<Pipeline>;

/// Name, whether it takes a number, and what it does.
const FUNCTIONS: [(&str, bool, Describe); 9] = [
    ("lagom_expanding_mean", false, |_| Ok(Pipeline::new().expanding_mean().skip_missing())),
    ("lagom_expanding_std", false, |_| Ok(Pipeline::new().expanding_std(1).skip_missing())),
    ("lagom_rolling_sum", true, |n| Ok(Pipeline::new().rolling_sum(rows(n)?).skip_missing())),
    ("lagom_rolling_mean", true, |n| Ok(Pipeline::new().rolling_mean(rows(n)?).skip_missing())),
    ("lagom_rolling_std", true, |n| Ok(Pipeline::new().rolling_std(rows(n)?, 1).skip_missing())),
    ("lagom_rolling_min", true, |n| Ok(Pipeline::new().rolling_min(rows(n)?).skip_missing())),
    ("lagom_rolling_max", true, |n| Ok(Pipeline::new().rolling_max(rows(n)?).skip_missing())),
    ("lagom_rolling_median", true, |n| Ok(Pipeline::new().rolling_median(rows(n)?).skip_missing())),
    ("lagom_ewma", true, |span| Ok(Pipeline::new().ewma(Ewma::span(span)))),
];

/// A number of rows.
fn rows(n: f64) -> Result<usize> {
    if n.fract() == 0.0 && (0.0..=1e15).contains(&n) {
        Ok(n as usize)
    } else {
        exec_err!("a window of {n} rows, expected a whole number of at least 1")
    }
}

/// Makes the functions known. Each is over the rows so far of its partition, in its order, as many as its second
/// argument says; NULL and NaN are left out, and a result of nothing is NULL. The window's frame has no part in it.
pub fn register(context: &SessionContext) {
    for (name, takes_number, describe) in FUNCTIONS {
        context.register_udwf(WindowUDF::from(Function::new(name, takes_number, describe)));
    }
}

#[derive(Debug)]
struct Function {
    name: &'static str,
    signature: Signature,
    describe: Describe,
}

impl Function {
    fn new(name: &'static str, takes_number: bool, describe: Describe) -> Self {
        let arguments = vec![DataType::Float64; if takes_number { 2 } else { 1 }];
        Self { name, signature: Signature::exact(arguments, Volatility::Immutable), describe }
    }
}

/// Each has a name of its own.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl WindowUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs<'_>) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator { name: self.name, describe: self.describe }))
    }

    fn field(&self, arguments: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(arguments.name(), DataType::Float64, true)))
    }

    fn limit_effect(&self, _: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        // A row's result needs only those before it.
        LimitEffect::None
    }
}

#[derive(Debug)]
struct Evaluator {
    name: &'static str,
    describe: Describe,
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let Some(x) = values.first().and_then(|x| x.as_primitive_opt::<Float64Type>()) else {
            return exec_err!("{}: the first argument is no column of doubles", self.name);
        };
        let number = match values.get(1).and_then(|n| n.as_primitive_opt::<Float64Type>()) {
            Some(numbers) if !numbers.is_empty() => {
                let first = numbers.is_valid(0).then(|| numbers.value(0));
                if numbers.iter().any(|number| number != first) {
                    return exec_err!("{}: the second argument differs from row to row", self.name);
                }
                let Some(first) = first else { return exec_err!("{}: the second argument is NULL", self.name) };
                first
            }
            _ => 0.0,
        };
        let x: Vec<f64> = x.iter().map(|x| x.unwrap_or(f64::NAN)).collect();
        let mut out = vec![0.0; rows];
        let pipeline = (self.describe)(number)?;
        pipeline.process_batch(&x, &mut out).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let results: Float64Array = out.into_iter().map(|y| (!y.is_nan()).then_some(y)).collect();
        Ok(Arc::new(results))
    }
}
