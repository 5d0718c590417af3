//! Other people's code, whose panics end here.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `call` returns, `None` if it panics; the panic's message is out by then.
pub(crate) fn contain<R>(call: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // A payload may panic when it drops, and so may that panic's payload: there it ends, unseen.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(again);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Bomb(u8);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Bomb(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_goes_no_further() {
        assert_eq!(contain(|| 3), Some(3));
        for fuse in 0..4 {
            assert_eq!(contain(|| -> u8 { panic_any(Bomb(fuse)) }), None);
        }
    }
}
