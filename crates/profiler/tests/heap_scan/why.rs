//! What keeps a block alive.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};

use lagom_profiler::heap::{Root, ScanError, Target, why_alive};

use crate::{plant, wipe};

#[inline(never)]
fn row() -> (Arc<[u64; 5]>, usize) {
    let row = Arc::new([1_u64; 5]);
    let address = !(Arc::as_ptr(&row).addr());
    (row, address)
}

pub(crate) fn from_a_static() {
    type Row = (u64, Arc<[u64; 5]>);
    static TABLE: Mutex<Vec<Box<Row>>> = Mutex::new(Vec::new());
    #[inline(never)]
    fn fill() -> usize {
        let (row, address) = row();
        TABLE.lock().unwrap().extend([Box::new((1, Arc::new([0; 5]))), Box::new((7, row))]);
        address
    }
    let address = crate::below(fill);
    wipe();
    let why = why_alive(&Target::address(!address)).unwrap();
    let chain = why.chain().unwrap();
    assert!(matches!(why.root(), Some(Root::Static { .. })), "{why}");
    let sizes: Vec<u64> = chain.links().iter().map(|link| link.size()).collect();
    assert_eq!(sizes[1..], [16, 56], "{why}");
    // The second box of the list, the second field of the box.
    let offsets: Vec<u64> = chain.links().iter().map(|link| link.offset()).collect();
    assert_eq!(offsets, [0, 8, 8], "{why}");
    assert!(!chain.links().iter().any(|link| link.is_foreign()));
    let last = &chain.links()[2];
    assert!((last.address()..last.address() + last.size()).contains(&(!address as u64)));
    match why.root() {
        Some(Root::Static { symbol, .. }) if cfg!(feature = "symbols") => assert!(symbol.ends_with("TABLE"), "{why}"),
        _ => assert!(why.to_string().contains("static at 0x"), "{why}"),
    }
    assert!(why.to_dot().contains("ellipse") && why.to_svg().contains("class=\"root\""));
    if let Some(folder) = std::env::var_os("LAGOM_SCAN_OUT") {
        std::fs::write(std::path::PathBuf::from(folder).join("why.svg"), why.to_svg()).unwrap();
    }
    // With its room, where the pointers would stay.
    *TABLE.lock().unwrap() = Vec::new();
    wipe();
    assert_eq!(why_alive(&Target::address(!address)).unwrap_err(), ScanError::NotABlock);
}

pub(crate) fn from_a_thread_local() {
    thread_local! {
        static LOCAL: RefCell<Vec<Arc<[u64; 5]>>> = const { RefCell::new(Vec::new()) };
    }
    #[inline(never)]
    fn fill() -> usize {
        let (row, address) = row();
        LOCAL.with_borrow_mut(|rows| rows.push(row));
        address
    }
    let check = || {
        let address = crate::below(fill);
        wipe();
        let why = why_alive(&Target::address(!address)).unwrap();
        assert!(matches!(why.root(), Some(Root::ThreadLocal { .. })), "{why}");
        assert_eq!(why.chain().unwrap().links().len(), 2, "{why}");
    };
    check();
    std::thread::spawn(check).join().unwrap();
}

pub(crate) fn from_another_thread() {
    let (send, receive) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new()
        .name("holder".to_owned())
        .spawn(move || {
            let (row, address) = row();
            let held = [Some(row), None];
            send.send(address).unwrap();
            black_box(&held);
            let _ = ends.recv();
            black_box(&held);
        })
        .unwrap();
    let address = receive.recv().unwrap();
    let why = why_alive(&Target::address(!address)).unwrap();
    let expected = Root::Stack { thread: "holder".to_owned() };
    assert_eq!(why.root(), Some(&expected), "{why}");
    drop(end);
    thread.join().unwrap();
    // Only on the stack of who asks.
    let (own, address) = row();
    let why = why_alive(&Target::address(!address)).unwrap();
    assert!(matches!(why.root(), Some(Root::Stack { .. })), "{why}");
    let why = why_alive(&Target::value(&*own)).unwrap();
    assert_eq!(why.chain().unwrap().links().len(), 1);
}

pub(crate) fn not_at_all() {
    struct Own(RefCell<Option<Rc<Own>>>);
    #[inline(never)]
    fn leak() -> usize {
        let own = Rc::new(Own(RefCell::new(None)));
        *own.0.borrow_mut() = Some(Rc::clone(&own));
        !(Rc::as_ptr(&own).addr() - 16)
    }
    let address = crate::apart(leak);
    plant(!address);
    wipe();
    // The address itself is nowhere in this thread.
    let why = why_alive(&crate::apart(move || Target::address(!address))).unwrap();
    assert_eq!((why.chain(), why.root()), (None, None), "{why}");
    assert!(why.to_string().starts_with("nothing reaches it"));
    assert!(crate::scan().leaks().iter().any(|leak| leak.is_cycle() && leak.members() == 1));
    assert_eq!(why_alive(&Target::address(4096)).unwrap_err(), ScanError::NotABlock);
    assert_eq!(why_alive(&Target::type_name("of nothing")).unwrap_err(), ScanError::NoSuchType);
}
