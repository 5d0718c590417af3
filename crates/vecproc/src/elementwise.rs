//! Operations on each element by itself.

use crate::error::LengthError;

/// Writes `x[i] * scale + offset` to `out[i]`.
///
/// Product and sum are each rounded once (never fused, so that every platform gives the same bits):
/// `|error| <= u |x scale| + u |result|`, `u = 2^-53`. NaN and infinities go the way of IEEE 754. No allocation.
///
/// # Errors
///
/// [`LengthError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 2];
/// lagom_vecproc::affine(&[0.0, 100.0], 1.8, 32.0, &mut out)?;
/// assert_eq!(out, [32.0, 212.0]);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
pub fn affine(x: &[f64], scale: f64, offset: f64, out: &mut [f64]) -> Result<(), LengthError> {
    map(x, out, |x| x * scale + offset)
}

/// [`affine`] into a new vector.
///
/// ```
/// assert_eq!(lagom_vecproc::affine_to_vec(&[0.0, 100.0], 1.8, 32.0), [32.0, 212.0]);
/// ```
#[must_use]
pub fn affine_to_vec(x: &[f64], scale: f64, offset: f64) -> Vec<f64> {
    x.iter().map(|x| x * scale + offset).collect()
}

/// [`affine`] in place.
///
/// ```
/// let mut x = [0.0, 100.0];
/// lagom_vecproc::affine_in_place(&mut x, 1.8, 32.0);
/// assert_eq!(x, [32.0, 212.0]);
/// ```
pub fn affine_in_place(x: &mut [f64], scale: f64, offset: f64) {
    x.iter_mut().for_each(|x| *x = *x * scale + offset);
}

/// Writes `x[i] * factor` to `out[i]`, rounded once. No allocation.
///
/// # Errors
///
/// [`LengthError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 2];
/// lagom_vecproc::scale(&[1.0, 4.0], 0.5, &mut out)?;
/// assert_eq!(out, [0.5, 2.0]);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
pub fn scale(x: &[f64], factor: f64, out: &mut [f64]) -> Result<(), LengthError> {
    map(x, out, |x| x * factor)
}

/// [`scale`] into a new vector.
///
/// ```
/// assert_eq!(lagom_vecproc::scale_to_vec(&[1.0, 4.0], 0.5), [0.5, 2.0]);
/// ```
#[must_use]
pub fn scale_to_vec(x: &[f64], factor: f64) -> Vec<f64> {
    x.iter().map(|x| x * factor).collect()
}

/// [`scale`] in place.
///
/// ```
/// let mut x = [1.0, 4.0];
/// lagom_vecproc::scale_in_place(&mut x, 0.5);
/// assert_eq!(x, [0.5, 2.0]);
/// ```
pub fn scale_in_place(x: &mut [f64], factor: f64) {
    x.iter_mut().for_each(|x| *x *= factor);
}

/// Writes `x[i]`, raised to `low` and then lowered to `high`, to `out[i]`. Exact, no allocation.
///
/// NaN stays NaN. A bound that is NaN or infinite bounds nothing on its side; where `low > high` every number becomes
/// `high`, as in NumPy.
///
/// # Errors
///
/// [`LengthError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::clip(&[-5.0, 0.5, 7.0], 0.0, 1.0, &mut out)?;
/// assert_eq!(out, [0.0, 0.5, 1.0]);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
pub fn clip(x: &[f64], low: f64, high: f64, out: &mut [f64]) -> Result<(), LengthError> {
    map(x, out, |x| clipped(x, low, high))
}

/// [`clip`] into a new vector.
///
/// ```
/// assert_eq!(lagom_vecproc::clip_to_vec(&[-5.0, 0.5, 7.0], 0.0, 1.0), [0.0, 0.5, 1.0]);
/// ```
#[must_use]
pub fn clip_to_vec(x: &[f64], low: f64, high: f64) -> Vec<f64> {
    x.iter().map(|&x| clipped(x, low, high)).collect()
}

/// [`clip`] in place.
///
/// ```
/// let mut x = [-5.0, 0.5, 7.0];
/// lagom_vecproc::clip_in_place(&mut x, 0.0, 1.0);
/// assert_eq!(x, [0.0, 0.5, 1.0]);
/// ```
pub fn clip_in_place(x: &mut [f64], low: f64, high: f64) {
    x.iter_mut().for_each(|x| *x = clipped(*x, low, high));
}

#[inline(always)]
fn clipped(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn map(x: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) -> Result<(), LengthError> {
    LengthError::check(x.len(), out.len())?;
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f(x);
    }
    Ok(())
}
