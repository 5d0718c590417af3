//! What a probe tells of a call's arguments: how large they are, and whether they were seen before.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, Signature, Type};

use crate::args::{Args, Repeats};

/// Element types whose slices tell a size by themselves.
const NUMBERS: [&str; 14] =
    ["f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];

/// What goes to the site, and what to its span or async call.
#[derive(Default)]
pub(crate) struct Inputs {
    /// Methods of the site's constant.
    pub(crate) site: TokenStream,
    /// Statements after the span or call `#probe` was made, before the body.
    pub(crate) calls: TokenStream,
}

/// `probe` is the variable that holds the span or the call.
pub(crate) fn inputs(args: &Args, sig: &Signature, krate: &TokenStream, probe: &TokenStream) -> Result<Inputs> {
    let span = Span::mixed_site();
    let mut inputs = Inputs::default();
    if let Some(size) = size(args, sig, krate) {
        let Size { expression, element } = size;
        // At the place of the expression, so that an error points there.
        let cast = quote_spanned!(span.located_at(expression.span())=> __lagom_size as ::core::primitive::u64);
        inputs.site.extend(element.map(|element| quote!(.element(#element))));
        inputs.site.extend(quote!(.sized()));
        inputs.calls.extend(quote_spanned!(span=> #probe.size(|| { let __lagom_size = #expression; #cast });));
    }
    if let Some(repeats) = &args.repeats {
        let add = match repeats {
            Repeats::Chosen(chosen) => chosen
                .iter()
                .map(|value| {
                    let at = span.located_at(value.span());
                    quote_spanned!(at=> #krate::__private::Chosen::of(&(#value)).add(__lagom_hasher);)
                })
                .collect::<TokenStream>(),
            Repeats::All(at) => {
                let variables = variables(sig);
                if variables.is_empty() {
                    return Err(syn::Error::new(*at, "the function has no arguments that could repeat"));
                }
                variables
                    .iter()
                    .map(|Variable { ident, cfgs }| {
                        quote_spanned!(span=> #(#cfgs)* #krate::__private::Argument::of(&#ident).add(__lagom_hasher);)
                    })
                    .collect()
            }
        };
        inputs.site.extend(quote!(.repeats()));
        inputs.calls.extend(quote_spanned!(span=> #probe.arguments(|__lagom_hasher| { #add });));
    }
    inputs.site.extend(args.records.map(|records| quote!(.records(#records))));
    Ok(inputs)
}

struct Size {
    expression: TokenStream,
    /// The name of the type of a numeric slice's elements.
    element: Option<String>,
}

/// As given, or else the length of the first numeric slice or vector.
fn size(args: &Args, sig: &Signature, krate: &TokenStream) -> Option<Size> {
    if let Some(expression) = &args.size {
        return Some(Size { expression: plain(expression), element: None });
    }
    sig.inputs.iter().find_map(|input| {
        let FnArg::Typed(input) = input else { return None };
        let (Pat::Ident(pat), element) = (&*input.pat, numbers(&input.ty)?) else { return None };
        if is_unused(&pat.ident) || input.attrs.iter().any(may_remove) {
            return None;
        }
        let ident = &pat.ident;
        let expression = quote_spanned! {Span::mixed_site()=> #krate::__private::Length::of(&#ident).length() };
        Some(Size { expression, element: Some(element) })
    })
}

/// Without parentheses that rustc would warn of.
fn plain(expression: &Expr) -> TokenStream {
    match expression {
        Expr::Paren(inner) => plain(&inner.expr),
        Expr::Group(inner) => plain(&inner.expr),
        other => quote!(#other),
    }
}

/// The element type if this is a reference to a slice or vector of numbers.
fn numbers(ty: &Type) -> Option<String> {
    let Type::Reference(reference) = bare(ty) else { return None };
    match bare(&reference.elem) {
        Type::Slice(slice) => number(&slice.elem),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last().filter(|last| last.ident == "Vec")?;
            let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
            match list.args.first()? {
                GenericArgument::Type(element) => number(element),
                _ => None,
            }
        }
        _ => None,
    }
}

fn number(ty: &Type) -> Option<String> {
    let Type::Path(path) = bare(ty) else { return None };
    let ident = path.path.get_ident().filter(|_| path.qself.is_none())?.to_string();
    NUMBERS.contains(&ident.as_str()).then_some(ident)
}

/// The type without what only groups.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        other => other,
    }
}

/// A name that the arguments bind, and the conditions under which it is there.
struct Variable<'a> {
    ident: Ident,
    cfgs: Vec<&'a Attribute>,
}

/// All names that the parameters bind; those that begin with `_` are said to have no part in the result.
fn variables(sig: &Signature) -> Vec<Variable<'_>> {
    let mut found = Vec::new();
    for input in &sig.inputs {
        let (attrs, idents) = match input {
            FnArg::Receiver(receiver) => (&receiver.attrs, vec![Ident::new("self", receiver.self_token.span)]),
            FnArg::Typed(input) => {
                let mut idents = Vec::new();
                bound(&input.pat, &mut idents);
                (&input.attrs, idents)
            }
        };
        // What a `cfg_attr` comes to is not known here.
        if attrs.iter().any(|attr| attr.path().is_ident("cfg_attr")) {
            continue;
        }
        let cfgs: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        let idents = idents.into_iter().filter(|ident| !is_unused(ident));
        found.extend(idents.map(|ident| Variable { ident, cfgs: cfgs.clone() }));
    }
    found
}

fn is_unused(ident: &Ident) -> bool {
    ident.unraw().to_string().starts_with('_')
}

fn may_remove(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// The names in a pattern.
fn bound(pat: &Pat, found: &mut Vec<Ident>) {
    match pat {
        Pat::Ident(pat) => {
            found.push(pat.ident.clone());
            if let Some((_, inner)) = &pat.subpat {
                bound(inner, found);
            }
        }
        Pat::Paren(pat) => bound(&pat.pat, found),
        Pat::Reference(pat) => bound(&pat.pat, found),
        Pat::Slice(pat) => pat.elems.iter().for_each(|inner| bound(inner, found)),
        Pat::Struct(pat) => pat.fields.iter().for_each(|field| bound(&field.pat, found)),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|inner| bound(inner, found)),
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|inner| bound(inner, found)),
        Pat::Type(pat) => bound(&pat.pat, found),
        // Every case binds the same names.
        Pat::Or(pat) => pat.cases.first().into_iter().for_each(|case| bound(case, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(args: &str, sig: &str) -> String {
        let args = syn::parse_str::<Args>(args).expect("arguments");
        let sig = syn::parse_str::<Signature>(sig).expect("a signature");
        let found = inputs(&args, &sig, &quote!(krate), &quote!(probe)).expect("no mistake");
        let site = found.site.to_string().replace(' ', "");
        assert_eq!(found.calls.is_empty(), !site.contains("sized()") && !site.contains("repeats()"), "{site}");
        site
    }

    #[test]
    fn references_to_slices_and_vectors_of_numbers_have_a_size() {
        for (sig, element) in [
            ("fn f(values: &[f64])", Some("f64")),
            ("fn f(values: &mut [f32])", Some("f32")),
            ("fn f<'a>(x: u8, values: &'a mut Vec<i32>, more: &[f64])", Some("i32")),
            ("fn f(&self, mut values: &(std::vec::Vec<u8>))", Some("u8")),
            ("fn f(_values: &[f64], r#type: &[usize])", Some("usize")),
            ("fn f(#[cfg(any())] values: &[f64], #[allow(unused)] more: &[i64])", Some("i64")),
            ("fn f(values: [f64; 3], array: &[f64; 3], vector: Vec<f64>)", None),
            ("fn f(&self, text: &str, words: &[&str], flags: &[bool])", None),
            ("fn f<T>(values: &[T], [a, b]: &[f64], deep: &[Vec<f64>])", None),
            ("fn f(values: &Vec, others: &<X as Y>::Vec<f64>)", None),
            ("fn f()", None),
        ] {
            let expected = element.map(|element| format!(".element(\"{element}\").sized()")).unwrap_or_default();
            assert_eq!(settings("", sig), expected, "{sig}");
        }
    }

    #[test]
    fn what_is_given_goes_before_what_is_found() {
        let sig = "fn f(values: &[f64], key: u64)";
        assert_eq!(settings("size = key", sig), ".sized()");
        assert_eq!(settings("records", sig), ".element(\"f64\").sized().records(1000u32)");
        assert_eq!(settings("repeats(key), size = 1, records = 2_0", sig), ".sized().repeats().records(20u32)");
    }

    #[test]
    fn every_name_of_a_pattern_is_an_argument() {
        let sig = "fn f(mut self, (a, [b, .., c]): X, Y { d, e: Z(f, ..), .. }: Y, &g: &u8, h @ (i, _): W, _j: u8)";
        let sig = syn::parse_str::<Signature>(sig).expect("a signature");
        let names: Vec<_> = variables(&sig).iter().map(|variable| variable.ident.to_string()).collect();
        assert_eq!(names, ["self", "a", "b", "c", "d", "f", "g", "h", "i"]);
    }
}
