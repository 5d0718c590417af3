//! What the return type tells before types are known.

use syn::{GenericArgument, PathArguments, ReturnType, Type};

/// Types that are never a `Result`: their functions need no look at the value they return.
const PLAIN: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// The return type if its value may be a `Result`.
pub(crate) fn fallible(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    may_fail(ty).then(|| nameable(ty))
}

/// The return type as it may be written inside a body; `None` for `!`, of which no value returns and which no
/// type but a function's may name.
pub(crate) fn written(output: &ReturnType) -> Option<Type> {
    match output {
        ReturnType::Default => Some(syn::parse_quote!(())),
        ReturnType::Type(_, ty) => (!is_never(ty)).then(|| nameable(ty)),
    }
}

fn is_never(ty: &Type) -> bool {
    match ty {
        Type::Never(_) => true,
        Type::Paren(inner) => is_never(&inner.elem),
        Type::Group(inner) => is_never(&inner.elem),
        _ => false,
    }
}

fn may_fail(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.qself.is_some() || !PLAIN.iter().any(|plain| path.path.is_ident(plain)),
        Type::Macro(_) => true,
        Type::Paren(inner) => may_fail(&inner.elem),
        Type::Group(inner) => may_fail(&inner.elem),
        _ => false,
    }
}

/// The type with every `impl Trait` left to inference, which no expression may spell.
fn nameable(ty: &Type) -> Type {
    let mut ty = ty.clone();
    erase(&mut ty);
    ty
}

fn erase(ty: &mut Type) {
    match ty {
        Type::ImplTrait(_) => *ty = syn::parse_quote!(_),
        Type::Array(inner) => erase(&mut inner.elem),
        Type::Group(inner) => erase(&mut inner.elem),
        Type::Paren(inner) => erase(&mut inner.elem),
        Type::Reference(inner) => erase(&mut inner.elem),
        Type::Slice(inner) => erase(&mut inner.elem),
        Type::Tuple(inner) => inner.elems.iter_mut().for_each(erase),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(list) = &mut segment.arguments {
                    for argument in &mut list.args {
                        match argument {
                            GenericArgument::Type(inner) => erase(inner),
                            GenericArgument::AssocType(inner) => erase(&mut inner.ty),
                            _ => {}
                        }
                    }
                }
            }
        }
        _ => {}
    }
}
