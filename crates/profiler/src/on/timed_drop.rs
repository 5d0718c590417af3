//! Places for spans whose names are known only at run time: one for each type that is dropped.

use std::collections::BTreeMap;

use lagom_base::sync::Mutex;

use super::{Site, Span, peaks};

/// By the full name of a type and the place in the source.
static SITES: Mutex<BTreeMap<Key, &'static Site>> = Mutex::new(BTreeMap::new());

type Key = (&'static str, &'static str, u32);

/// Opens a span named by `name` for this type and place.
pub(crate) fn enter_drop(of: &'static str, file: &'static str, line: u32, name: impl FnOnce() -> String) -> Span {
    let site = peaks::aside(|| {
        let mut sites = SITES.lock();
        *sites.entry((of, file, line)).or_insert_with(|| {
            let name: &'static str = Box::leak(name().into_boxed_str());
            Box::leak(Box::new(Site::new(name, of, file, line)))
        })
    });
    Span::enter(site)
}
