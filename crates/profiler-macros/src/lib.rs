//! The attribute macro of `lagom-profiler`; depend on that crate instead, which re-exports it with its documentation.
//!
//! The version is pinned exactly by `lagom-profiler`: what the macro writes and what that crate offers change together.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod args;
mod expand;
mod function;
mod output;

use proc_macro::TokenStream;
use quote::quote;

/// Profiles a function: counts its calls and outcomes and times them.
///
/// Documented where it is used: `lagom_profiler::profile`.
#[proc_macro_attribute]
pub fn profile(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into(), quote!(::lagom_profiler)).into()
}

/// [`macro@profile`] for programs that depend on the facade `lagom` alone, which re-exports it as `profile`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn profile_facade(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into(), quote!(::lagom::profiler)).into()
}
