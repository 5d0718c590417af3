//! Types that own nothing.

use std::any::TypeId;
use std::cell::Cell;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::ffi::{CStr, OsStr};
use std::marker::{PhantomData, PhantomPinned};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::ops::RangeFull;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize,
};
#[cfg(target_has_atomic = "64")]
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::{Duration, Instant, SystemTime};

use super::{HeapSize, SizeVisitor};

macro_rules! own_nothing {
    ($($(#[$attr:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$attr])*
        impl<$($generics)*> HeapSize for $type {
            #[inline]
            fn visit_heap<'a>(&'a self, _: &mut SizeVisitor<'a>) {}

            fn owns_nothing() -> bool {
                true
            }
        }
    )*};
}

own_nothing! {
    [] u8; [] u16; [] u32; [] u64; [] u128; [] usize;
    [] i8; [] i16; [] i32; [] i64; [] i128; [] isize;
    [] f32; [] f64; [] bool; [] char;
    [] NonZeroU8; [] NonZeroU16; [] NonZeroU32; [] NonZeroU64; [] NonZeroU128; [] NonZeroUsize;
    [] NonZeroI8; [] NonZeroI16; [] NonZeroI32; [] NonZeroI64; [] NonZeroI128; [] NonZeroIsize;
    [] AtomicBool; [] AtomicU8; [] AtomicU16; [] AtomicU32; [] AtomicUsize;
    [] AtomicI8; [] AtomicI16; [] AtomicI32; [] AtomicIsize;
    #[cfg(target_has_atomic = "64")] [] AtomicU64;
    #[cfg(target_has_atomic = "64")] [] AtomicI64;
    [T] AtomicPtr<T>;
    [] Duration; [] Instant; [] SystemTime; [] Ordering; [] Infallible; [] TypeId; [] RangeFull; [] PhantomPinned;
    [] Ipv4Addr; [] Ipv6Addr; [] IpAddr; [] SocketAddrV4; [] SocketAddrV6; [] SocketAddr;
    [T: ?Sized] PhantomData<T>;
    // Borrowed, or nobody's.
    [T: ?Sized] &T; [T: ?Sized] &mut T; [T: ?Sized] *const T; [T: ?Sized] *mut T; [T: ?Sized] NonNull<T>;
    // What can be copied owns nothing, and of what cannot a `Cell` shows nothing.
    [T: Copy] Cell<T>;
}

macro_rules! functions_own_nothing {
    ($($name:ident)*) => {
        own_nothing! {
            [R, $($name),*] fn($($name),*) -> R;
            [R, $($name),*] unsafe fn($($name),*) -> R;
            [R, $($name),*] extern "C" fn($($name),*) -> R;
            [R, $($name),*] unsafe extern "C" fn($($name),*) -> R;
        }
    };
}

functions_own_nothing!();
functions_own_nothing!(A);
functions_own_nothing!(A B);
functions_own_nothing!(A B C);
functions_own_nothing!(A B C D);
functions_own_nothing!(A B C D E);
functions_own_nothing!(A B C D E F);

/// Texts own nothing either: who holds one in a block counts the block.
macro_rules! texts {
    ($($type:ty: $bytes:expr;)*) => {$(
        impl HeapSize for $type {
            #[inline]
            fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                let bytes: fn(&$type) -> &[u8] = $bytes;
                visitor.text(bytes(self));
            }
        }
    )*};
}

texts! {
    str: str::as_bytes;
    OsStr: OsStr::as_encoded_bytes;
    Path: |path| path.as_os_str().as_encoded_bytes();
    CStr: CStr::to_bytes;
}
