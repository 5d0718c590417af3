//! `#[profile_memory]`: what each call does with the heap.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::args::Args;
use crate::expand::{self, attribute};
use crate::function::Function;

/// `#[profile_memory]`.
pub(crate) fn profile_memory(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    attribute(args, item, default_crate, &["name", "crate"], |args, item, krate| {
        let function = Function::parse(item, "profile_memory")?;
        function
            .refuse_const("the memory of a `const fn` cannot be measured: it must also run without an allocator")?;
        function.refuse_lines("profile_memory")?;
        Ok(probe(args, function, krate))
    })
}

fn probe(args: &Args, function: Function, krate: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let (name, line) = (expand::name(args, &function.sig.ident), expand::line(&function.sig.ident));
    let site = quote_spanned! {span=> {
        static __LAGOM_SITE: #krate::__private::MemorySite =
            #krate::__private::MemorySite::new(#name, ::core::module_path!(), ::core::file!(), #line);
        &__LAGOM_SITE
    }};
    function.with_body(|sig, body| {
        if sig.asyncness.is_none() {
            return quote_spanned!(span=> let __lagom_memory = #krate::__private::enter_memory(#site); #body);
        }
        let future = expand::async_block(sig, body);
        quote_spanned! {span=>
            let mut __lagom_memory = #krate::__private::MemoryCall::new(#site);
            let mut __lagom_future = ::core::pin::pin!(#future);
            ::core::future::poll_fn(|__lagom_context| {
                __lagom_memory.poll(|| ::core::future::Future::poll(__lagom_future.as_mut(), __lagom_context))
            })
            .await
        }
    })
}
