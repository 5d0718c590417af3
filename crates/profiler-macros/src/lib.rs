//! The attribute macros of `lagom-profiler`; depend on that crate instead, which re-exports them with their documentation.
//!
//! The version is pinned exactly by `lagom-profiler`: what the macros write and what that crate offers change together.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod all;
mod args;
mod expand;
mod function;
mod inputs;
mod lines;
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
