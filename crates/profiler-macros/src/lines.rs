//! `#[profile_lines]`: a probe before every statement.

mod source;
mod walk;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::{Block, Result, Stmt};

use crate::args::Args;
use crate::expand::{self, attribute};
use crate::function::Function;
use source::Source;
use walk::Walk;

/// `#[profile_lines]`.
pub(crate) fn profile_lines(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    attribute(args, item, default_crate, &["name", "crate"], |args, item, krate| {
        let function = Function::parse(item.clone(), "profile_lines")?;
        function.refuse_const("the lines of a `const fn` cannot be timed: it must also run without a clock")?;
        if let Some(token) = &function.sig.asyncness {
            let message = "the lines of an `async fn` cannot be timed: between its polls other code runs; take them out \
                           into a function that does not wait";
            return Err(syn::Error::new_spanned(token, message));
        }
        Ok(probe(args, function, krate)?.unwrap_or(item))
    })
}

/// `None` if there is no statement to time.
fn probe(args: &Args, function: Function, krate: &TokenStream) -> Result<Option<TokenStream>> {
    let Function { attrs, vis, sig, brace, inner_attrs, body } = function;
    let mut statements = Block::parse_within.parse2(body)?;
    // Items see no variables, and some like them in front.
    let items = statements.iter().take_while(|statement| matches!(statement, Stmt::Item(_))).count();
    let mut walk = Walk::new(Source::of(brace.span.join()));
    walk.statements(&mut statements);
    let rows = walk.rows();
    if rows.is_empty() {
        return Ok(None);
    }
    let (name, line, count) = (expand::name(args, &sig.ident), expand::line(&sig.ident), rows.len());
    let rows = rows.iter().map(|row| {
        let (line, text) = (row.line, &row.text);
        quote!((#line, #text))
    });
    let open = quote_spanned! {Span::mixed_site()=>
        let __lagom_lines = {
            static __LAGOM_COUNTS: [#krate::__private::LineCount; #count] =
                [const { #krate::__private::LineCount::new() }; #count];
            static __LAGOM_SITE: #krate::__private::LineSite = #krate::__private::LineSite::new(
                #name,
                ::core::module_path!(),
                ::core::file!(),
                #line,
                &[#(#rows),*],
                &__LAGOM_COUNTS,
            );
            #krate::__private::LineProbe::<#count>::enter(&__LAGOM_SITE)
        };
    };
    let (items, statements) = statements.split_at(items);
    let content = quote!(#(#inner_attrs)* #(#items)* #open #(#statements)*);
    let mut block = Group::new(Delimiter::Brace, content);
    block.set_span(brace.span.join());
    Ok(Some(quote!(#(#attrs)* #vis #sig #block)))
}
