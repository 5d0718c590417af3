//! What stands in the brackets of the attribute.

use core::time::Duration;

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Lit, LitInt, Path, Result};

use crate::duration;

/// The settings of one memoized function.
pub(crate) struct Settings {
    pub(crate) ttl: Option<Duration>,
    /// As written: whether it fits a `usize` is for the target to say.
    pub(crate) capacity: Option<LitInt>,
    /// Where `lagom-memo` is found.
    pub(crate) home: Path,
}

pub(crate) fn parse(tokens: TokenStream, home: &Path) -> Result<Settings> {
    let (mut ttl, mut capacity, mut home_override) = (None, None, None);
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("ttl") {
            set(&mut ttl, &meta, parse_ttl)
        } else if meta.path.is_ident("capacity") {
            set(&mut capacity, &meta, parse_capacity)
        } else if meta.path.is_ident("crate") {
            set(&mut home_override, &meta, |meta| meta.value()?.call(Path::parse_mod_style))
        } else {
            Err(meta.error("unknown setting: there are `ttl`, `capacity` and `crate`"))
        }
    });
    parser.parse2(tokens)?;
    Ok(Settings { ttl, capacity, home: home_override.unwrap_or_else(|| home.clone()) })
}

fn set<T>(
    slot: &mut Option<T>,
    meta: &ParseNestedMeta<'_>,
    parse: impl FnOnce(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if slot.is_some() {
        return Err(meta.error("this setting is given twice"));
    }
    *slot = Some(parse(meta)?);
    Ok(())
}

fn parse_ttl(meta: &ParseNestedMeta<'_>) -> Result<Duration> {
    const HOW: &str = r#"write the duration as a string with a unit: `ttl = "300s"`"#;
    let value = meta.value()?;
    let span = value.span();
    match value.parse().map_err(|_| syn::Error::new(span, HOW))? {
        Lit::Str(text) => duration::parse(&text.value()).map_err(|error| syn::Error::new(text.span(), error)),
        other => Err(syn::Error::new(other.span(), HOW)),
    }
}

fn parse_capacity(meta: &ParseNestedMeta<'_>) -> Result<LitInt> {
    const HOW: &str = "write the capacity as a whole number: `capacity = 1000`";
    let value = meta.value()?;
    let span = value.span();
    let number: LitInt = value.parse().map_err(|_| syn::Error::new(span, HOW))?;
    if !matches!(number.suffix(), "" | "usize") || number.base10_digits().starts_with('-') {
        return Err(syn::Error::new(number.span(), HOW));
    }
    Ok(number)
}
