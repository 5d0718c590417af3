//! A function as it stands in the source, its body untouched.

use proc_macro2::{TokenStream, TokenTree};
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
}
