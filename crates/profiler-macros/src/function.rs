//! A function as it stands in the source, its body untouched.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Result, Signature, Token, Visibility, braced, token};

/// A free function, an inherent or trait method, or a trait's default method.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) brace: token::Brace,
    pub(crate) inner_attrs: Vec<Attribute>,
    /// Everything between the braces, as tokens: what the macro need not understand it cannot break.
    pub(crate) body: TokenStream,
}

impl Function {
    /// The function that the attribute `#[profile]`, or whatever its name, stands on.
    pub(crate) fn parse(item: TokenStream, attribute: &str) -> Result<Self> {
        (|input: ParseStream<'_>| Self::parse_from(input, attribute)).parse2(item)
    }

    fn parse_from(input: ParseStream<'_>, attribute: &str) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig: Signature = input.parse().map_err(|error| {
            syn::Error::new(error.span(), format!("`#[{attribute}]` goes on a function or a method: {error}"))
        })?;
        if input.peek(Token![;]) {
            return Err(syn::Error::new_spanned(&sig, format!("`#[{attribute}]` needs a function with a body")));
        }
        let content;
        let brace = braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        let body = content.step(|cursor| {
            let mut rest = *cursor;
            let mut tokens = Vec::<TokenTree>::new();
            while let Some((token, next)) = rest.token_tree() {
                tokens.push(token);
                rest = next;
            }
            Ok((tokens.into_iter().collect(), rest))
        })?;
        Ok(Self { attrs, vis, sig, brace, inner_attrs, body })
    }

    pub(crate) fn refuse_const(&self, message: &str) -> Result<()> {
        match &self.sig.constness {
            Some(token) => Err(syn::Error::new_spanned(token, message)),
            None => Ok(()),
        }
    }

    /// Refuses `#[profile_lines]` below: its probes must go in before anything else is there.
    pub(crate) fn refuse_lines(&self, attribute: &str) -> Result<()> {
        let lines = |attr: &&Attribute| attr.path().segments.last().is_some_and(|last| last.ident == "profile_lines");
        match self.attrs.iter().find(lines) {
            Some(lines) => {
                let message = format!(
                    "put `#[profile_lines]` above `#[{attribute}]`, whose code else takes the place of the lines"
                );
                Err(syn::Error::new_spanned(lines, message))
            }
            None => Ok(()),
        }
    }

    /// The same function with another body in place of its own.
    pub(crate) fn with_body(self, change: impl FnOnce(&Signature, TokenStream) -> TokenStream) -> TokenStream {
        let Self { attrs, vis, sig, brace, inner_attrs, body } = self;
        let content = change(&sig, body);
        let mut block = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #content));
        block.set_span(brace.span.join());
        quote!(#(#attrs)* #vis #sig #block)
    }
}
