//! The arguments of the attribute: `name = "…"`, `crate = path`.

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Path, Result, Token};

/// What stood in the parentheses.
#[derive(Default)]
pub(crate) struct Args {
    /// The name in the tables instead of the function's.
    pub(crate) name: Option<LitStr>,
    /// Where the profiler is found instead of the default path.
    pub(crate) krate: Option<Path>,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                let key = input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                let path = input.call(Path::parse_mod_style)?;
                if args.krate.replace(path).is_some() {
                    return Err(syn::Error::new(key.span, "`crate` is given twice"));
                }
            } else {
                let key: Ident = input.parse()?;
                if key != "name" {
                    let message = format!("unknown argument `{key}`; known are `name = \"…\"` and `crate = path`");
                    return Err(syn::Error::new(key.span(), message));
                }
                input.parse::<Token![=]>()?;
                let name: LitStr = input.parse()?;
                if name.value().is_empty() {
                    return Err(syn::Error::new(name.span(), "the name is empty"));
                }
                if args.name.replace(name).is_some() {
                    return Err(syn::Error::new(key.span(), "`name` is given twice"));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}
