//! What becomes of the error of a load: those who wait for it retry, or share it.

use core::any::Any;
use std::sync::Arc;

use lagom_base::flight;

/// Why a load failed, for those who waited for it.
pub(super) type Failure = Arc<dyn Any + Send + Sync>;

/// A load that others wait for. It ends with the reason why it failed, if they may share that; else they look again.
pub(super) type Flight = flight::Flight<Option<Failure>>;

/// What becomes of an error of the type `E`.
pub(super) trait OnError<E> {
    /// What those who wait for the load may have of its error.
    fn give(error: &E) -> Option<Failure>;
    /// The error of one's own that another's load failed with, if it is one.
    fn take(failure: Failure) -> Option<E>;
}

/// The error is the caller's alone, and who waited retries.
pub(super) enum Retry {}

impl<E> OnError<E> for Retry {
    fn give(_: &E) -> Option<Failure> {
        None
    }

    fn take(_: Failure) -> Option<E> {
        None
    }
}

/// Who waited has the error too.
pub(super) enum Share {}

impl<E: Any + Send + Sync> OnError<Arc<E>> for Share {
    fn give(error: &Arc<E>) -> Option<Failure> {
        Some(Arc::clone(error) as Failure)
    }

    fn take(failure: Failure) -> Option<Arc<E>> {
        failure.downcast().ok()
    }
}
