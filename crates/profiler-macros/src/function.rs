//! A function as it stands in the source, its body untouched.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
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

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig: Signature = input.parse().map_err(|error| {
            syn::Error::new(error.span(), format!("`#[profile]` goes on a function or a method: {error}"))
        })?;
        if input.peek(Token![;]) {
            return Err(syn::Error::new_spanned(&sig, "`#[profile]` needs a function with a body"));
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
        if let Some(token) = &sig.constness {
            return Err(syn::Error::new_spanned(
                token,
                "a `const fn` cannot be profiled: it must also run without a clock",
            ));
        }
        Ok(Self { attrs, vis, sig, brace, inner_attrs, body })
    }
}
