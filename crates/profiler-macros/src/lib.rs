//! The macros of `lagom-profiler`; depend on that crate instead, which re-exports them with their documentation.
//!
//! The version is pinned exactly by `lagom-profiler`: what the macros write and what that crate offers change together.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod all;
mod args;
mod derive;
mod expand;
mod function;
mod heap_size;
mod heap_test;
mod inputs;
mod lines;
mod list;
mod memory;
mod memory_layout;
mod output;

use proc_macro::TokenStream;
use quote::quote;

/// Profiles a function: counts its calls and outcomes and times them.
///
/// Documented where it is used: `lagom_profiler::profile`.
#[proc_macro_attribute]
pub fn profile(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::profile(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@profile`] for programs that depend on the facade `lagom` alone, which re-exports it as `profile`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn profile_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::profile(args.into(), item.into(), quote!(::lagom::profiler)).into()
}

/// Profiles every function of an `impl` block, a trait or a module.
///
/// Documented where it is used: `lagom_profiler::profile_all`.
#[proc_macro_attribute]
pub fn profile_all(args: TokenStream, item: TokenStream) -> TokenStream {
    all::profile_all(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@profile_all`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn profile_all_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    all::profile_all(args.into(), item.into(), quote!(::lagom::profiler)).into()
}

/// Profiles a function line by line.
///
/// Documented where it is used: `lagom_profiler::profile_lines`.
#[proc_macro_attribute]
pub fn profile_lines(args: TokenStream, item: TokenStream) -> TokenStream {
    lines::profile_lines(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@profile_lines`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn profile_lines_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    lines::profile_lines(args.into(), item.into(), quote!(::lagom::profiler)).into()
}

/// Measures what each call of a function does with the heap.
///
/// Documented where it is used: `lagom_profiler::profile_memory`.
#[proc_macro_attribute]
pub fn profile_memory(args: TokenStream, item: TokenStream) -> TokenStream {
    memory::profile_memory(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@profile_memory`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn profile_memory_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    memory::profile_memory(args.into(), item.into(), quote!(::lagom::profiler)).into()
}

/// A test with limits on what it allocates.
///
/// Documented where it is used: `lagom_profiler::heap_test`.
#[proc_macro_attribute]
pub fn heap_test(args: TokenStream, item: TokenStream) -> TokenStream {
    heap_test::heap_test(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@heap_test`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn heap_test_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    heap_test::heap_test(args.into(), item.into(), quote!(::lagom::profiler)).into()
}

/// Tells how much heap memory a value owns.
///
/// Documented where it is used: `lagom_profiler::HeapSize`.
#[proc_macro_derive(HeapSize, attributes(heap_size))]
pub fn heap_size(item: TokenStream) -> TokenStream {
    heap_size::derive(item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@HeapSize`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_derive(HeapSizeFacade, attributes(heap_size))]
pub fn heap_size_facade(item: TokenStream) -> TokenStream {
    heap_size::derive(item.into(), quote!(::lagom::profiler)).into()
}

/// Tells how a type lies in memory.
///
/// Documented where it is used: `lagom_profiler::MemoryLayout`.
#[proc_macro_derive(MemoryLayout, attributes(memory_layout))]
pub fn memory_layout(item: TokenStream) -> TokenStream {
    memory_layout::derive(item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@MemoryLayout`] for programs that depend on the facade `lagom` alone.
#[doc(hidden)]
#[proc_macro_derive(MemoryLayoutFacade, attributes(memory_layout))]
pub fn memory_layout_facade(item: TokenStream) -> TokenStream {
    memory_layout::derive(item.into(), quote!(::lagom::profiler)).into()
}
