//! An object and where it belongs.

use lagom_base::sync::Arc;

use crate::engine::Engine;

/// An object at its stable address.
///
/// It holds its engine, so that a guard needs no count of its own: the count is taken when the object is made and given up
/// when it is dropped. A pool that goes drops its idle objects, which ends the circle.
pub(crate) struct Node<T> {
    pub(crate) value: T,
    pub(crate) home: Arc<Engine<T>>,
}
