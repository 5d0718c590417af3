//! Paths and types as demanglers and debug information write them.
//!
//! Three dialects: symbols in the form v0 (`<alloc::vec::Vec<u8>>::push`), in the older one
//! (`alloc::vec::Vec<T,A>::push`), and the names of debug information (`push<u8, alloc::alloc::Global>`). What none of
//! them writes is an error, never a panic.

mod parser;
mod print;
#[cfg(test)]
mod tests;

pub(crate) use parser::path;
#[cfg(test)]
pub(crate) use parser::ty;

/// A type, or a constant that stands for one in a list of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type<'a> {
    Path(Path<'a>),
    Tuple(Vec<Type<'a>>),
    Slice(Box<Type<'a>>),
    /// Element and length.
    Array(Box<Type<'a>>, &'a str),
    Reference(bool, Box<Type<'a>>),
    /// Mutable, and what it points to.
    Pointer(bool, Box<Type<'a>>),
    /// What stands before the brackets, such as `unsafe extern "C" fn`; parameters; result.
    Function(&'a str, Vec<Type<'a>>, Option<Box<Type<'a>>>),
    /// The bounds of a `dyn` or `impl`, lifetimes left out.
    Bounds(&'static str, Vec<Type<'a>>),
    Lifetime(&'a str),
    /// A number, text or block.
    Constant(&'a str),
    /// `Output = T`
    Binding(&'a str, Box<Type<'a>>),
    Never,
}

/// `a::b::C<D>::e`, `<T as Trait>::f`, `<T>::f`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    pub(crate) qualified: Option<Box<Qualified<'a>>>,
    pub(crate) segments: Vec<Segment<'a>>,
}

/// The type and the trait between angle brackets, at the beginning of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualified<'a> {
    pub(crate) ty: Type<'a>,
    pub(crate) of: Option<Type<'a>>,
}

/// One name of a path. `{closure#0}`, `{{closure}}` and `<impl Trait for Type>` are names, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: Vec<Type<'a>>,
}

impl<'a> Path<'a> {
    /// The type whose function this is, of `<T>::f` and `<T as Trait>::f`.
    pub(crate) fn of(&self) -> Option<&Type<'a>> {
        self.qualified.as_deref().map(|qualified| &qualified.ty)
    }

    /// The first name: the crate. Of functions of types that no crate holds (`u8`, `[T]`), that of the trait, or std's.
    pub(crate) fn root(&self) -> Option<&'a str> {
        let Some(qualified) = &self.qualified else { return self.segments.first().map(|segment| segment.name) };
        let placed =
            |ty: &Type<'a>| ty.named().filter(|path| path.qualified.is_some() || path.segments.len() > 1)?.root();
        placed(&qualified.ty).or_else(|| qualified.of.as_ref().map_or(Some("core"), placed))
    }

    /// The names of the modules that hold it, as far as the names tell: up to the first that begins with a capital
    /// letter or is no plain name; without the last, the item's own.
    pub(crate) fn module(&self) -> Vec<&'a str> {
        if let Some(ty) = self.of() {
            let own = |ty: &Type<'a>| ty.named().map(Path::module).filter(|module| !module.is_empty());
            return own(ty).or_else(|| own(self.qualified.as_ref()?.of.as_ref()?)).unwrap_or_default();
        }
        let plain = |name: &str| name.starts_with(|c: char| c == '_' || c.is_lowercase());
        let before = self.segments.len().saturating_sub(1);
        let names = self.segments[..before].iter().map(|segment| segment.name);
        // Closures and functions inside functions are in the module of the function; there the path has arguments or
        // braces.
        let mut modules: Vec<&str> = names.take_while(|name| plain(name)).collect();
        if let Some(at) = self.segments[..modules.len()].iter().position(|segment| !segment.arguments.is_empty()) {
            modules.truncate(at);
        } else if self.segments.get(modules.len()).is_some_and(|next| next.name.starts_with('{')) {
            modules.pop();
        }
        modules
    }

    pub(crate) fn last(&self) -> Option<&Segment<'a>> {
        self.segments.last()
    }
}

impl<'a> Type<'a> {
    /// The path of the type itself, or of what a reference, pointer, slice or array is of.
    pub(crate) fn named(&self) -> Option<&Path<'a>> {
        match self {
            Self::Path(path) => Some(path),
            Self::Slice(ty) | Self::Array(ty, _) | Self::Reference(_, ty) | Self::Pointer(_, ty) => ty.named(),
            Self::Bounds(_, bounds) => bounds.first()?.named(),
            _ => None,
        }
    }
}
