//! The names of statics.

use std::path::Path;

use object::{Object, ObjectSymbol, SymbolKind};

use super::names::demangle;
use super::object_file::map;

/// The static that an address of a file lies in, and how far into it.
pub(crate) fn static_at(file: &Path, address: u64) -> Option<(String, u64)> {
    let map = map(file)?;
    let object = object::File::parse(&*map).ok()?;
    let holds = |symbol: &object::Symbol<'_, '_>| {
        symbol.kind() == SymbolKind::Data
            && address.checked_sub(symbol.address()).is_some_and(|offset| offset < symbol.size())
    };
    let symbol = object.symbols().find(holds).or_else(|| object.dynamic_symbols().find(holds))?;
    Some((demangle(symbol.name().ok()?), address - symbol.address()))
}
