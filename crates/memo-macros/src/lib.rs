//! The attribute macro of [`lagom-memo`](https://docs.rs/lagom-memo); depend on that crate instead: it re-exports
//! `memoize` and documents it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod duration;
mod expand;
mod refuse;
mod settings;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use syn::{ItemFn, Path, parse_quote};

/// Keeps what a free function returned: see `lagom_memo::memoize`, where the documentation is.
#[proc_macro_attribute]
pub fn memoize(settings: TokenStream, function: TokenStream) -> TokenStream {
    memoize_from(&parse_quote!(::lagom_memo), settings, function)
}

/// [`macro@memoize`] that looks for its crate at `::lagom::memo`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn memoize_facade(settings: TokenStream, function: TokenStream) -> TokenStream {
    memoize_from(&parse_quote!(::lagom::memo), settings, function)
}

fn memoize_from(home: &Path, settings: TokenStream, function: TokenStream) -> TokenStream {
    let expanded = settings::parse(settings.into(), home).and_then(|settings| {
        let function: ItemFn = syn::parse(function.clone())
            .map_err(|error| syn::Error::new(error.span(), format!("`#[memoize]` takes a free function: {error}")))?;
        refuse::refuse(&function)?;
        Ok(expand::expand(&settings, function))
    });
    match expanded {
        Ok(tokens) => tokens.into(),
        // The function stays, so that its callers are not in error too.
        Err(error) => {
            let mut tokens: TokenStream2 = function.into();
            tokens.extend(error.into_compile_error());
            tokens.into()
        }
    }
}
