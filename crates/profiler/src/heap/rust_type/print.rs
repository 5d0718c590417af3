//! Types as people write them, the same for all dialects.

use std::fmt;

use super::{Path, Segment, Type};

/// What the arguments are if nobody chooses others.
const DEFAULTS: [&str; 4] =
    ["alloc::alloc::Global", "std::hash::random::RandomState", "std::collections::hash::map::RandomState", "Global"];

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Tuple(types) if types.len() == 1 => write!(f, "({},)", types[0]),
            Self::Tuple(types) => write!(f, "({})", List(types)),
            Self::Slice(ty) => write!(f, "[{ty}]"),
            Self::Array(ty, length) => write!(f, "[{ty}; {length}]"),
            Self::Reference(mutable, ty) => write!(f, "&{}{}", if *mutable { "mut " } else { "" }, Bracketed(ty)),
            Self::Pointer(mutable, ty) => write!(f, "*{} {}", if *mutable { "mut" } else { "const" }, Bracketed(ty)),
            Self::Function(head, parameters, result) => {
                write!(f, "{head}({})", List(parameters))?;
                result.as_ref().map_or(Ok(()), |result| write!(f, " -> {result}"))
            }
            Self::Bounds(keyword, bounds) => {
                for (place, bound) in bounds.iter().enumerate() {
                    write!(f, "{} {bound}", if place == 0 { keyword } else { " +" })?;
                }
                Ok(())
            }
            Self::Lifetime(name) | Self::Constant(name) => f.write_str(name),
            Self::Binding(name, ty) => write!(f, "{name} = {ty}"),
            Self::Never => f.write_str("!"),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(qualified) = &self.qualified {
            match &qualified.of {
                Some(of) => write!(f, "<{} as {of}>", qualified.ty)?,
                None => write!(f, "<{}>", qualified.ty)?,
            }
        }
        for (place, segment) in self.segments.iter().enumerate() {
            let separator = if place > 0 || self.qualified.is_some() { "::" } else { "" };
            write!(f, "{separator}{segment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let chosen: Vec<&Type<'_>> = self.arguments.iter().filter(|ty| !is_default(ty)).collect();
        if chosen.is_empty() { Ok(()) } else { write!(f, "<{}>", List(&chosen)) }
    }
}

/// Allocator and hasher of std, which say nothing; lifetimes, too.
fn is_default(ty: &Type<'_>) -> bool {
    match ty {
        Type::Lifetime(_) => true,
        Type::Path(path) => {
            path.segments.iter().all(|segment| segment.arguments.is_empty())
                && path.qualified.is_none()
                && DEFAULTS.iter().any(|default| default.split("::").eq(path.segments.iter().map(|s| s.name)))
        }
        _ => false,
    }
}

struct List<'t, T>(&'t [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, ty) in self.0.iter().enumerate() {
            write!(f, "{}{ty}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Several bounds need brackets behind `&`.
struct Bracketed<'t, 'a>(&'t Type<'a>);

impl fmt::Display for Bracketed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::Bounds(_, bounds) if bounds.len() > 1 => write!(f, "({})", self.0),
            ty => ty.fmt(f),
        }
    }
}
