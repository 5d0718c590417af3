//! What a pipeline is made of, and what each step becomes when it is run.

use crate::error::ParameterError;
use crate::ewma::Ewma;
use crate::missing::Fill;
use crate::quantile_window::RollingQuantile;
use crate::scan::{self, Running};
use crate::stage::{
    Abs, Adjusted, Affine, AtMissing, Chunked, Clip, Each, FillForward, FillValue, Scale, Shift, Skipping, Stage,
    Unadjusted,
};
use crate::window::{self, Kind, Moments, PresentExtreme, PresentMoments, PresentSum, Spread, Window};

/// One operation, with what becomes of missing values.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Step {
    pub(crate) operation: Operation,
    /// Present elements that a result needs, the missing ones being left out; `None`: nothing is left out.
    pub(crate) min_periods: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Operation {
    CumulativeSum,
    CumulativeProduct,
    CumulativeMin,
    CumulativeMax,
    ExpandingMean,
    ExpandingVariance { ddof: usize },
    ExpandingStd { ddof: usize },
    ExpandingMin,
    ExpandingMax,
    ChunkedMean { n: usize },
    RollingSum { window: usize },
    RollingMean { window: usize },
    RollingVariance { window: usize, ddof: usize },
    RollingStd { window: usize, ddof: usize },
    RollingMin { window: usize },
    RollingMax { window: usize },
    RollingQuantile { window: usize, q: f64 },
    RollingZScore { window: usize, ddof: usize },
    Ewma(Ewma),
    Scale { factor: f64 },
    Affine { scale: f64, offset: f64 },
    Clip { low: f64, high: f64 },
    Abs,
    Ln,
    Exp,
    Difference { lag: usize },
    Lag { by: usize },
    FillMissing(Fill),
}

/// Whether there is memory for so many doubles, as far as the system tells.
fn has_room(doubles: usize) -> bool {
    Vec::<f64>::new().try_reserve_exact(doubles).is_ok()
}

/// Elements to look back at, at most.
const LONGEST: usize = (1_u64 << if usize::BITS < 64 { 28 } else { 40 }) as usize;

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        Self { operation, min_periods: None }
    }
}

impl Operation {
    /// Its name in the documentation.
    fn name(self) -> &'static str {
        match self {
            Self::CumulativeSum => "cumulative_sum",
            Self::CumulativeProduct => "cumulative_product",
            Self::CumulativeMin => "cumulative_min",
            Self::CumulativeMax => "cumulative_max",
            Self::ExpandingMean => "expanding_mean",
            Self::ExpandingVariance { .. } => "expanding_variance",
            Self::ExpandingStd { .. } => "expanding_std",
            Self::ExpandingMin => "expanding_min",
            Self::ExpandingMax => "expanding_max",
            Self::ChunkedMean { .. } => "chunked_mean",
            Self::RollingSum { .. } => "rolling_sum",
            Self::RollingMean { .. } => "rolling_mean",
            Self::RollingVariance { .. } => "rolling_variance",
            Self::RollingStd { .. } => "rolling_std",
            Self::RollingMin { .. } => "rolling_min",
            Self::RollingMax { .. } => "rolling_max",
            Self::RollingQuantile { .. } => "rolling_quantile",
            Self::RollingZScore { .. } => "rolling_z_score",
            Self::Ewma(_) => "ewma",
            Self::Scale { .. } => "scale",
            Self::Affine { .. } => "affine",
            Self::Clip { .. } => "clip",
            Self::Abs => "abs",
            Self::Ln => "ln",
            Self::Exp => "exp",
            Self::Difference { .. } => "difference",
            Self::Lag { .. } => "lag",
            Self::FillMissing(_) => "fill_missing",
        }
    }

    /// Elements that a result may depend on: the last so many; `None`: all.
    pub(crate) fn reach(self) -> Option<usize> {
        match self {
            Self::RollingSum { window }
            | Self::RollingMean { window }
            | Self::RollingVariance { window, .. }
            | Self::RollingStd { window, .. }
            | Self::RollingMin { window }
            | Self::RollingMax { window }
            | Self::RollingQuantile { window, .. }
            | Self::RollingZScore { window, .. } => Some(window),
            Self::Difference { lag: by } | Self::Lag { by } => Some(by.saturating_add(1)),
            Self::Scale { .. } | Self::Affine { .. } | Self::Clip { .. } | Self::Abs | Self::Ln | Self::Exp => Some(1),
            Self::FillMissing(Fill::Value(_)) => Some(1),
            _ => None,
        }
    }

    /// Elements for which room is made at the beginning.
    pub(crate) fn kept(self) -> usize {
        match self {
            Self::RollingQuantile { .. } => 0,
            _ => self.reach().unwrap_or(0),
        }
    }
}

impl Step {
    /// The operation at its beginning, for so many elements if that is known.
    pub(crate) fn start(&self, len: Option<usize>) -> Result<Box<dyn Stage>, ParameterError> {
        let name = self.operation.name();
        let needed = self.min_periods;
        Ok(match self.operation {
            Operation::CumulativeSum => self.running(scan::Sum::new(), AtMissing::Missing),
            Operation::CumulativeProduct => self.running(scan::Product::new(), AtMissing::Missing),
            Operation::CumulativeMin => self.running(scan::Minimum::new(), AtMissing::Missing),
            Operation::CumulativeMax => self.running(scan::Maximum::new(), AtMissing::Missing),
            Operation::ExpandingMean => self.running(scan::Mean::new(), AtMissing::Before),
            Operation::ExpandingVariance { ddof } => self.running(scan::Variance::new(ddof, false), AtMissing::Before),
            Operation::ExpandingStd { ddof } => self.running(scan::Variance::new(ddof, true), AtMissing::Before),
            Operation::ExpandingMin => self.running(scan::Minimum::new(), AtMissing::Before),
            Operation::ExpandingMax => self.running(scan::Maximum::new(), AtMissing::Before),
            Operation::ChunkedMean { n } => {
                self.needs_all(name)?;
                Box::new(Chunked::new(ParameterError::at_least_one(name, "n", n)?))
            }
            Operation::RollingSum { mut window } => match self.window(name, &mut window, len)? {
                Some(needed) => Box::new(Window::new(PresentSum::new(Kind::Sum, needed), window)),
                None => Box::new(Window::new(window::Sum, window)),
            },
            Operation::RollingMean { mut window } => match self.window(name, &mut window, len)? {
                Some(needed) => Box::new(Window::new(PresentSum::new(Kind::Mean, needed), window)),
                None => Box::new(Window::new(window::Mean, window)),
            },
            Operation::RollingMin { mut window } => match self.window(name, &mut window, len)? {
                Some(needed) => Box::new(Window::new(PresentExtreme::new(false, needed), window)),
                None => Box::new(Window::new(window::Minimum, window)),
            },
            Operation::RollingMax { mut window } => match self.window(name, &mut window, len)? {
                Some(needed) => Box::new(Window::new(PresentExtreme::new(true, needed), window)),
                None => Box::new(Window::new(window::Maximum, window)),
            },
            Operation::RollingVariance { window, ddof } => self.moments(name, Spread::Variance, window, ddof, len)?,
            Operation::RollingStd { window, ddof } => {
                self.moments(name, Spread::StandardDeviation, window, ddof, len)?
            }
            Operation::RollingZScore { window, ddof } => self.moments(name, Spread::ZScore, window, ddof, len)?,
            Operation::RollingQuantile { mut window, q } => {
                let needed = self.window(name, &mut window, len)?;
                ParameterError::check(name, "q", q, (0.0..=1.0).contains(&q), "between 0 and 1")?;
                // Ranks are kept in 32 bits.
                ParameterError::check(name, "window", window as f64, window <= 1 << 30, "at most 2^30")?;
                Box::new(RollingQuantile::new(window, q, needed))
            }
            Operation::Ewma(ewma) => {
                let alpha = ewma.weight(name)?;
                let needed_here = needed.unwrap_or(1).max(1);
                match (ewma.is_adjusted(), ewma.ignores_missing()) {
                    (true, false) => Box::new(Adjusted::new(alpha, needed_here)),
                    (false, false) => Box::new(Unadjusted::new(alpha, needed_here)),
                    (true, true) => Box::new(Skipping::new(Adjusted::new(alpha, 1), AtMissing::Before, needed_here)),
                    (false, true) => Box::new(Skipping::new(Unadjusted::new(alpha, 1), AtMissing::Before, needed_here)),
                }
            }
            Operation::Clip { low, high } => {
                self.needs_all(name)?;
                // A bound that is NaN bounds nothing.
                let is_right = low <= high || low.is_nan() || high.is_nan();
                ParameterError::check(name, "low", low, is_right, "at most `high`")?;
                Box::new(Clip { low, high })
            }
            Operation::Scale { factor } => self.alone(name, Scale(factor))?,
            Operation::Affine { scale, offset } => self.alone(name, Affine { scale, offset })?,
            Operation::Abs => self.alone(name, Abs)?,
            Operation::Ln => self.alone(name, Each(f64::ln))?,
            Operation::Exp => self.alone(name, Each(f64::exp))?,
            Operation::Difference { lag } => self.alone(name, Shift::new(self.shift(name, "lag", lag, len)?, true))?,
            Operation::Lag { by } => self.alone(name, Shift::new(self.shift(name, "by", by, len)?, false))?,
            Operation::FillMissing(Fill::Value(value)) => self.alone(name, FillValue(value))?,
            Operation::FillMissing(Fill::Forward) => self.alone(name, FillForward::new())?,
        })
    }

    /// Of a step that is a multiplication.
    pub(crate) fn factor(&self) -> Option<f64> {
        match self.operation {
            Operation::Scale { factor } => Some(factor),
            _ => None,
        }
    }

    fn running<S>(&self, scan: S, at_missing: AtMissing) -> Box<dyn Stage>
    where
        S: scan::Scan + std::fmt::Debug + Send + Sync + 'static,
    {
        match self.min_periods {
            None => Box::new(Running::new(scan)),
            Some(needed) => Box::new(Skipping::new(Running::new(scan), at_missing, needed.max(1))),
        }
    }

    fn moments(
        &self,
        name: &'static str,
        spread: Spread,
        mut window: usize,
        ddof: usize,
        len: Option<usize>,
    ) -> Result<Box<dyn Stage>, ParameterError> {
        Ok(match self.window(name, &mut window, len)? {
            Some(needed) => Box::new(Window::new(PresentMoments::new(spread, ddof, needed), window)),
            None => Box::new(Window::new(Moments::new(spread, window, ddof), window)),
        })
    }

    /// Present elements that a window needs. Makes a window that is much longer than what there is shorter, to one that
    /// gives the same.
    fn window(
        &self,
        name: &'static str,
        window: &mut usize,
        len: Option<usize>,
    ) -> Result<Option<usize>, ParameterError> {
        ParameterError::at_least_one(name, "window", *window)?;
        if let Some(needed) = self.min_periods {
            ParameterError::check(name, "min_periods", needed as f64, needed <= *window, "at most the window")?;
        }
        if let Some(len) = len {
            // A power of two, of which what there is fills less than a half: it is all in the latest power of both.
            *window = (*window).min(len.saturating_mul(2).checked_next_power_of_two().unwrap_or(usize::MAX));
        }
        // Rings of up to three numbers for each element, of powers and of parts.
        let has_room = *window <= LONGEST && has_room(window.saturating_mul(6));
        ParameterError::check(name, "window", *window as f64, has_room, "no more than there is memory for")?;
        Ok(self.min_periods)
    }

    /// How far back to look, for so many elements.
    fn shift(
        &self,
        name: &'static str,
        parameter: &'static str,
        by: usize,
        len: Option<usize>,
    ) -> Result<usize, ParameterError> {
        let by = by.min(len.map_or(usize::MAX, |len| len.max(1)));
        let has_room = by <= LONGEST && has_room(by);
        ParameterError::check(name, parameter, by as f64, has_room, "no more than there is memory for")?;
        Ok(by)
    }

    fn alone(&self, name: &'static str, stage: impl Stage + 'static) -> Result<Box<dyn Stage>, ParameterError> {
        self.needs_all(name)?;
        Ok(Box::new(stage))
    }

    /// For operations that have no use for `min_periods`.
    fn needs_all(&self, name: &'static str) -> Result<(), ParameterError> {
        let needed = self.min_periods.unwrap_or(0) as f64;
        ParameterError::check(name, "min_periods", needed, self.min_periods.is_none(), "not to be set")
    }
}
