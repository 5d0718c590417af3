//! `syn`: trees of boxes, copied whole.

use super::Work;

/// A file of ours, as it is.
const SOURCE: &str = include_str!("../../../../crates/pool/src/shared/engine.rs");

pub(super) fn prepare(files: u64) -> Work {
    Box::new(move || {
        let parsed: Vec<(syn::File, syn::File)> = (0..files)
            .filter_map(|_| {
                let file = syn::parse_file(SOURCE).ok()?;
                let copy = file.clone();
                Some((file, copy))
            })
            .collect();
        parsed.iter().filter(|(file, copy)| !file.items.is_empty() && file.items.len() == copy.items.len()).count()
            as u64
    })
}
