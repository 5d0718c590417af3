//! From the function as written to the function with a probe.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Result, Signature};

use crate::args::{Args, EVERY};
use crate::function::Function;
use crate::inputs::{Inputs, inputs};
use crate::output;

/// Expands an attribute by `expand`; on an error the item stays as it was, so that one mistake gives one message.
///
/// Without the feature `enabled` the item stays too, but for its mistakes.
pub(crate) fn attribute(
    args: TokenStream,
    item: TokenStream,
    default_crate: TokenStream,
    keys: &[&str],
    expand: impl FnOnce(&Args, TokenStream, &TokenStream) -> Result<TokenStream>,
) -> TokenStream {
    let expanded = syn::parse2::<Args>(args).and_then(|args| args.only(keys)).and_then(|args| {
        let krate = args.krate.as_ref().map_or(default_crate, ToTokens::to_token_stream);
        expand(&args, item.clone(), &krate)
    });
    match expanded {
        Ok(_) if !cfg!(feature = "enabled") => item,
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#error #item)
        }
    }
}

/// `#[profile]`.
pub(crate) fn profile(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    attribute(args, item, default_crate, EVERY, |args, item, krate| {
        if args.skip {
            return Ok(item);
        }
        let function = Function::parse(item, "profile")?;
        function.refuse_const("a `const fn` cannot be profiled: it must also run without a clock")?;
        function.refuse_lines("profile")?;
        probe(args, function, krate)
    })
}

fn probe(args: &Args, function: Function, krate: &TokenStream) -> Result<TokenStream> {
    let Function { attrs, vis, sig, brace, inner_attrs, body } = function;
    let span = Span::mixed_site();
    let variable =
        if sig.asyncness.is_some() { quote_spanned!(span=> __lagom_call) } else { quote_spanned!(span=> __lagom_span) };
    let Inputs { site: settings, calls } = inputs(args, &sig, krate, &variable)?;
    let site = site(args, &sig.ident, &settings, krate);
    let tracks_caller = attrs.iter().any(|attr| attr.path().is_ident("track_caller"));
    let fallible = output::fallible(&sig.output).filter(|_| !tracks_caller);
    let outcome = quote_spanned!(span=> #krate::__private::Outcome(&__lagom_value).failed());
    let finish = if args.records.is_some() && fallible.is_some() {
        let text = quote_spanned!(span=> || #krate::__private::ErrorText::of(&__lagom_value).error_text());
        quote_spanned!(span=> finish_with(#outcome, #text))
    } else if fallible.is_some() {
        quote_spanned!(span=> finish(#outcome))
    } else {
        quote_spanned!(span=> finish(false))
    };
    let content = if sig.asyncness.is_some() {
        let future = async_block(&sig, body);
        quote_spanned! {span=>
            let mut __lagom_call = #krate::__private::AsyncCall::new(#site);
            #calls
            let mut __lagom_future = ::core::pin::pin!(#future);
            let __lagom_value = ::core::future::poll_fn(|__lagom_context| {
                __lagom_call.poll(|| ::core::future::Future::poll(__lagom_future.as_mut(), __lagom_context))
            })
            .await;
            __lagom_call.#finish;
            __lagom_value
        }
    } else {
        let open = quote_spanned!(span=> let __lagom_span = #krate::__private::enter(#site); #calls);
        match fallible {
            // A closure, because `?` and `return` must not pass by the look at the value.
            Some(ty) => {
                let mut block = Group::new(Delimiter::Brace, body);
                block.set_span(brace.span.join());
                quote_spanned! {span=>
                    #open
                    let __lagom_value = #krate::__private::call(move || -> #ty #block);
                    __lagom_span.#finish;
                    __lagom_value
                }
            }
            None => quote!(#open #body),
        }
    };
    let mut block = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #content));
    block.set_span(brace.span.join());
    Ok(quote!(#(#attrs)* #vis #sig #block))
}

/// The body of an async function as a block.
pub(crate) fn async_block(sig: &Signature, body: TokenStream) -> TokenStream {
    // It cannot be annotated: a first, dead `return` fixes its type for every later one and the end.
    let span = Span::mixed_site();
    let typed = output::written(&sig.output).map(|ty| {
        quote_spanned! {span=>
            if let ::core::option::Option::Some(__lagom_value) = ::core::option::Option::None::<#ty> {
                return __lagom_value;
            }
        }
    });
    quote_spanned!(span=> async move { #typed #body })
}

/// `&SITE`: one static per function, shared by all its instances.
fn site(args: &Args, ident: &syn::Ident, settings: &TokenStream, krate: &TokenStream) -> TokenStream {
    let name = name(args, ident);
    let group = args.group.as_ref().map(|group| quote!(.group(#group)));
    let line = line(ident);
    quote_spanned! {Span::mixed_site()=> {
        static __LAGOM_SITE: #krate::__private::Site =
            #krate::__private::Site::new(#name, ::core::module_path!(), ::core::file!(), #line) #group #settings;
        &__LAGOM_SITE
    }}
}

/// The name in the tables.
pub(crate) fn name(args: &Args, ident: &syn::Ident) -> String {
    args.name.as_ref().map_or_else(|| ident.unraw().to_string(), syn::LitStr::value)
}

/// The line of a function: `line!()` answers for the place its own tokens come from, its name's, not the attribute's.
pub(crate) fn line(ident: &syn::Ident) -> TokenStream {
    quote_spanned!(ident.span()=> ::core::line!())
}
