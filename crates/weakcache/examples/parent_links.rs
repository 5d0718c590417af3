//! A tree whose children know their parent without keeping it alive.
//!
//! Links that lead down are strong, links that lead up are weak: without a cycle of strong ones, everything goes at once
//! when the root does, and no collector has to look for it. Names are interned, since folders of many projects are called
//! `src`; a [`WeakSet`] tells how many folders there are, wherever they are.
//!
//! `cargo run -p lagom-weakcache --example parent_links`

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use lagom_weakcache::{Interned, Interner, Member, WeakSet};

/// What all folders share.
#[derive(Default)]
struct World {
    names: Interner<str>,
    folders: WeakSet<()>,
}

struct Folder {
    name: Interned<str>,
    parent: Weak<Folder>,
    children: RefCell<Vec<Rc<Folder>>>,
    _counted: Member<()>,
}

impl Folder {
    fn root(world: &World, name: &str) -> Rc<Self> {
        Self::new(world, name, Weak::new())
    }

    fn add(self: &Rc<Self>, world: &World, name: &str) -> Rc<Self> {
        let child = Self::new(world, name, Rc::downgrade(self));
        self.children.borrow_mut().push(Rc::clone(&child));
        child
    }

    fn new(world: &World, name: &str, parent: Weak<Self>) -> Rc<Self> {
        let (name, counted) = (world.names.intern(name), world.folders.insert(()));
        Rc::new(Self { name, parent, children: RefCell::default(), _counted: counted })
    }

    /// The way from the root, as far as it still exists.
    fn path(&self) -> String {
        match self.parent.upgrade() {
            Some(parent) => format!("{}/{}", parent.path(), self.name),
            None => self.name.to_string(),
        }
    }
}

fn main() {
    let world = World::default();
    let root = Folder::root(&world, "lagom");
    let deepest = ["pool", "weakcache"].map(|name| root.add(&world, name).add(&world, "src"));
    println!("{} and {}", deepest[0].path(), deepest[1].path());
    println!("{} folders with {} names", world.folders.len(), world.names.len());
    assert_eq!((world.folders.len(), world.names.len()), (5, 4));
    assert_eq!(deepest[1].path(), "lagom/weakcache/src");
    assert!(deepest[0].name == deepest[1].name, "one text, compared by address");

    drop(root);
    println!("without the root: {} folders, {}", world.folders.len(), deepest[1].path());
    assert_eq!((world.folders.len(), world.names.len()), (2, 1));
    assert_eq!(deepest[1].path(), "src", "the parent was not kept alive");

    drop(deepest);
    println!("without the last: {} folders, {} names", world.folders.len(), world.names.len());
    assert!(world.folders.is_empty() && world.names.is_empty());
}

/// `cargo test` runs it too.
#[test]
fn nothing_is_left() {
    main();
}
