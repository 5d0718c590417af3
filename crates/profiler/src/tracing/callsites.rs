//! The site of each callsite: a table that only grows, read without a lock.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::OnceLock;

use tracing_core::Metadata;
use tracing_core::callsite::Identifier;

use crate::engine::Site;

type Link = OnceLock<Box<Node>>;

struct Node {
    callsite: Identifier,
    site: Site,
    next: Link,
}

static TABLE: [Link; 256] = [const { OnceLock::new() }; 256];

/// Made on first use, for ever: there are as many as places in the source.
pub(super) fn site(metadata: &'static Metadata<'static>) -> &'static Site {
    let callsite = metadata.callsite();
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(&callsite);
    let mut link = &TABLE[hash as usize % TABLE.len()];
    loop {
        let node = link.get_or_init(|| {
            let (file, line) = (metadata.file().unwrap_or(""), metadata.line().unwrap_or(0));
            let site = Site::new(metadata.name(), metadata.target(), file, line);
            Box::new(Node { callsite: callsite.clone(), site, next: Link::new() })
        });
        if node.callsite == callsite {
            return &node.site;
        }
        link = &node.next;
    }
}
