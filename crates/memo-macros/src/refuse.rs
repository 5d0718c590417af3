//! What cannot be memoized, and what to do instead.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Block, Error, FnArg, GenericParam, Item, ItemFn, Lifetime, ParenthesizedGenericArguments, Path, Result, ReturnType,
    Safety, Signature, Type, TypeFnPtr, TypeImplTrait, TypeReference,
};

/// An error for everything in `function` that cannot be memoized.
pub(crate) fn refuse(function: &ItemFn) -> Result<()> {
    let mut refused = Refused(None);
    let sig = &function.sig;
    modifiers(sig, &mut refused);
    generics(sig, &mut refused);
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => refused.push(Error::new_spanned(
                receiver,
                "methods cannot be memoized: all instances would share one cache; \
                 memoize a free function of the values it needs, or keep a `Memo` in the type",
            )),
            FnArg::Typed(argument) => self::argument(&argument.ty, &mut refused),
        }
    }
    if let ReturnType::Type(_, ty) = &sig.output {
        result(ty, &mut refused);
    }
    if let Some(path) = SelfIn::block(&function.block) {
        refused.push(associated(path));
    }
    refused.0.map_or(Ok(()), Err)
}

/// All errors so far, in one.
struct Refused(Option<Error>);

impl Refused {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }
}

fn modifiers(sig: &Signature, refused: &mut Refused) {
    if let Some(token) = &sig.constness {
        refused.push(Error::new_spanned(token, "a `const fn` cannot be memoized: it has no memory at compile time"));
    }
    if let Some(token) = &sig.asyncness {
        refused.push(Error::new_spanned(
            token,
            "an `async fn` cannot be memoized: every caller would need its own future",
        ));
    }
    match &sig.safety {
        Safety::Default => {}
        Safety::Unsafe(token) => refused.push(Error::new_spanned(
            token,
            "an `unsafe fn` cannot be memoized: wrap the call in a safe function and memoize that",
        )),
        Safety::Safe(token) => refused.push(Error::new_spanned(token, "a foreign function cannot be memoized")),
    }
    if let Some(abi) = &sig.abi {
        refused.push(Error::new_spanned(abi, "an `extern fn` cannot be memoized: wrap it and memoize the wrapper"));
    }
}

fn generics(sig: &Signature, refused: &mut Refused) {
    for param in &sig.generics.params {
        if !matches!(param, GenericParam::Lifetime(_)) {
            refused.push(Error::new(
                param.span(),
                "a generic function cannot be memoized: its instances cannot share one cache; \
                 memoize a function of the types you call it with",
            ));
        }
    }
}

fn argument(ty: &Type, refused: &mut Refused) {
    let kept = match unwrapped(ty) {
        Type::Reference(reference) => {
            if let Some(token) = &reference.mutability {
                refused.push(Error::new_spanned(
                    token,
                    "a `&mut` argument cannot be memoized: what the function does to it would not be repeated",
                ));
            }
            &reference.elem
        }
        ty => ty,
    };
    let borrow = "the key outlives the call, so an argument may be a reference but not hold one: \
                  take it by value, or as `&T` of an owned `T`";
    Checked { refused, borrow, implied: "an argument needs a named type to be kept as a key, not `impl Trait`" }
        .visit_type(kept);
}

fn result(ty: &Type, refused: &mut Refused) {
    if let Type::Never(never) = unwrapped(ty) {
        refused.push(Error::new_spanned(never, "a function that never returns has nothing to memoize"));
        return;
    }
    let borrow = "the kept value outlives the call, so it cannot borrow: return an owned value, such as a `String`";
    Checked { refused, borrow, implied: "the result needs a named type to be kept, not `impl Trait`" }.visit_type(ty);
}

/// The type without parentheses and invisible groups around it.
pub(crate) fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        ty => ty,
    }
}

/// Walks a type that is to be kept.
struct Checked<'a> {
    refused: &'a mut Refused,
    borrow: &'static str,
    implied: &'static str,
}

impl<'ast> Visit<'ast> for Checked<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") {
            visit::visit_type_reference(self, reference);
        } else {
            self.refused.push(Error::new_spanned(reference, self.borrow));
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.refused.push(Error::new_spanned(lifetime, self.borrow));
        }
    }

    fn visit_type_impl_trait(&mut self, implied: &'ast TypeImplTrait) {
        self.refused.push(Error::new_spanned(implied, self.implied));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if is_self(path) {
            self.refused.push(associated(path));
        }
        visit::visit_path(self, path);
    }

    // The lifetimes in `fn(&T)` and `Fn(&T)` are of the calls to come.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

fn is_self(path: &Path) -> bool {
    path.segments.first().is_some_and(|first| first.ident == "Self")
}

fn associated(path: &Path) -> Error {
    Error::new_spanned(path, "associated functions cannot be memoized: memoize a free function and call it")
}

/// The first `Self` of a function body.
struct SelfIn<'ast>(Option<&'ast Path>);

impl<'ast> SelfIn<'ast> {
    fn block(block: &'ast Block) -> Option<&'ast Path> {
        let mut found = Self(None);
        found.visit_block(block);
        found.0
    }
}

impl<'ast> Visit<'ast> for SelfIn<'ast> {
    fn visit_path(&mut self, path: &'ast Path) {
        if self.0.is_none() && is_self(path) {
            self.0 = Some(path);
        }
        visit::visit_path(self, path);
    }

    // An item inside has a `Self` of its own.
    fn visit_item(&mut self, _: &'ast Item) {}
}
