//! Names for what the engine knows by numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::chain::{Allocation, Root};
use crate::engine;
use crate::heap::allocated_type::{UNKNOWN, allocated_type};
use crate::heap::symbols;

/// What stacks allocate, each looked up once.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    known: HashMap<u32, Arc<Allocation>>,
}

impl Stacks {
    /// Looks up all of these together, which reads each file once.
    pub(super) fn learn(&mut self, numbers: impl IntoIterator<Item = u32>) {
        let mut stacks: HashMap<u32, Vec<usize>> = HashMap::new();
        for number in numbers {
            if !self.known.contains_key(&number) {
                stacks.entry(number).or_insert_with(|| {
                    let mut buffer = vec![0; 512];
                    let length = engine::heap_stack(number, &mut buffer);
                    buffer.truncate(length);
                    buffer
                });
            }
        }
        let addresses = stacks.values().flatten().map(|&address| address as u64);
        let names = symbols::resolve(&symbols::modules::loaded(), addresses);
        for (number, stack) in stacks {
            let frames = symbols::expand(&names, stack.iter().map(|&address| address as u64));
            let type_name = match allocated_type(&frames) {
                name if name == UNKNOWN => Arc::default(),
                name => Arc::from(name),
            };
            self.known.insert(number, Arc::new(Allocation { type_name, frames }));
        }
    }

    pub(super) fn get(&self, number: u32) -> Arc<Allocation> {
        self.known.get(&number).cloned().unwrap_or_default()
    }
}

/// A root with the name of its static, if it is one and the file tells.
pub(super) fn named(root: Root) -> Root {
    #[cfg(feature = "symbols")]
    if let Root::Static { offset, module, .. } = &root
        && let Some((symbol, offset)) = symbols::static_at(module, *offset)
    {
        return Root::Static { symbol, offset, module: module.clone() };
    }
    root
}
