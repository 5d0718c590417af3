//! `#[heap_test]`: a test with limits on what it allocates.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, LitInt, Path, Result, UnOp};

use crate::function::Function;
use crate::{list, output};

/// What stands in the parentheses.
#[derive(Default)]
struct Args {
    limits: Vec<Limit>,
    warm_up: u32,
    krate: Option<Path>,
}

struct Limit {
    key: String,
    /// A variant of the profiler's `Figure`.
    figure: &'static str,
    value: Expr,
}

const KNOWN: &str = "known are `max_live = \"1 MiB\"`, `max_allocs = 100`, `max_bytes = \"4 MiB\"`, `max_left = 0`, `no_leak`, \
                     `warm_up = 1` and `crate = path`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        list::read(input, |key, input| args.value(key, input))?;
        Ok(args)
    }
}

impl Args {
    fn value(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        let figure = match key.to_string().as_str() {
            "max_live" | "max_peak" => "Peak",
            "max_allocs" => "Allocations",
            "max_bytes" => "Bytes",
            "max_left" => "Left",
            "no_leak" => {
                return self.limit(key, "Left", syn::parse_quote!(0));
            }
            "warm_up" => {
                equals(key, input)?;
                self.warm_up = input.parse::<LitInt>()?.base10_parse()?;
                return Ok(());
            }
            "crate" => {
                equals(key, input)?;
                self.krate = Some(list::path(input)?);
                return Ok(());
            }
            _ => return Err(syn::Error::new(key.span(), format!("unknown argument `{key}`; {KNOWN}"))),
        };
        equals(key, input)?;
        let value: Expr = input.parse()?;
        // As a number it would be another one, without a word.
        if let Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) | Expr::Lit(ExprLit { lit: Lit::Float(_), .. }) = value {
            let message = "a limit is a whole number, a text such as \"1.5 MiB\", or a constant expression";
            return Err(syn::Error::new_spanned(value, message));
        }
        self.limit(key, figure, value)
    }

    fn limit(&mut self, key: &Ident, figure: &'static str, value: Expr) -> Result<()> {
        if let Some(other) = self.limits.iter().find(|limit| limit.figure == figure) {
            let message = format!("`{key}` limits the same as `{}`: give one of the two", other.key);
            return Err(syn::Error::new(key.span(), message));
        }
        self.limits.push(Limit { key: key.to_string(), figure, value });
        Ok(())
    }
}

fn equals(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    list::equals(key, input, || format!("`{key}` wants a value; {KNOWN}"))
}

impl Limit {
    /// Its value as a number.
    fn number(&self, krate: &TokenStream) -> TokenStream {
        let value = &self.value;
        // What is wrong with the value is said where it stands.
        let at = Span::mixed_site().located_at(value.span());
        match value {
            Expr::Lit(ExprLit { lit: lit @ (Lit::Str(_) | Lit::Int(_)), .. }) => {
                quote_spanned!(at=> #krate::__private::Literal(#lit).bytes())
            }
            other => quote_spanned!(at=> { let __lagom_limit = #other; __lagom_limit as ::core::primitive::u64 }),
        }
    }

    /// A value of the profiler's type `Limit`.
    fn written(&self, krate: &TokenStream) -> TokenStream {
        let (figure, number) = (Ident::new(self.figure, Span::call_site()), self.number(krate));
        let text = self.value.to_token_stream().to_string();
        quote! {
            #krate::__private::Limit {
                figure: #krate::__private::Figure::#figure,
                bound: #krate::__private::Bound::AtMost,
                value: #number,
                text: #text,
            }
        }
    }
}

/// `#[heap_test]`.
pub(crate) fn heap_test(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> TokenStream {
    expand(args, item.clone(), default_crate).unwrap_or_else(|error| {
        let error = error.to_compile_error();
        quote!(#error #[allow(dead_code)] #item)
    })
}

fn expand(args: TokenStream, item: TokenStream, default_crate: TokenStream) -> Result<TokenStream> {
    let Args { limits, warm_up, krate, .. } = syn::parse2(args)?;
    let krate = krate.map_or(default_crate, ToTokens::into_token_stream);
    if limits.is_empty() {
        return Err(syn::Error::new(Span::call_site(), format!("`#[heap_test]` wants a limit; {KNOWN}")));
    }
    let function = Function::parse(item, "heap_test")?;
    if let Some(test) = function.attrs.iter().find(|attr| attr.path().is_ident("test")) {
        return Err(syn::Error::new_spanned(test, "`#[heap_test]` makes a test of it: leave `#[test]` away"));
    }
    if let Some(token) = &function.sig.asyncness {
        let message = "a test runs on its own thread: make it a `fn`, and let a runtime run the future inside";
        return Err(syn::Error::new_spanned(token, message));
    }
    if !function.sig.inputs.is_empty() {
        return Err(syn::Error::new_spanned(&function.sig.inputs, "a test has no parameters"));
    }
    // Beside the test, so that what is wrong with them comes out also where no tests are built.
    let numbers: Vec<_> = limits.iter().map(|limit| limit.number(&krate)).collect();
    let limits = limits.iter().map(|limit| limit.written(&krate));
    let what = format!("`{}`", function.sig.ident.unraw());
    let span = Span::mixed_site();
    let test = function.with_body(|sig, body| {
        let returns = output::written(&sig.output).map(|ty| quote!(-> #ty));
        let warm_up = (warm_up > 0).then(|| {
            quote_spanned! {span=>
                for _ in 0..#warm_up {
                    let _ = __lagom_body();
                }
            }
        });
        quote_spanned! {span=>
            let __lagom_body = || #returns { #body };
            #warm_up
            let __lagom_check = #krate::__private::Check::begin("`#[heap_test]`");
            let __lagom_value = __lagom_body();
            // What has failed by itself says why.
            if !#krate::__private::Outcome(&__lagom_value).failed() {
                __lagom_check.end(#what, &[#(#limits),*]);
            }
            __lagom_value
        }
    });
    Ok(quote! {
        #(const _: ::core::primitive::u64 = #numbers;)*
        #[::core::prelude::v1::test]
        #[allow(clippy::let_unit_value)]
        #test
    })
}
