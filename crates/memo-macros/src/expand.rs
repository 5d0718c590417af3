//! The code that `#[memoize]` makes of a function.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, ItemFn, Pat, PatType, ReturnType, Type, parse_quote};

use crate::refuse::unwrapped;
use crate::settings::Settings;

/// The most parts a tuple may have to be `Hash` and `Eq`.
const LARGEST_TUPLE: usize = 12;

/// The function, and a type of its name with the functions of its cache.
///
/// The body becomes a function of its own inside, so that it means the same as before: patterns, `return`, lints.
pub(crate) fn expand(settings: &Settings, function: ItemFn) -> TokenStream {
    let home = &settings.home;
    let private = quote!(#home::__private);
    let arguments: Vec<Argument> = function.sig.inputs.iter().filter_map(typed).enumerate().map(argument).collect();

    let ItemFn { attrs, vis, sig, block, .. } = function;
    let braces = block.brace_token.span.join();
    let name = &sig.ident;
    let site = site(settings, &private);

    let mut body = sig.clone();
    body.ident = Ident::new("__memoized", Span::mixed_site());
    let body_name = &body.ident;
    // Nobody could call it in a constant.
    let body = quote!(#[allow(clippy::missing_const_for_fn)] #body #block);

    let mut outer = sig.clone();
    outer.inputs = arguments.iter().map(Argument::declared).collect();
    let names = arguments.iter().map(Argument::passed);
    let key = nest(arguments.iter().map(|argument| argument.key(&private)).collect());
    let result = result_type(&sig.output);
    // An error about the type points at the type.
    let policy_of =
        quote_spanned!(result.span()=> #private::kept::<#result, _>(#private::Probe::<#result>::new().policy()));

    let shared: Vec<&Attribute> = attrs.iter().filter(|attr| is_shared(attr)).collect();
    let plain_name = name.unraw().to_string();
    let type_doc = format!("The cache of the function [`{plain_name}`](fn@{plain_name}).");
    let local = Ident::new("site", Span::mixed_site());
    let (key_local, policy) = (Ident::new("key", Span::mixed_site()), Ident::new("policy", Span::mixed_site()));
    let mut outer_block = Group::new(
        Delimiter::Brace,
        quote! {
            #body
            #[allow(unused_imports)]
            use #private::ElseKeepAll as _;
            let #key_local = #key;
            let #policy = #policy_of;
            let #local = #name::__lagom_site();
            #private::Site::call(#local, #policy, #key_local, move || #body_name(#(#names),*))
        },
    );
    // The function is the user's: with braces of the macro it would count as generated, and rustc would not say that it
    // is never used.
    outer_block.set_span(braces);
    quote! {
        #(#attrs)*
        #vis #outer #outer_block

        #(#shared)*
        #[doc = #type_doc]
        #[allow(non_camel_case_types, dead_code)]
        #[derive(::core::fmt::Debug)]
        #vis struct #name {}

        #(#shared)*
        #[allow(dead_code)]
        impl #name {
            #[doc(hidden)]
            #[inline]
            fn __lagom_site() -> &'static #private::Site {
                #site
                &SITE
            }

            /// What the cache has done so far.
            #[must_use]
            #vis fn cache_info() -> #private::Stats {
                #private::Site::stats(Self::__lagom_site())
            }

            /// Gives all kept values up.
            #vis fn cache_clear() {
                #private::Site::clear(Self::__lagom_site());
            }

            /// Frees all values whose time is over. How many it were.
            #vis fn cache_purge_expired() -> ::core::primitive::usize {
                #private::Site::purge_expired(Self::__lagom_site())
            }
        }
    }
}

/// One argument of the function outside.
struct Argument {
    name: Ident,
    /// As declared.
    ty: Type,
    /// What is kept, behind the reference if there is one.
    kept: Type,
    by_ref: bool,
    /// Whether there is such an argument.
    cfgs: Vec<Attribute>,
}

fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    }
}

fn argument((index, argument): (usize, &PatType)) -> Argument {
    let name = match &*argument.pat {
        Pat::Ident(pat) if pat.subpat.is_none() => pat.ident.clone(),
        _ => Ident::new(&format!("arg{index}"), Span::mixed_site()),
    };
    let (kept, by_ref) = match unwrapped(&argument.ty) {
        Type::Reference(reference) => ((*reference.elem).clone(), true),
        ty => (ty.clone(), false),
    };
    let cfgs = argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
    Argument { name, ty: (*argument.ty).clone(), kept, by_ref, cfgs }
}

impl Argument {
    fn declared(&self) -> FnArg {
        let Self { name, ty, cfgs, .. } = self;
        parse_quote!(#(#cfgs)* #name: #ty)
    }

    fn passed(&self) -> TokenStream {
        let Self { name, cfgs, .. } = self;
        quote!(#(#cfgs)* #name)
    }

    /// The part of the key that this argument is. An error about its type points at the type.
    fn key(&self, private: &TokenStream) -> TokenStream {
        let Self { name, kept, by_ref, cfgs, .. } = self;
        let span = kept.span();
        let part = if is_float(kept) {
            let deref = by_ref.then(|| quote!(*));
            quote_spanned!(span=> <#kept>::to_bits(#deref #name))
        } else if *by_ref {
            quote_spanned!(span=> #private::borrowed_part::<#kept>(#name))
        } else {
            quote_spanned!(span=> #private::owned_part::<#kept>(&#name))
        };
        quote!(#(#cfgs)* #part)
    }
}

fn is_float(ty: &Type) -> bool {
    matches!(unwrapped(ty), Type::Path(path) if path.path.is_ident("f32") || path.path.is_ident("f64"))
}

/// A tuple of all parts, of tuples if there are too many for one.
fn nest(mut parts: Vec<TokenStream>) -> TokenStream {
    while parts.len() > LARGEST_TUPLE {
        parts = parts.chunks(LARGEST_TUPLE).map(|chunk| quote!((#(#chunk,)*))).collect();
    }
    quote!((#(#parts,)*))
}

fn result_type(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    }
}

fn site(settings: &Settings, private: &TokenStream) -> TokenStream {
    let option = quote!(#private::Option);
    let capacity = match &settings.capacity {
        Some(capacity) => quote!(#option::Some(#capacity)),
        None => quote!(#option::None),
    };
    let ttl = match settings.ttl {
        Some(ttl) => {
            let (seconds, nanos) = (ttl.as_secs(), ttl.subsec_nanos());
            quote!(#option::Some(#private::Duration::new(#seconds, #nanos)))
        }
        None => quote!(#option::None),
    };
    quote!(static SITE: #private::Site = #private::Site::new(#capacity, #ttl);)
}

/// Whether an attribute of the function is one of its type too.
fn is_shared(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || (attr.path().is_ident("doc") && matches!(attr.meta, syn::Meta::List(_)))
}
