//! The names of this very program, which was built with debug information of lines and nothing else.
#![allow(unsafe_code, reason = "walks the stack")]

use std::collections::{BTreeMap, HashMap};
use std::ffi::c_void;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::{env, fs};

use super::modules::{Segment, loaded};
use super::*;
use crate::heap::allocated_type::{UNKNOWN, allocated_type};
use crate::heap::raw::RawSite;
use crate::heap::snapshot::is_internal;
use crate::heap::{Amount, Mode};

// SAFETY: both are libgcc's, of the Itanium C++ ABI, with these types.
unsafe extern "C" {
    fn _Unwind_Backtrace(each: extern "C" fn(*mut c_void, *mut c_void) -> i32, data: *mut c_void) -> i32;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

extern "C" fn note(context: *mut c_void, into: *mut c_void) -> i32 {
    // SAFETY: the unwinder passes on what `stack` gave it.
    let into = unsafe { &mut *into.cast::<Vec<usize>>() };
    // SAFETY: the unwinder calls with a context of its own.
    into.push(unsafe { _Unwind_GetIP(context) });
    0
}

/// Return addresses, that of the caller first.
#[inline(never)]
fn stack() -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    // SAFETY: `note` takes what it is given for this vector.
    unsafe { _Unwind_Backtrace(note, (&raw mut found).cast()) };
    found.remove(0);
    found
}

fn frames_of(stack: &[usize]) -> Vec<Frame> {
    let addresses = || stack.iter().map(|&address| address as u64);
    expand(&resolve(&loaded(), addresses()), addresses()).to_vec()
}

#[inline(never)]
fn plain() -> (Vec<usize>, u32) {
    (stack(), line!())
}

#[inline(always)]
fn inlined() -> (Vec<usize>, u32) {
    (stack(), line!())
}

#[inline(never)]
fn around() -> (Vec<usize>, u32, u32) {
    let line = line!() + 1;
    let (stack, inner) = inlined();
    (stack, inner, line)
}

#[inline(never)]
fn generic<T>(_: T) -> (Vec<usize>, u32) {
    (stack(), line!())
}

#[test]
fn a_function_has_its_name_file_and_line() {
    let call = line!() + 1;
    let (stack, line) = plain();
    let frames = frames_of(&stack);
    assert_eq!(frames[0].function(), "lagom_profiler::heap::symbols::tests::plain");
    assert!(frames[0].file().ends_with("src/heap/symbols/tests.rs"), "{}", frames[0].file());
    assert_eq!(frames[0].line(), line);
    assert_eq!(frames[0].object(), env::current_exe().unwrap().to_str().unwrap());
    assert!(frames[1].function().ends_with("::a_function_has_its_name_file_and_line"), "{}", frames[1].function());
    assert_eq!(frames[1].line(), call);
    let (of_byte, line) = generic(7_u8);
    let name = frames_of(&of_byte);
    assert!(name[0].function().starts_with("lagom_profiler::heap::symbols::tests::generic"), "{}", name[0].function());
    assert_eq!(name[0].line(), line);
    // Down to the end of the stack everything is called something.
    assert!(frames.iter().all(|frame| !frame.function().is_empty()));
    assert!(frames.iter().any(|frame| library::library_path(frame.file()).is_some()), "std is in it");
}

#[test]
fn inlined_functions_come_before_those_that_hold_them() {
    let (stack, inner, outer) = around();
    let frames = frames_of(&stack);
    let name = |at: usize| frames[at].function().rsplit("::").next().unwrap();
    assert_eq!((name(0), frames[0].line()), ("inlined", inner));
    assert_eq!((name(1), frames[1].line()), ("around", outer));
    assert_eq!(frames[0].address(), frames[1].address());
    assert!(
        frames[0].function().starts_with("lagom_profiler::"),
        "the path is that of the file: {}",
        frames[0].function()
    );
}

#[test]
fn closures_have_the_path_of_their_function() {
    let closure = || (stack(), line!());
    let (stack, line) = closure();
    let frame = &frames_of(&stack)[0];
    assert!(frame.function().contains("::closures_have_the_path_of_their_function::{"), "{}", frame.function());
    assert_eq!(frame.line(), line);
}

/// What follows the call is the end of the function.
#[inline(never)]
fn returning() -> Vec<usize> {
    stack()
}
const RETURNING: u32 = line!() - 2;

#[test]
fn the_line_of_a_call_is_not_that_of_what_follows() {
    let frames = frames_of(&returning());
    assert_eq!(frames[0].line(), RETURNING);
}

#[test]
fn sites_get_names_of_threads_and_spans() {
    let (stack, _) = plain();
    let amount = Amount { blocks: 2, bytes: 30 };
    let site = |thread, span| RawSite {
        stack: 1,
        frames: stack.clone().into(),
        span,
        thread,
        live: amount,
        total: amount,
        variance: 4.0,
    };
    let threads = vec![String::new(), "worker".to_owned()];
    let raw = Raw { mode: Mode::Live, sites: vec![site(1, "load"), site(0, "")], threads, interval: 0, lost: 0 };
    let sites = resolve_sites(raw);
    assert_eq!((sites[0].thread(), sites[0].span(), sites[0].live()), ("worker", "load", amount));
    assert_eq!((sites[1].thread(), sites[1].span(), sites[1].standard_error()), ("", "", 2.0));
    assert!(sites[0].frames()[0].function().ends_with("::plain"));
    assert!(sites[0].place().unwrap().function().ends_with("::plain"));
}

#[test]
fn the_allocators_own_frames_are_cut_off() {
    let allocator = concat!("/build/", file!()).replace("heap/symbols/tests.rs", "allocator.rs");
    let frames: Vec<Frame> = [
        ("alloc_in_mode<std::alloc::System>", allocator.as_str()),
        ("<app::Wrapper as core::alloc::GlobalAlloc>::alloc", "src/main.rs"),
        ("__rustc::__rust_alloc", "src/main.rs"),
        ("alloc::alloc::alloc", "/rustc/abc/library/alloc/src/alloc.rs"),
        ("app::main", "src/main.rs"),
    ]
    .iter()
    .map(|(function, file)| Frame { function: (*function).into(), file: (*file).into(), ..Frame::default() })
    .collect();
    assert_eq!(allocators(&frames), 3);
    assert_eq!(allocators(&frames[..1]), 1);
    assert_eq!(allocators(&frames[3..]), 0);
    assert_eq!(allocators(&[]), 0);
    let inlined = Frame { function: "app::__rust_alloc".into(), ..Frame::default() };
    assert_eq!(allocators(&[inlined, frames[3].clone()]), 1);
    // A program may well call something like that far down.
    let deep = [&vec![frames[4].clone(); 30][..], &frames[2..3]].concat();
    assert_eq!(allocators(&deep), 0);
}

#[test]
fn an_address_in_no_file_is_a_number() {
    let names = resolve(&loaded(), [0, 0x11].into_iter());
    assert_eq!(names[&0x11][0].function(), "0x10");
    assert_eq!(names[&0].len(), 1);
}

/// Clones, compares and hashes by walking the stack, so that what std is called while it does so is seen.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u32);
struct Probe;

thread_local! {
    static SEEN: std::cell::RefCell<Vec<usize>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn look() {
    let stack = stack();
    SEEN.with_borrow_mut(|seen| *seen = stack);
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        look();
        Self
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        look();
        self.0.cmp(&other.0)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        look();
        self.0.hash(state);
    }
}

/// The type by the functions of std that called back last.
fn seen() -> String {
    let frames = frames_of(&SEEN.take());
    let begin = frames.iter().position(is_internal).expect("std called");
    allocated_type(&frames[begin..])
}

#[test]
fn types_are_read_from_real_names() {
    const HERE: &str = "lagom_profiler::heap::symbols::tests";
    drop(vec![Probe, Probe].clone());
    assert_eq!(seen(), format!("Vec<{HERE}::Probe>"));
    drop(vec![Probe; 3]);
    assert_eq!(seen(), format!("Vec<{HERE}::Probe>"));
    let mut tree = BTreeMap::from([(Key(1), "a")]);
    tree.insert(Key(2), "b");
    assert_eq!(seen(), format!("BTreeMap<{HERE}::Key, &str>"));
    let mut table: HashMap<Key, (u8, String)> = HashMap::new();
    table.insert(Key(1), (1, String::new()));
    assert_eq!(seen(), format!("HashMap<{HERE}::Key, (u8, alloc::string::String)>"));
    drop(Rc::<Vec<Key>>::new_cyclic(|_| {
        look();
        Vec::new()
    }));
    assert_eq!(seen(), format!("Rc<alloc::vec::Vec<{HERE}::Key>>"));
    look();
    assert_eq!(allocated_type(&frames_of(&SEEN.take())), UNKNOWN);
}

/// A directory for one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("lagom-symbols-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// This program as a recording knows it, its file elsewhere.
fn recorded(path: &Path) -> Vec<Module> {
    let exe = env::current_exe().unwrap();
    let mut module = loaded().into_iter().find(|module| *module.path == *exe.to_str().unwrap()).unwrap();
    module.path = path.to_str().unwrap().into();
    module.loaded = false;
    vec![module]
}

/// Runs a tool of binutils; `false` where there is none.
fn binutils(tool: &str, arguments: &[&Path]) -> bool {
    Command::new(tool).args(arguments).status().is_ok_and(|status| status.success())
}

#[test]
fn a_stripped_file_has_offsets_and_its_debug_file_the_names() {
    let scratch = Scratch::new("strip");
    let exe = env::current_exe().unwrap();
    let (stripped, debug) = (scratch.0.join("app"), scratch.0.join("app.debug"));
    if !binutils("strip", &["-o".as_ref(), &stripped, &exe]) {
        return;
    }
    let (stack, line) = plain();
    let address = stack[0] as u64;
    let whole = resolve(&loaded(), [address].into_iter());
    let bare = resolve(&recorded(&stripped), [address].into_iter());
    let frame = &bare[&address][0];
    assert_eq!(frame.address(), whole[&address][0].address());
    assert_eq!(frame.function(), format!("app+0x{:x}", frame.address()));
    assert_eq!((frame.file(), frame.line(), frame.object()), ("", 0, stripped.to_str().unwrap()));

    let keep = ["--only-keep-debug".as_ref(), exe.as_path(), &debug];
    let link = format!("--add-gnu-debuglink={}", debug.display());
    let linked = scratch.0.join("linked");
    if !binutils("objcopy", &keep) || !binutils("objcopy", &[link.as_ref(), &stripped, &linked]) {
        return;
    }
    let names = resolve(&recorded(&linked), [address].into_iter());
    assert!(names[&address][0].function().ends_with("::plain"), "{:?}", names[&address]);
    assert_eq!(names[&address][0].line(), line);
    // Of another build it is not taken.
    let other = scratch.0.join("other");
    fs::rename(&debug, &other).unwrap();
    fs::copy("/proc/self/exe", &debug).unwrap();
    let mut data = fs::read(&debug).unwrap();
    let id = object_file::build_id(&data);
    let at = data.windows(id.len()).position(|bytes| bytes == id).unwrap();
    data[at] ^= 1;
    fs::write(&debug, data).unwrap();
    let again = scratch.0.join("again");
    fs::rename(&linked, &again).unwrap();
    let names = resolve(&recorded(&again), [address].into_iter());
    assert!(names[&address][0].function().starts_with("again+0x"), "{:?}", names[&address]);
}

#[test]
fn a_file_that_was_replaced_is_not_believed() {
    let scratch = Scratch::new("replaced");
    let path = scratch.0.join("app");
    fs::copy("/proc/self/exe", &path).unwrap();
    let (stack, _) = plain();
    let address = stack[0] as u64;
    let mut modules = recorded(&path);
    assert!(resolve(&modules, [address].into_iter())[&address][0].function().ends_with("::plain"));
    modules[0].build_id = [1, 2, 3].into();
    let frame = &resolve(&modules, [address].into_iter())[&address][0];
    assert!(frame.function().starts_with("app+0x") && frame.object().ends_with("app (replaced)"), "{frame:?}");
    // One that is gone is not said to be replaced.
    modules[0].path = scratch.0.join("gone").to_str().unwrap().into();
    let frame = &resolve(&modules, [address].into_iter())[&address][0];
    assert!(frame.function().starts_with("gone+0x") && frame.object().ends_with("gone"), "{frame:?}");
    // Nor is a loaded file believed that is not what is in memory, build ids or not.
    let exe = env::current_exe().unwrap();
    let mut module = loaded().into_iter().find(|module| *module.path == *exe.to_str().unwrap()).unwrap();
    module.build_id = [].into();
    module.path = "/proc/self/exe".into();
    let names = resolve(&[module.clone()], [address].into_iter());
    assert!(names[&address][0].function().ends_with("::plain"), "{:?}", names[&address]);
    module.path = "/bin/sh".into();
    let names = resolve(&[module], [address].into_iter());
    assert!(names[&address][0].object().ends_with("(replaced)"), "{:?}", names[&address]);
}

#[test]
fn damaged_files_are_no_panic() {
    let scratch = Scratch::new("damaged");
    let (stack, _) = plain();
    let address = stack[0] as u64;
    let data = fs::read("/proc/self/exe").unwrap();
    for (place, cut) in [0, 1, 16, 64, 4_096, data.len() / 2].into_iter().enumerate() {
        let path = scratch.0.join(format!("cut{place}"));
        fs::write(&path, &data[..cut]).unwrap();
        let mut modules = recorded(&path);
        modules[0].build_id = [].into();
        assert_eq!(resolve(&modules, [address].into_iter())[&address].len(), 1, "{cut}");
    }
    let path = scratch.0.join("wild");
    let mut wild = data;
    for (at, byte) in wild.iter_mut().enumerate().skip(64) {
        *byte ^= if at % 7 == 0 { 0x55 } else { 0 };
    }
    fs::write(&path, wild).unwrap();
    let mut modules = recorded(&path);
    modules[0].build_id = [].into();
    assert!(!resolve(&modules, [address].into_iter())[&address].is_empty());
}

/// A recording knows addresses as the linker gave them, this process the places in the file.
#[test]
fn a_recording_of_this_program_is_not_taken_for_the_program() {
    let (stack, _) = plain();
    let address = stack[0] as u64;
    let exe = env::current_exe().unwrap();
    let mut module = loaded().into_iter().find(|module| *module.path == *exe.to_str().unwrap()).unwrap();
    let known = resolve(&[module.clone()], [address].into_iter());
    let bias = address - 1 - known[&address][0].address();
    let start = module.segments.iter().map(|segment| segment.start).min().unwrap();
    let end = module.segments.iter().map(|segment| segment.end).max().unwrap();
    module.segments = vec![Segment { start, end, offset: start - bias }];
    (module.linked, module.loaded) = (true, false);
    assert_eq!(resolve(&[module.clone()], [address].into_iter()), known);
    // The address of the one is the place of something else in the file: looked up by either, both are in the cache.
    let holding =
        loaded().iter().flat_map(|module| module.segments.clone()).find(|s| (s.start..s.end).contains(&address));
    let offset = address - 1 - holding.as_ref().unwrap().start + holding.as_ref().unwrap().offset;
    let other = address + (known[&address][0].address() - offset);
    assert_eq!(resolve(&loaded(), [other].into_iter()), resolve(&[module], [other].into_iter()));
}

#[test]
fn segments_tell_where_in_the_file() {
    let module = Module {
        path: "/nowhere/app".into(),
        segments: vec![
            Segment { start: 0x1000, end: 0x2000, offset: 0 },
            Segment { start: 0x2000, end: 0x4000, offset: 0x800 },
        ],
        ..Module::default()
    };
    let names = resolve(&[module], [0x1001, 0x2011, 0x4001].into_iter());
    assert_eq!(names[&0x1001][0].function(), "app+0x0");
    assert_eq!(names[&0x2011][0].function(), "app+0x810");
    assert_eq!(names[&0x4001][0].function(), "0x4000");
}

/// A program that is only looked at, so that it can be built in many ways.
const PROGRAM: &str = r#"
pub struct Foo<T>(T);
impl<T: Clone> Foo<T> {
    #[inline(always)]
    fn copies(&self) -> Vec<T> {
        let mut copies = Vec::with_capacity(2);
        copies.push(self.0.clone());
        copies
    }
}
#[inline(never)]
pub fn work<T: Clone>(foo: &Foo<T>) -> usize {
    std::hint::black_box(foo.copies()).len()
}
fn main() {
    let closure = |n: usize| vec![n; 3];
    std::process::exit((work(&Foo(String::new())) + closure(work(&Foo((1u8, "x")))).len()) as i32);
}
"#;

/// All frames of all addresses of the program's functions whose names hold the text.
fn frames_of_program(scratch: &Scratch, name: &str, options: &[&str], function: &str) -> Vec<Arc<[Frame]>> {
    use object::{Object, ObjectSymbol};

    let (source, path) = (scratch.0.join("main.rs"), scratch.0.join(name));
    fs::write(&source, PROGRAM).unwrap();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(&scratch.0).args(["--edition=2024", "--crate-name=app", "-o"]).arg(&path).arg(source);
    let output = command.args(options).output().expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let data = fs::read(&path).unwrap();
    let object = object::File::parse(&*data).unwrap();
    let mut addresses = Vec::new();
    for symbol in object.symbols() {
        if symbol.name().is_ok_and(|name| name.contains(function)) {
            addresses.extend(symbol.address() + 1..symbol.address() + symbol.size());
        }
    }
    assert!(!addresses.is_empty(), "{function}");
    // Mapped in one piece: where the linker put what, only the file can tell.
    use object::ObjectSegment;
    let segments = object.segments().map(|segment| {
        let (offset, size) = segment.file_range();
        Segment { start: segment.address(), end: segment.address() + size, offset }
    });
    let module = Module { path: path.to_str().unwrap().into(), segments: segments.collect(), ..Module::default() };
    let names = resolve(&[module], addresses.iter().copied());
    addresses.iter().map(|address| names[address].clone()).collect()
}

/// Some address has exactly these functions, innermost first.
fn has(found: &[Arc<[Frame]>], wanted: &[(&str, u32)]) -> bool {
    found.iter().any(|frames| {
        frames.len() >= wanted.len()
            && frames
                .iter()
                .rev()
                .zip(wanted.iter().rev())
                .all(|(frame, (name, line))| frame.function() == *name && (*line == 0 || frame.line() == *line))
    })
}

fn listing(found: &[Arc<[Frame]>]) -> String {
    let mut lines: Vec<String> = found
        .iter()
        .map(|frames| frames.iter().map(|f| format!("{}:{}", f.function(), f.line())).collect::<Vec<_>>().join(" < "))
        .collect();
    lines.dedup();
    lines.join("\n")
}

#[test]
fn full_debug_information_has_generics_in_both_manglings() {
    let scratch = Scratch::new("full");
    let legacy = frames_of_program(&scratch, "legacy", &["-g"], "4work");
    assert!(
        has(&legacy, &[("app::Foo<T>::copies<alloc::string::String>", 7), ("app::work<alloc::string::String>", 13)]),
        "{}",
        listing(&legacy)
    );
    assert!(has(&legacy, &[("app::work<(u8, &str)>", 12)]), "{}", listing(&legacy));
    let v0 = frames_of_program(&scratch, "v0", &["-g", "-Csymbol-mangling-version=v0", "-O"], "4work");
    assert!(
        has(&v0, &[("<app::Foo<alloc::string::String>>::copies", 6), ("app::work::<alloc::string::String>", 13)]),
        "{}",
        listing(&v0)
    );
    // Allocations of what is inlined into `work` are seen for what they are.
    let types: std::collections::BTreeSet<String> =
        v0.iter().chain(&legacy).map(|frames| allocated_type(frames)).collect();
    assert!(types.contains("Vec<alloc::string::String>") && types.contains("Vec<(u8, &str)>"), "{types:?}");
}

#[test]
fn lines_alone_name_inlined_functions_by_their_files() {
    let scratch = Scratch::new("lines");
    let found = frames_of_program(&scratch, "lines", &["-Cdebuginfo=line-tables-only", "-O"], "4work");
    assert!(
        has(&found, &[("app::copies<alloc::string::String>", 7), ("app::work<alloc::string::String>", 13)]),
        "{}",
        listing(&found)
    );
    let types: std::collections::BTreeSet<String> = found.iter().map(|frames| allocated_type(frames)).collect();
    assert!(types.contains("Vec<alloc::string::String>"), "{types:?} {}", listing(&found));
}

#[test]
fn debug_information_in_other_files() {
    let scratch = Scratch::new("split");
    for (name, split) in [("packed", "-Csplit-debuginfo=packed"), ("unpacked", "-Csplit-debuginfo=unpacked")] {
        let found = frames_of_program(&scratch, name, &["-g", split], "4work");
        let lines = |name: &str| {
            found.iter().any(|frames| frames.iter().any(|f| f.function().starts_with(name) && f.line() > 0))
        };
        assert!(lines("app::work") && lines("app::Foo<T>::copies"), "{split}: {}", listing(&found));
    }
}

#[test]
fn units_refer_to_each_other_where_functions_are_inlined_across_them() {
    let scratch = Scratch::new("units");
    let options = ["-g", "-O", "-Ccodegen-units=16"];
    let found = frames_of_program(&scratch, "units", &options, "3app");
    let all: std::collections::BTreeSet<&str> = found
        .iter()
        .flat_map(|frames| frames.iter().map(Frame::function))
        .filter(|name| name.contains("Drop"))
        .collect();
    assert!(all.iter().any(|name| name.ends_with("::drop<u8, alloc::alloc::Global>")), "{all:#?}");
    // None of them has lost what it was made with.
    assert!(all.iter().all(|name| !name.contains("RawVec<T,A>") || name.ends_with("Global>")), "{all:#?}");
}
