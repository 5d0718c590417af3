//! Asks at run time which types may cross threads.

use std::marker::PhantomData;

/// Asks whether `T` has a bound: an inherent constant, where it exists, hides that of the trait.
pub(crate) struct Ask<T>(PhantomData<T>);

pub(crate) trait No {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> No for Ask<T> {}

impl<T: Send> Ask<T> {
    pub(crate) const SEND: bool = true;
}

impl<T: Sync> Ask<T> {
    pub(crate) const SYNC: bool = true;
}

/// `[Send, Sync]` of a type.
macro_rules! crosses {
    ($type:ty) => {{
        #[allow(unused_imports, reason = "not asked where both constants are inherent")]
        use $crate::crosses::No as _;
        [<$crate::crosses::Ask<$type>>::SEND, <$crate::crosses::Ask<$type>>::SYNC]
    }};
}
