//! The attribute macro of [`lagom-memo`](https://docs.rs/lagom-memo); depend on that crate instead: it re-exports
//! `memoize` and documents it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod attribute;
mod duration;
mod expand;
mod refuse;
mod settings;

use proc_macro::TokenStream;
use syn::parse_quote;

/// Keeps what a free function returned: see `lagom_memo::memoize`, where the documentation is.
#[proc_macro_attribute]
pub fn memoize(settings: TokenStream, function: TokenStream) -> TokenStream {
    attribute::memoize(&parse_quote!(::lagom_memo), settings.into(), function.into()).into()
}

/// [`macro@memoize`] that looks for its crate at `::lagom::memo`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn memoize_facade(settings: TokenStream, function: TokenStream) -> TokenStream {
    attribute::memoize(&parse_quote!(::lagom::memo), settings.into(), function.into()).into()
}
