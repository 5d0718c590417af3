//! The list in the parentheses of an attribute: keys in any order, each at most once.

use syn::parse::ParseStream;
use syn::{Ident, Path, Result, Token};

/// Reads a list to its end; what stands behind a key is `value`'s to read. The keys, in their order.
pub(crate) fn read(
    input: ParseStream<'_>,
    mut value: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>,
) -> Result<Vec<Ident>> {
    let mut keys = Vec::new();
    while !input.is_empty() {
        let key = if input.peek(Token![crate]) {
            Ident::new("crate", input.parse::<Token![crate]>()?.span)
        } else {
            input.parse()?
        };
        if keys.contains(&key) {
            return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
        }
        value(&key, input)?;
        keys.push(key);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(keys)
}

/// The `=` behind a key, without which `message` says how it is written.
pub(crate) fn equals(key: &Ident, input: ParseStream<'_>, message: impl FnOnce() -> String) -> Result<()> {
    match input.parse::<Option<Token![=]>>()? {
        Some(_) => Ok(()),
        None => Err(syn::Error::new(key.span(), message())),
    }
}

/// What `crate = path` names.
pub(crate) fn path(input: ParseStream<'_>) -> Result<Path> {
    input.call(Path::parse_mod_style)
}
