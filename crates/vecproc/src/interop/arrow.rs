//! Columns of the arrow-array crate as input.

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, PrimitiveArray};

use crate::element::Element;
use crate::input::Input;
use crate::input::sealed::Sealed;

impl<T: ArrowPrimitiveType> Sealed for &PrimitiveArray<T> {}

/// A null is a missing value, NaN; nothing is copied.
///
/// ```
/// use arrow_array::Float64Array;
/// use lagom_vecproc::{Pipeline, sum};
///
/// let column = Float64Array::from(vec![Some(1.0), None, Some(3.0)]);
/// let sums = Pipeline::new().cumulative_sum().skip_missing().process_batch_to_vec(&column)?;
/// assert!(sums[1].is_nan());
/// assert_eq!(sums[2], 4.0);
/// # Ok::<(), lagom_vecproc::ParameterError>(())
/// ```
impl<T: ArrowPrimitiveType<Native: Element>> Input for &PrimitiveArray<T> {
    type Element = T::Native;

    fn count(self) -> usize {
        self.len()
    }

    fn contiguous<'a>(self) -> Option<&'a [f64]>
    where
        Self: 'a,
    {
        if self.null_count() == 0 { T::Native::as_f64s(self.values()) } else { None }
    }

    fn read(self, start: usize, to: &mut [f64]) {
        for (i, (to, &from)) in to.iter_mut().zip(&self.values()[start..]).enumerate() {
            *to = if self.is_null(start + i) { f64::NAN } else { T::Native::widen(from) };
        }
    }
}
