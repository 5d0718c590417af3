//! What has leaked is found, and told as it is.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use lagom_profiler::heap::{self, Frame, LeakScan, Link, Unwinding};

use crate::{PLANTED, apart, below, explain, found, plant, scan, wipe};

/// A parent knows its children, and each its parent: with `Rc` both ways.
struct Node {
    parent: RefCell<Option<Rc<Node>>>,
    children: RefCell<Vec<Rc<Node>>>,
    _name: [u64; 2],
}

fn node() -> Rc<Node> {
    Rc::new(Node { parent: RefCell::new(None), children: RefCell::new(Vec::new()), _name: [0; 2] })
}

/// The address of the block behind an `Rc`: the counts are before the value.
fn block<T>(rc: &Rc<T>) -> usize {
    Rc::as_ptr(rc).addr() - 16
}

/// Parent, the parent's list, child.
#[inline(never)]
fn family() -> [usize; 3] {
    let (parent, child) = (node(), node());
    *child.parent.borrow_mut() = Some(Rc::clone(&parent));
    parent.children.borrow_mut().push(Rc::clone(&child));
    let list = parent.children.borrow().as_ptr().addr();
    [!block(&parent), !list, !block(&child)]
}

#[inline(never)]
fn families(count: usize) -> Vec<usize> {
    let mut planted = Vec::with_capacity(3 * count);
    for _ in 0..count {
        planted.extend(family());
    }
    wipe();
    for &address in &planted {
        plant(!address);
    }
    planted
}

pub(crate) fn parent_and_child() {
    let first = check_parent_and_child();
    // What was found does not hold what was found.
    let second = scan();
    assert_eq!(first.blocks(), second.blocks());
    black_box(first);
}

fn check_parent_and_child() -> LeakScan {
    let planted = apart(|| families(1));
    let scan = scan();
    assert_eq!(found(&scan, &planted), 3, "{}", explain(&scan, &planted));
    let leak = scan.leaks().iter().find(|leak| leak.is_cycle()).unwrap();
    assert_eq!((leak.count(), leak.members(), leak.retained().blocks()), (1, 3, 3));
    let chain = leak.chain();
    assert_eq!((chain.links().len(), chain.root()), (3, None));
    // Each pointer is where it is said to be: in the block before.
    let at = |address: u64| {
        let word = std::ptr::with_exposed_provenance::<u64>(usize::try_from(address).unwrap());
        // SAFETY: in a block that is live.
        unsafe { word.read() }
    };
    for pair in chain.links().windows(2) {
        assert_eq!(at(pair[0].address() + pair[1].offset()), pair[1].address());
    }
    let (to, offset) = chain.back().unwrap();
    assert_eq!(to, 0);
    assert_eq!(at(chain.links()[2].address() + offset), chain.links()[0].address());
    let size = scan.leaks()[0].retained().bytes();
    assert_eq!(size, chain.links().iter().map(|link| link.size()).sum::<u64>());
    // The stacks that allocated them.
    if cfg!(feature = "symbols") && heap::unwinding() != Unwinding::None {
        for link in chain.links() {
            let mut functions = link.frames().iter().map(Frame::function);
            assert!(functions.any(|name| name.ends_with("leaked::family")), "{link:?}");
            assert!(link.to_string().contains("leaked.rs:"), "{link}");
        }
        let mut types: Vec<&str> = chain.links().iter().map(Link::type_name).collect();
        types.sort_unstable();
        assert!(types[0].contains("Rc<") && types[2].contains("Vec<"), "{types:?}");
    }
    let text = scan.to_string();
    assert!(text.contains("a cycle of 3 blocks") && text.contains("-> #0 again"), "{text}");
    scan
}

/// In the thread that asks, with all that it has left on its stack and in what it holds: here and there one is missed, of a hundred.
pub(crate) fn a_thousand_cycles() {
    let planted = below(|| families(1_000));
    let scan = scan();
    let found = found(&scan, &planted);
    println!("  {found} of {} blocks found", planted.len());
    assert!(found >= 2_970, "{found}: {}", explain(&scan, &planted));
    // All of them are alike, but where a list's room that was never used holds what lay there before.
    let leak = scan.leaks().iter().max_by_key(|leak| leak.count()).unwrap();
    assert!(leak.is_cycle() && leak.count() >= 500 && leak.members() == 3, "{scan}");
    assert!(leak.retained().blocks() >= 3 * leak.count());
}

/// Lists of the nodes that are released before their nodes are lost leave pointers in memory that is free.
pub(crate) fn cycles_among_other_work() {
    let planted = below(work);
    PLANTED.lock().unwrap().extend_from_slice(&planted);
    let scan = scan();
    let found = found(&scan, &planted);
    println!("  {found} of {} blocks found", planted.len());
    assert!(found >= 2_970, "{found}: {}", explain(&scan, &planted));
}

fn work() -> Vec<usize> {
    // All of it in use, as the rest would hold what lay there before.
    let mut planted = Vec::with_capacity(3_000);
    for round in 0..10 {
        let mut all: Vec<Rc<Node>> = Vec::new();
        let mut names = std::collections::HashMap::new();
        for number in 0..100 {
            let (parent, child) = (node(), node());
            *child.parent.borrow_mut() = Some(Rc::clone(&parent));
            parent.children.borrow_mut().push(Rc::clone(&child));
            let list = parent.children.borrow().as_ptr().addr();
            planted.extend([!block(&parent), !list, !block(&child)]);
            names.insert(format!("node {round} {number}"), Rc::clone(&child));
            all.push(parent);
        }
        black_box((&all, &names));
    }
    planted
}

pub(crate) fn by_threads_that_ended() {
    let threads: Vec<_> = (0..10).map(|_| std::thread::spawn(|| families(100))).collect();
    let planted: Vec<usize> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let scan = scan();
    let found = found(&scan, &planted);
    println!("  {found} of {} blocks found", planted.len());
    assert!(found >= 2_970, "{found}: {}", explain(&scan, &planted));
}

#[inline(never)]
fn forget() -> Vec<usize> {
    let boxes: Vec<Box<[u64; 3]>> = (0..100).map(|_| Box::new([0; 3])).collect();
    let mut planted: Vec<usize> = boxes.iter().map(|boxed| !(&raw const **boxed).addr()).collect();
    planted.push(!boxes.as_ptr().addr());
    std::mem::forget(boxes);
    planted
}

pub(crate) fn forgotten() {
    let planted = apart(forget);
    PLANTED.lock().unwrap().extend_from_slice(&planted);
    let scan = scan();
    // One or two addresses were left in memory that was not written to since.
    assert!(found(&scan, &planted) >= 95, "{}", explain(&scan, &planted));
    let leak = scan.leaks().iter().find(|leak| leak.chain().links()[0].size() == 800).unwrap();
    assert!(!leak.is_cycle());
    assert_eq!((leak.count(), leak.members()), (1, 1));
    // One or two may belong to an earlier leak, by what a list there has in its unused room.
    let retained = leak.retained();
    assert!(
        (95..=101).contains(&retained.blocks()) && retained.bytes() == 800 + 24 * (retained.blocks() - 1),
        "{leak}"
    );
    assert_eq!((leak.chain().links().len(), leak.chain().back()), (2, None));
    assert!(leak.to_string().starts_with("a forgotten block, "), "{leak}");
}

/// Three `Arc`s in a ring, of which one holds itself, too.
pub(crate) fn arcs() {
    struct Part {
        next: Mutex<Vec<Arc<Part>>>,
    }
    #[inline(never)]
    fn ring() -> Vec<usize> {
        let parts: [Arc<Part>; 3] = std::array::from_fn(|_| Arc::new(Part { next: Mutex::default() }));
        let mut planted = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let mut next = part.next.lock().unwrap();
            next.push(Arc::clone(&parts[(number + 1) % 3]));
            if number == 0 {
                next.push(Arc::clone(part));
            }
            planted.extend([!(Arc::as_ptr(part).addr() - 16), !next.as_ptr().addr()]);
        }
        planted
    }
    // One of several may be held by an address that was left somewhere, or by what a list has in unused room.
    let planted: Vec<usize> = (0..10).flat_map(|_| apart(ring)).collect();
    PLANTED.lock().unwrap().extend_from_slice(&planted);
    let scan = scan();
    assert!(found(&scan, &planted) >= 48, "{}", explain(&scan, &planted));
    assert!(scan.leaks().iter().any(|leak| leak.is_cycle() && leak.members() >= 6), "{scan}");
}

/// The pictures are well-formed, whatever the names.
pub(crate) fn texts() {
    let scan = scan();
    let (svg, dot) = (scan.to_svg(), scan.to_dot());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("prefers-color-scheme:dark"));
    for tag in ["svg", "g", "text", "title", "style"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let opened = svg.match_indices(&open).filter(|(at, _)| !svg.as_bytes()[at + open.len()].is_ascii_alphabetic());
        assert_eq!(opened.count(), svg.matches(&close).count(), "{tag}");
    }
    assert!(dot.starts_with("digraph heap {\n") && dot.ends_with("}\n") && dot.contains(" -> "));
    if let Some(folder) = std::env::var_os("LAGOM_SCAN_OUT") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("leaks.svg"), svg).unwrap();
        std::fs::write(folder.join("leaks.dot"), dot).unwrap();
        std::fs::write(folder.join("leaks.txt"), scan.to_string()).unwrap();
    }
}
