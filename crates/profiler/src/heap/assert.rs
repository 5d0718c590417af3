//! `assert_allocs!`.

/// Asserts what an expression allocates on the calling thread, and gives its value.
///
/// After the expression come one or more conditions, each a figure and a bound (`==`, `<=` or `<`). The figures: allocations, if
/// no other is named; `bytes`, all that they ask for; `peak`, the most live bytes at any moment above those before; `left`,
/// what is still live at the end, with the value itself. Bounds are whole numbers (anything that `as u64` converts) or texts such as
/// `"64 KiB"`, `"1.5 MB"`, read at compile time. A closure without parameters is called.
///
/// Exact, however many tests run beside it: other threads are not seen, nor are those that the expression starts. It wants a
/// [`TrackingAllocator`](crate::TrackingAllocator), in tests as `#[global_allocator]` of the test program. Without the feature
/// `enabled` nothing is checked.
///
/// # Panics
///
/// If a condition does not hold: says which, by how much, and with [`Mode::Live`](crate::heap::Mode::Live) by what stacks. If
/// allocations are not counted.
///
/// ```
/// use lagom_profiler::{TrackingAllocator, assert_allocs};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// fn main() {
///     let text = assert_allocs!("ab".repeat(500), == 1, bytes <= "1 kB", left <= 1_000);
///     assert_allocs!(text.len(), == 0);
///     assert_allocs!(|| drop(text.clone()), <= 1, peak < 2 * text.len(), left == 0);
/// }
/// ```
#[macro_export]
macro_rules! assert_allocs {
    (|| $body:expr, $($conditions:tt)+) => {
        $crate::assert_allocs!((|| $body)(), $($conditions)+)
    };
    (move || $body:expr, $($conditions:tt)+) => {
        $crate::assert_allocs!((move || $body)(), $($conditions)+)
    };
    ($body:expr, $($conditions:tt)+) => {{
        let __lagom_check = $crate::__private::Check::begin("assert_allocs!");
        let __lagom_value = $body;
        __lagom_check.end(
            ::core::concat!("`", ::core::stringify!($body), "`"),
            $crate::__limits!([] $($conditions)+),
        );
        __lagom_value
    }};
    ($body:expr $(,)?) => {
        ::core::compile_error!("say what may be allocated, as in `assert_allocs!(parse(text), <= 3, bytes <= \"64 KiB\")`")
    };
}

/// Conditions, one after the other, as a slice.
#[doc(hidden)]
#[macro_export]
macro_rules! __limits {
    ([$($done:tt)*]) => { &[$($done)*] };
    ([$($done:tt)*] == $($rest:tt)+) => { $crate::__limits!([$($done)*] Allocations Exactly $($rest)+) };
    ([$($done:tt)*] <= $($rest:tt)+) => { $crate::__limits!([$($done)*] Allocations AtMost $($rest)+) };
    ([$($done:tt)*] < $($rest:tt)+) => { $crate::__limits!([$($done)*] Allocations Below $($rest)+) };
    ([$($done:tt)*] allocations $($rest:tt)+) => { $crate::__limits!([$($done)*] = Allocations $($rest)+) };
    ([$($done:tt)*] bytes $($rest:tt)+) => { $crate::__limits!([$($done)*] = Bytes $($rest)+) };
    ([$($done:tt)*] peak $($rest:tt)+) => { $crate::__limits!([$($done)*] = Peak $($rest)+) };
    ([$($done:tt)*] left $($rest:tt)+) => { $crate::__limits!([$($done)*] = Left $($rest)+) };
    ([$($done:tt)*] = $figure:ident == $($rest:tt)+) => { $crate::__limits!([$($done)*] $figure Exactly $($rest)+) };
    ([$($done:tt)*] = $figure:ident <= $($rest:tt)+) => { $crate::__limits!([$($done)*] $figure AtMost $($rest)+) };
    ([$($done:tt)*] = $figure:ident < $($rest:tt)+) => { $crate::__limits!([$($done)*] $figure Below $($rest)+) };
    ([$($done:tt)*] $figure:ident $bound:ident $value:literal $(, $($rest:tt)*)?) => {
        $crate::__limits!(
            [
                $($done)*
                $crate::__private::Limit {
                    figure: $crate::__private::Figure::$figure,
                    bound: $crate::__private::Bound::$bound,
                    value: {
                        const __LAGOM_LIMIT: ::core::primitive::u64 = $crate::__private::Literal($value).bytes();
                        __LAGOM_LIMIT
                    },
                    text: ::core::stringify!($value),
                },
            ]
            $($($rest)*)?
        )
    };
    ([$($done:tt)*] $figure:ident $bound:ident $value:expr $(, $($rest:tt)*)?) => {
        $crate::__limits!(
            [
                $($done)*
                $crate::__private::Limit {
                    figure: $crate::__private::Figure::$figure,
                    bound: $crate::__private::Bound::$bound,
                    value: {
                        let __lagom_limit = $value;
                        __lagom_limit as ::core::primitive::u64
                    },
                    text: ::core::stringify!($value),
                },
            ]
            $($($rest)*)?
        )
    };
    ([$($done:tt)*] $($rest:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "no condition: `", ::core::stringify!($($rest)+),
            "`; write `== 3`, `<= 3`, `bytes <= \"64 KiB\"`, `peak < 1024`, `left == 0`"
        ))
    };
}
