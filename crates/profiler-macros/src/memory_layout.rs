//! `#[derive(MemoryLayout)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Fields, Member, Result, Type};

use crate::derive::{Helper, Input, members};

const ATTRIBUTE: &str = "memory_layout";

/// `#[derive(MemoryLayout)]`.
pub(crate) fn derive(item: TokenStream, default_crate: TokenStream) -> TokenStream {
    expand(item, default_crate).unwrap_or_else(|error| error.to_compile_error())
}

fn expand(item: TokenStream, default_crate: TokenStream) -> Result<TokenStream> {
    let input = Input::parse(item, "all fields of a union lie in one place: there is no layout to report")?;
    let helper = Helper::of(&input.attrs, ATTRIBUTE, &["crate"])?;
    let krate = helper.krate(default_crate);
    let repr = input.repr();
    let layout = if input.is_enum {
        let variants = input.variants.iter().map(|variant| {
            let types: Vec<&Type> = variant.fields.iter().map(|field| &field.ty).collect();
            let fields = fields(&variant.fields, |ty, name, _| quote!(#krate::__private::unplaced::<#ty>(#name)));
            let name = variant.ident.as_ref().map(|ident| ident.unraw().to_string());
            quote!(#krate::__private::variant::<Self, (#(#types,)*)>(#name, #fields))
        });
        quote!(#krate::__private::of_enum::<Self>(#repr, ::std::vec![#(#variants),*]))
    } else {
        let fields = input.variants.iter().map(|variant| {
            fields(&variant.fields, |ty, name, member| {
                quote!(#krate::__private::field::<#ty>(#name, ::core::mem::offset_of!(Self, #member)))
            })
        });
        quote!(#krate::__private::of_struct::<Self>(#repr, #(#fields)*))
    };
    let head = input.head(&quote!(#krate::MemoryLayout), &[], &[]);
    Ok(quote! {
        #head {
            fn memory_layout() -> #krate::heap::TypeLayout {
                #layout
            }
        }
    })
}

/// A list with what `each` makes of the type, the name and the member of a field.
fn fields(fields: &Fields, each: impl Fn(&Type, &str, &Member) -> TokenStream) -> TokenStream {
    let fields = members(fields).map(|(member, field)| {
        let name = match &member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        each(&field.ty, &name, &member)
    });
    quote!(::std::vec![#(#fields),*])
}
