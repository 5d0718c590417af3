//! From the function as written to the function with a probe.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;

use crate::args::Args;
use crate::function::Function;
use crate::output;

/// Expands the attribute; on an error the item stays as it was, so that one mistake gives one message.
pub(crate) fn expand(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    let parsed = syn::parse2::<Args>(args).and_then(|args| Ok((args, syn::parse2::<Function>(item.clone())?)));
    match parsed {
        Ok(_) if !cfg!(feature = "enabled") => item,
        Ok((args, function)) => {
            let krate = args.krate.as_ref().map_or(default_crate, ToTokens::to_token_stream);
            probe(&args, function, &krate)
        }
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#error #item)
        }
    }
}

fn probe(args: &Args, function: Function, krate: &TokenStream) -> TokenStream {
    let Function { attrs, vis, sig, brace, inner_attrs, body } = function;
    let span = Span::mixed_site();
    let site = site(args, &sig.ident, krate);
    let tracks_caller = attrs.iter().any(|attr| attr.path().is_ident("track_caller"));
    let fallible = output::fallible(&sig.output).filter(|_| !tracks_caller);
    let outcome = quote_spanned!(span=> #krate::__private::Outcome(&__lagom_value).failed());
    let content = if sig.asyncness.is_some() {
        // An `async` block cannot be annotated: a first, dead `return` fixes its type for every later one and the end.
        let typed = output::written(&sig.output).map(|ty| {
            quote_spanned! {span=>
                if let ::core::option::Option::Some(__lagom_value) = ::core::option::Option::None::<#ty> {
                    return __lagom_value;
                }
            }
        });
        let failed = fallible.map_or_else(|| quote!(false), |_| outcome);
        quote_spanned! {span=>
            let mut __lagom_call = #krate::__private::AsyncCall::new(#site);
            let mut __lagom_future = ::core::pin::pin!(async move { #typed #body });
            let __lagom_value = ::core::future::poll_fn(|__lagom_context| {
                __lagom_call.poll(|| ::core::future::Future::poll(__lagom_future.as_mut(), __lagom_context))
            })
            .await;
            __lagom_call.finish(#failed);
            __lagom_value
        }
    } else {
        match fallible {
            // A closure, because `?` and `return` must not pass by the look at the value.
            Some(ty) => {
                let mut block = Group::new(Delimiter::Brace, body);
                block.set_span(brace.span.join());
                quote_spanned! {span=>
                    let __lagom_span = #krate::__private::enter(#site);
                    let __lagom_value = #krate::__private::call(move || -> #ty #block);
                    __lagom_span.finish(#outcome);
                    __lagom_value
                }
            }
            None => {
                let open = quote_spanned!(span=> let __lagom_span = #krate::__private::enter(#site););
                quote!(#open #body)
            }
        }
    };
    let mut block = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #content));
    block.set_span(brace.span.join());
    quote!(#(#attrs)* #vis #sig #block)
}

/// `&SITE`: one static per function, shared by all its instances.
fn site(args: &Args, ident: &syn::Ident, krate: &TokenStream) -> TokenStream {
    let name = match &args.name {
        Some(name) => name.value(),
        None => ident.unraw().to_string(),
    };
    // `line!()` answers for the place its own tokens come from: the function's name, not the attribute.
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote_spanned! {Span::mixed_site()=> {
        static __LAGOM_SITE: #krate::__private::Site =
            #krate::__private::Site::new(#name, ::core::module_path!(), ::core::file!(), #line);
        &__LAGOM_SITE
    }}
}
