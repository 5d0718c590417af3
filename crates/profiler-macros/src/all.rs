//! `#[profile_all]`: an attribute for every function of an item.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, ImplItem, Item, Result, Signature, TraitItem, Type};

use crate::args::Args;
use crate::expand::attribute;

/// `#[profile_all]`.
pub(crate) fn profile_all(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    attribute(args, item, default_crate, &["group", "crate", "skip"], |args, item, krate| {
        if args.skip {
            return Ok(item);
        }
        let parsed: Item = syn::parse2(item.clone())?;
        match &parsed {
            Item::Impl(_) | Item::Trait(_) => {}
            Item::Mod(module) if module.content.is_some() => {}
            Item::Mod(module) => {
                let message = "`#[profile_all]` sees only a module whose body stands here";
                return Err(syn::Error::new_spanned(module, message));
            }
            other => {
                let message = "`#[profile_all]` goes on an `impl` block, a trait or a module";
                return Err(syn::Error::new_spanned(other, message));
            }
        }
        All { krate, args }.item(&parsed, item)
    })
}

struct All<'a> {
    krate: &'a TokenStream,
    args: &'a Args,
}

impl All<'_> {
    /// An item that was parsed from these tokens.
    fn item(&self, item: &Item, tokens: TokenStream) -> Result<TokenStream> {
        match item {
            Item::Fn(item) => Ok(self.function(&item.attrs, &item.sig, None, tokens)),
            Item::Impl(item) if !is_decided(&item.attrs) => {
                let owner = owner(&item.self_ty);
                in_braces(tokens, |member: &ImplItem, tokens| match member {
                    ImplItem::Fn(member) => Ok(self.function(&member.attrs, &member.sig, Some(&owner), tokens)),
                    _ => Ok(tokens),
                })
            }
            Item::Trait(item) if !is_decided(&item.attrs) => {
                let owner = item.ident.unraw().to_string();
                in_braces(tokens, |member: &TraitItem, tokens| match member {
                    TraitItem::Fn(member) if member.default.is_some() => {
                        Ok(self.function(&member.attrs, &member.sig, Some(&owner), tokens))
                    }
                    _ => Ok(tokens),
                })
            }
            Item::Mod(item) if item.content.is_some() && !is_decided(&item.attrs) => {
                in_braces(tokens, |item: &Item, tokens| self.item(item, tokens))
            }
            _ => Ok(tokens),
        }
    }

    fn function(&self, attrs: &[Attribute], sig: &Signature, owner: Option<&str>, tokens: TokenStream) -> TokenStream {
        if sig.constness.is_some() || is_decided(attrs) || attrs.iter().any(|attr| mentions(attr, "naked")) {
            return tokens;
        }
        let krate = self.krate;
        let name = owner.map(|owner| {
            let name = format!("{owner}::{}", sig.ident.unraw());
            quote!(name = #name,)
        });
        let group = self.args.group.as_ref().map(|group| quote!(group = #group,));
        let profile = quote!(#[#krate::profile(#name #group crate = #krate)]);
        // The probes of the lines go in first, as `profile` may wrap the body.
        if attrs.iter().any(|attr| mentions(attr, "profile_lines")) {
            let (attributes, function) = split_attributes(tokens);
            return quote!(#attributes #profile #function);
        }
        quote!(#profile #tokens)
    }
}

/// Whether the author has said of the item itself what to do with it.
fn is_decided(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| mentions(attr, "profile") || mentions(attr, "profile_all"))
}

/// Whether this is the attribute `name`, by whatever path, or may come to it: `cfg_attr(…, name)`, `unsafe(name)`.
fn mentions(attr: &Attribute, name: &str) -> bool {
    fn contain(tokens: TokenStream, name: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == name,
            TokenTree::Group(group) => contain(group.stream(), name),
            _ => false,
        })
    }
    let path = attr.path();
    path.segments.last().is_some_and(|last| last.ident == name)
        || ((path.is_ident("cfg_attr") || path.is_ident("unsafe")) && contain(attr.meta.to_token_stream(), name))
}

/// The type of an `impl` block as it goes in front of its methods' names.
fn owner(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default(),
        Type::Reference(inner) => owner(&inner.elem),
        Type::Paren(inner) => owner(&inner.elem),
        Type::Group(inner) => owner(&inner.elem),
        other => other.to_token_stream().to_string(),
    }
}

/// Changes what stands in the braces that end an item, member by member, and leaves every other token as it is.
fn in_braces<T: Parse>(
    tokens: TokenStream,
    mut change: impl FnMut(&T, TokenStream) -> Result<TokenStream>,
) -> Result<TokenStream> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(TokenTree::Group(braces)) = tokens.last_mut() {
        let members = |input: ParseStream<'_>| {
            let inner_attrs = input.call(Attribute::parse_inner)?;
            let mut members = quote!(#(#inner_attrs)*);
            while !input.is_empty() {
                let start = input.cursor();
                let member: T = input.parse()?;
                members.extend(change(&member, between(start, input.cursor()))?);
            }
            Ok(members)
        };
        let mut changed = Group::new(braces.delimiter(), members.parse2(braces.stream())?);
        changed.set_span(braces.span());
        *braces = changed;
    }
    Ok(tokens.into_iter().collect())
}

/// The outer attributes, and what they stand on.
fn split_attributes(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter().peekable();
    let mut attributes = TokenStream::new();
    while let Some(sign) = tokens.next_if(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '#')) {
        attributes.extend([sign]);
        attributes.extend(tokens.next());
    }
    (attributes, tokens.collect())
}

fn between(mut start: Cursor<'_>, end: Cursor<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    while start != end {
        let Some((token, next)) = start.token_tree() else { break };
        tokens.extend([token]);
        start = next;
    }
    tokens
}
