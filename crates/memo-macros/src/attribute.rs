//! The attribute from end to end: settings and function in, tokens out.

use proc_macro2::TokenStream;
use syn::{ItemFn, Path};

use crate::{expand, refuse, settings};

/// Expands the attribute on `function`; `home` is where the crate `lagom-memo` is found, unless the settings say so.
pub(crate) fn memoize(home: &Path, settings: TokenStream, function: TokenStream) -> TokenStream {
    let expanded = settings::parse(settings, home).and_then(|settings| {
        let function: ItemFn = syn::parse2(function.clone())
            .map_err(|error| syn::Error::new(error.span(), format!("`#[memoize]` takes a free function: {error}")))?;
        refuse::refuse(&function)?;
        Ok(expand::expand(&settings, function))
    });
    // In error the function stays, so that its callers are not in error too.
    expanded.unwrap_or_else(|error| {
        let mut tokens = function;
        tokens.extend(error.into_compile_error());
        tokens
    })
}
