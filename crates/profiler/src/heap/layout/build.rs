//! What `#[derive(MemoryLayout)]` calls to.

use std::any;

use super::{FieldLayout, TypeLayout, VariantLayout};

/// A struct; its fields in any order.
#[doc(hidden)]
#[must_use]
pub fn of_struct<T>(repr: &'static str, mut fields: Vec<FieldLayout>) -> TypeLayout {
    fields.sort_by_key(|field| (field.offset, field.size));
    let ends = fields.iter().skip(1).map(|field| field.offset).chain([Some(size_of::<T>())]);
    let ends: Vec<usize> = ends.flatten().collect();
    for (field, end) in fields.iter_mut().zip(ends) {
        field.padding = field.offset.map_or(0, |offset| end.saturating_sub(offset + field.size));
    }
    TypeLayout { fields, ..empty::<T>(repr) }
}

/// An enum.
#[doc(hidden)]
#[must_use]
pub fn of_enum<T>(repr: &'static str, variants: Vec<VariantLayout>) -> TypeLayout {
    TypeLayout { variants, ..empty::<T>(repr) }
}

fn empty<T>(repr: &'static str) -> TypeLayout {
    let (size, align) = (size_of::<T>(), align_of::<T>());
    TypeLayout { name: short(any::type_name::<T>()), repr, size, align, fields: Vec::new(), variants: Vec::new() }
}

/// A field of type `T` of a struct.
#[doc(hidden)]
#[must_use]
pub fn field<T>(name: &'static str, offset: usize) -> FieldLayout {
    FieldLayout { offset: Some(offset), ..unplaced::<T>(name) }
}

/// A field of type `T` of a variant.
#[doc(hidden)]
#[must_use]
pub fn unplaced<T>(name: &'static str) -> FieldLayout {
    let type_name = short(any::type_name::<T>());
    FieldLayout { name, type_name, offset: None, size: size_of::<T>(), align: align_of::<T>(), padding: 0 }
}

/// A variant of the enum `E` that holds what the tuple `T` does.
#[doc(hidden)]
#[must_use]
pub fn variant<E, T>(name: &'static str, fields: Vec<FieldLayout>) -> VariantLayout {
    let size = size_of::<T>();
    // A tuple may be larger than the variant, whose tag finds room in its padding.
    let unused = size_of::<E>().saturating_sub(size);
    VariantLayout { name, size, align: align_of::<T>(), unused, fields }
}

/// The name of a type without the paths in it.
fn short(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut word = 0;
    for c in name.chars() {
        if c == ':' {
            // The path so far.
            text.truncate(word);
            continue;
        }
        text.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            word = text.len();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_paths() {
        let names = [
            ("u8", "u8"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("&dyn core::fmt::Debug", "&dyn Debug"),
            ("(core::a::B, [c::d_e::F; 3])", "(B, [F; 3])"),
            ("fn(a::B) -> c::D", "fn(B) -> D"),
            ("<a::B as c::D>::E", "<B as D>E"),
        ];
        for (name, expected) in names {
            assert_eq!(short(name), expected);
        }
    }

    #[test]
    fn padding_is_behind_the_field_that_comes_before_it() {
        let fields = vec![field::<u8>("c", 4), field::<u8>("a", 0), field::<()>("nothing", 1), field::<u16>("b", 2)];
        let layout = of_struct::<[u16; 3]>("C", fields);
        let padding: Vec<_> = layout.fields().iter().map(|field| (field.name(), field.padding())).collect();
        assert_eq!(padding, [("a", 0), ("nothing", 1), ("b", 0), ("c", 1)]);
        assert_eq!((layout.padding(), layout.best_size()), (2, 4));
    }
}
