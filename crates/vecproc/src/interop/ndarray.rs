//! One-dimensional arrays of the ndarray crate as input.

use ndarray::{ArrayView1, Axis, Slice};

use crate::element::Element;
use crate::input::Input;
use crate::input::sealed::Sealed;

impl<T> Sealed for ArrayView1<'_, T> {}

/// Contiguous or not, such as a column of a matrix; nothing is copied.
///
/// ```
/// use lagom_vecproc::expanding_mean;
/// use ndarray::array;
///
/// let rows = array![[1.0, 10.0], [3.0, 20.0]];
/// let mut out = [0.0; 2];
/// expanding_mean(rows.column(1), &mut out)?;
/// assert_eq!(out, [10.0, 15.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
impl<T: Element> Input for ArrayView1<'_, T> {
    type Element = T;

    fn count(self) -> usize {
        self.len()
    }

    fn contiguous<'a>(self) -> Option<&'a [f64]>
    where
        Self: 'a,
    {
        self.to_slice().and_then(T::as_f64s)
    }

    fn read(self, start: usize, to: &mut [f64]) {
        for (to, &from) in to.iter_mut().zip(self.slice_axis(Axis(0), Slice::from(start..))) {
            *to = T::widen(from);
        }
    }
}
