//! What the derives read of a type.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Field, Fields, Generics, Ident, Item, LitStr, Member, Path, Result, Token, WherePredicate};

/// A type as it is declared.
pub(crate) struct Input {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Of a struct the one it is.
    pub(crate) variants: Vec<Variant>,
    pub(crate) is_enum: bool,
}

pub(crate) struct Variant {
    pub(crate) attrs: Vec<Attribute>,
    /// None for a struct.
    pub(crate) ident: Option<Ident>,
    pub(crate) fields: Fields,
}

impl Input {
    /// What a derive stands on; `refusal` is said of a union.
    pub(crate) fn parse(item: TokenStream, refusal: &str) -> Result<Self> {
        match syn::parse2(item)? {
            Item::Struct(item) => {
                let variant = Variant { attrs: Vec::new(), ident: None, fields: item.fields };
                let (attrs, ident, generics) = (item.attrs, item.ident, item.generics);
                Ok(Self { attrs, ident, generics, variants: vec![variant], is_enum: false })
            }
            Item::Enum(item) => {
                let variants = item.variants.into_iter().map(|variant| Variant {
                    attrs: variant.attrs,
                    ident: Some(variant.ident),
                    fields: variant.fields,
                });
                let (attrs, ident, generics) = (item.attrs, item.ident, item.generics);
                Ok(Self { attrs, ident, generics, variants: variants.collect(), is_enum: true })
            }
            Item::Union(item) => Err(syn::Error::new(item.ident.span(), refusal)),
            other => Err(syn::Error::new_spanned(other, "it goes on a struct or an enum")),
        }
    }

    /// What stands in the attributes `repr`, as in `C, packed`.
    pub(crate) fn repr(&self) -> String {
        let reprs = self.attrs.iter().filter(|attr| attr.path().is_ident("repr"));
        let lists = reprs.filter_map(|attr| Some(attr.meta.require_list().ok()?.tokens.to_string()));
        lists.collect::<Vec<_>>().join(", ")
    }

    /// `impl … trait for type where …`, where each of `bounds` implements the trait, too.
    pub(crate) fn head(&self, of: &TokenStream, bounds: &[TokenStream], predicates: &[WherePredicate]) -> TokenStream {
        let ident = &self.ident;
        let (generics, arguments, clause) = self.generics.split_for_impl();
        let given = clause.map(|clause| clause.predicates.iter());
        let given = given.into_iter().flatten();
        quote! {
            #[automatically_derived]
            impl #generics #of for #ident #arguments where #(#given,)* #(#predicates,)* #(#bounds: #of,)*
        }
    }
}

/// The fields with how they are reached: by name or by number.
pub(crate) fn members(fields: &Fields) -> impl Iterator<Item = (Member, &Field)> {
    fields.members().zip(fields)
}

/// The arguments of a derive's helper attribute, at one place.
#[derive(Default)]
pub(crate) struct Helper {
    /// Where the profiler is found instead of the default path.
    pub(crate) krate: Option<Path>,
    /// What to ask of the type's parameters instead of what the fields suggest.
    pub(crate) bound: Option<Vec<WherePredicate>>,
    /// The span of `skip`.
    pub(crate) skip: Option<Span>,
    pub(crate) with: Option<Expr>,
}

impl Helper {
    /// Those of `#[name(…)]` among the attributes; `keys` are known here.
    pub(crate) fn of(attrs: &[Attribute], name: &str, keys: &[&str]) -> Result<Self> {
        let mut helper = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
            attr.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                if !keys.contains(&key.as_str()) {
                    let known: Vec<String> = keys.iter().map(|key| format!("`{}`", written(key))).collect();
                    let known = known.join(" and ");
                    return Err(meta.error(format!("unknown here: `{key}`; known are {known}")));
                }
                let twice = match key.as_str() {
                    "skip" => helper.skip.replace(meta.path.segments[0].ident.span()).is_some(),
                    "crate" => helper.krate.replace(meta.value()?.call(Path::parse_mod_style)?).is_some(),
                    "with" => helper.with.replace(meta.value()?.parse()?).is_some(),
                    _ => {
                        let text: LitStr = meta.value()?.parse()?;
                        let predicates = text.parse_with(Punctuated::<WherePredicate, Token![,]>::parse_terminated)?;
                        helper.bound.replace(predicates.into_iter().collect()).is_some()
                    }
                };
                if twice { Err(meta.error(format!("`{key}` is given twice"))) } else { Ok(()) }
            })?;
        }
        match (helper.skip, &helper.with) {
            (Some(skip), Some(_)) => Err(syn::Error::new(skip, "either `skip` or `with`")),
            _ => Ok(helper),
        }
    }

    /// The path to the profiler.
    pub(crate) fn krate(&self, default_crate: TokenStream) -> TokenStream {
        self.krate.as_ref().map_or(default_crate, ToTokens::to_token_stream)
    }
}

/// How an argument is written.
fn written(key: &str) -> &str {
    match key {
        "crate" => "crate = path",
        "with" => "with = function",
        "bound" => "bound = \"T: Bound\"",
        other => other,
    }
}

/// What of a field's type stands for the type's own parameters: `T`, or `T::Item` where only that is used.
pub(crate) fn parameters(ty: TokenStream, generics: &Generics, found: &mut Vec<TokenStream>) {
    let mut tokens = ty.into_iter().peekable();
    // A name behind `::` or a lifetime's is no parameter.
    let mut is_free = true;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => parameters(group.stream(), generics, found),
            TokenTree::Ident(ident) if is_free && generics.type_params().any(|param| param.ident == ident) => {
                let mut used = quote!(#ident);
                let mut rest = tokens.clone();
                let colons: TokenStream = rest.by_ref().take(2).collect();
                if let (true, Some(TokenTree::Ident(item))) = (colons.to_string() == "::", rest.next()) {
                    used = quote!(#ident::#item);
                }
                if !found.iter().any(|other| other.to_string() == used.to_string()) {
                    found.push(used);
                }
                is_free = true;
            }
            TokenTree::Punct(sign) => is_free = !matches!(sign.as_char(), ':' | '\''),
            _ => is_free = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_type() {
        let generics: Generics = syn::parse_quote!(<'a, T, U: Iterator>);
        let used = |ty: TokenStream| {
            let mut found = Vec::new();
            parameters(ty, &generics, &mut found);
            found.iter().map(|used| used.to_string().replace(' ', "")).collect::<Vec<_>>()
        };
        assert_eq!(used(quote!(Vec<(T, [U; 3])>)), ["T", "U"]);
        assert_eq!(used(quote!(Option<U::Item>)), ["U::Item"]);
        assert_eq!(used(quote!(Map<T, T>)), ["T"]);
        assert_eq!(used(quote!(other::T)), [""; 0]);
        assert_eq!(used(quote!(&'a str)), [""; 0]);
    }
}
