//! `#[derive(HeapSize)]`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Field, Generics, Result, Type};

use crate::derive::{Helper, Input, Variant, members, parameters};

const ATTRIBUTE: &str = "heap_size";

const UNION: &str = "which field of a union holds a value is not known: implement `HeapSize` by hand";

/// `#[derive(HeapSize)]`.
pub(crate) fn derive(item: TokenStream, default_crate: TokenStream) -> TokenStream {
    expand(item, default_crate).unwrap_or_else(|error| error.to_compile_error())
}

fn expand(item: TokenStream, default_crate: TokenStream) -> Result<TokenStream> {
    let input = Input::parse(item, UNION)?;
    if input.repr().contains("packed") {
        let message = "fields of a packed type cannot be borrowed: implement `HeapSize` by hand";
        return Err(syn::Error::new(input.ident.span(), message));
    }
    let container = Helper::of(&input.attrs, ATTRIBUTE, &["crate", "bound"])?;
    let krate = container.krate(default_crate);
    let mut bounds = Vec::new();
    let mut arms = Vec::new();
    let mut owners = Vec::new();
    for variant in &input.variants {
        arms.push(arm(variant, &krate, &input.generics, &mut bounds, &mut owners)?);
    }
    if container.bound.is_some() {
        bounds.clear();
    }
    let head = input.head(&quote!(#krate::HeapSize), &bounds, &container.bound.unwrap_or_default());
    // A reference always has a value, even to an enum without variants.
    let value = if arms.is_empty() { quote!(*self) } else { quote!(self) };
    // The type of a field without a size cannot be asked; then the type may own something, as by default.
    let owns_nothing = (!is_unsized(&input.generics)).then(|| {
        quote! {
            fn owns_nothing() -> ::core::primitive::bool {
                true #(&& #owners)*
            }
        }
    });
    Ok(quote! {
        #head {
            #[inline]
            fn visit_heap<'__lagom>(&'__lagom self, __lagom_visitor: &mut #krate::heap::SizeVisitor<'__lagom>) {
                match #value { #(#arms)* }
            }

            #owns_nothing
        }
    })
}

/// The visit of one variant's fields.
fn arm(
    variant: &Variant,
    krate: &TokenStream,
    generics: &Generics,
    bounds: &mut Vec<TokenStream>,
    owners: &mut Vec<TokenStream>,
) -> Result<TokenStream> {
    let whole = Helper::of(&variant.attrs, ATTRIBUTE, &["skip"])?;
    let mut patterns = Vec::new();
    let mut visits = Vec::new();
    for (place, (member, field)) in members(&variant.fields).enumerate() {
        let helper = Helper::of(&field.attrs, ATTRIBUTE, &["skip", "with"])?;
        if whole.skip.is_some() || helper.skip.is_some() {
            continue;
        }
        // Errors point at the type, or at the function.
        let span = helper.with.as_ref().map_or(field.ty.span(), Spanned::span).resolved_at(Span::call_site());
        let value = format_ident!("__lagom_{place}", span = span);
        patterns.push(quote!(#member: #value,));
        visits.push(match &helper.with {
            Some(with) => {
                let function = if matches!(with, Expr::Path(_)) { quote!(#with) } else { quote!((#with)) };
                owners.push(quote!(false));
                quote_spanned!(span=> __lagom_visitor.block(#function(#value));)
            }
            None => {
                ask(field, generics, bounds);
                let ty = &field.ty;
                owners.push(quote!(<#ty as #krate::HeapSize>::owns_nothing()));
                // The type is named in both, so that one that cannot tell is one error.
                quote_spanned!(span=> <#ty as #krate::HeapSize>::visit_heap(#value, __lagom_visitor);)
            }
        });
    }
    let name = variant.ident.as_ref().map(|ident| quote!(::#ident));
    Ok(quote!(Self #name { #(#patterns)* .. } => { #(#visits)* }))
}

/// Whether a parameter, and so perhaps the last field, may be without a size.
fn is_unsized(generics: &Generics) -> bool {
    let (_, _, clause) = generics.split_for_impl();
    quote!(#generics #clause).into_iter().any(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '?'))
}

/// Adds what must be able to tell its size so that a field can.
fn ask(field: &Field, generics: &Generics, bounds: &mut Vec<TokenStream>) {
    let is_phantom = matches!(&field.ty, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"));
    if !is_phantom {
        let ty = &field.ty;
        parameters(quote!(#ty), generics, bounds);
    }
}
