//! What stands in the parentheses of the attributes.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Result, Token, parenthesized, token};

use crate::list;

/// How many calls `records` keeps when it is not said.
const RECORDS: u32 = 1_000;

/// What `repeats` compares.
pub(crate) enum Repeats {
    /// Every argument.
    All(Span),
    Chosen(Vec<Expr>),
}

/// The arguments of all the attributes; which of them know which is up to [`Args::only`].
#[derive(Default)]
pub(crate) struct Args {
    given: Vec<Ident>,
    /// The name in the tables instead of the function's.
    pub(crate) name: Option<LitStr>,
    pub(crate) group: Option<LitStr>,
    /// Where the profiler is found instead of the default path.
    pub(crate) krate: Option<Path>,
    /// How large the input of a call is.
    pub(crate) size: Option<Expr>,
    pub(crate) repeats: Option<Repeats>,
    /// How many of the last calls are kept.
    pub(crate) records: Option<u32>,
    /// Leave the function alone.
    pub(crate) skip: bool,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        args.given = list::read(input, |key, input| args.value(key, input))?;
        match (args.skip, &args.given[..]) {
            (true, [first, second, ..]) => {
                let other = if first == "skip" { second } else { first };
                Err(syn::Error::new(other.span(), "`skip` goes alone"))
            }
            _ => Ok(args),
        }
    }
}

impl Args {
    fn value(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(text(key, input)?),
            "group" => self.group = Some(text(key, input)?),
            "crate" => {
                equals(key, input)?;
                self.krate = Some(list::path(input)?);
            }
            "size" => {
                equals(key, input)?;
                self.size = Some(input.parse()?);
            }
            "repeats" if input.peek(token::Paren) => {
                let content;
                let parens = parenthesized!(content in input);
                let chosen = Punctuated::<Expr, Token![,]>::parse_terminated(&content)?;
                if chosen.is_empty() {
                    let message = "name the arguments to compare, as in `repeats(key, options.depth)`";
                    return Err(syn::Error::new(parens.span.join(), message));
                }
                self.repeats = Some(Repeats::Chosen(chosen.into_iter().collect()));
            }
            "repeats" if input.parse::<Option<Token![=]>>()?.is_some() => {
                self.repeats = Some(Repeats::Chosen(vec![input.parse()?]));
            }
            "repeats" => self.repeats = Some(Repeats::All(key.span())),
            "records" if input.parse::<Option<Token![=]>>()?.is_some() => {
                let count: LitInt = input.parse()?;
                let records = count.base10_parse()?;
                if records == 0 {
                    return Err(syn::Error::new(count.span(), "0 records are none: leave `records` away"));
                }
                self.records = Some(records);
            }
            "records" => self.records = Some(RECORDS),
            "skip" => self.skip = true,
            _ => return Err(syn::Error::new(key.span(), format!("unknown argument `{key}`; {}", known(EVERY)))),
        }
        Ok(())
    }

    /// Refuses what this attribute does not know.
    pub(crate) fn only(self, keys: &[&str]) -> Result<Self> {
        match self.given.iter().find(|given| !keys.iter().any(|key| given == key)) {
            Some(key) => Err(syn::Error::new(key.span(), format!("unknown argument `{key}`; {}", known(keys)))),
            None => Ok(self),
        }
    }
}

/// What `#[profile]` knows.
pub(crate) const EVERY: &[&str] = &["name", "group", "size", "repeats", "records", "crate", "skip"];

fn known(keys: &[&str]) -> String {
    let (last, first) = keys.split_last().expect("every attribute knows some");
    let first: Vec<String> = first.iter().map(|key| written(key)).collect();
    format!("known are {} and {}", first.join(", "), written(last))
}

/// How an argument is written.
fn written(key: &str) -> String {
    match key {
        "name" | "group" => format!("`{key} = \"…\"`"),
        "size" => "`size = expression`".to_owned(),
        "crate" => "`crate = path`".to_owned(),
        other => format!("`{other}`"),
    }
}

fn equals(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    list::equals(key, input, || format!("write {}", written(&key.to_string())))
}

fn text(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    equals(key, input)?;
    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        return Err(syn::Error::new(text.span(), format!("the {key} is empty")));
    }
    Ok(text)
}
