//! Whether ours and dhat tell the same of the same run, call stack by call stack: `WORKLOAD AMOUNT`.
//!
//! Ours is around dhat's allocator, so that both see every allocation; live beside a recording, since what was live at the peak is
//! for recordings to tell. What dhat allocates for itself it does not count, so ours is not told of that either.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use lagom_benches_heap::workloads::WORKLOADS;
use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, HeapProfile, Mode, Recording, Snapshot, set_mode};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: Outer = Outer;

static BOTH: TrackingAllocator<Inner> = TrackingAllocator::with(Inner);

thread_local! {
    /// dhat is at work.
    static IN_DHAT: Cell<bool> = const { Cell::new(false) };
    /// The sizes that a block has and is to have for the program: ours asks for 16 bytes instead of fewer, which `malloc` gives
    /// anyway.
    static SIZES: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn in_dhat<R>(call: impl FnOnce() -> R) -> R {
    IN_DHAT.set(true);
    let result = call();
    IN_DHAT.set(false);
    result
}

fn allocator() -> &'static dyn GlobalAlloc {
    if IN_DHAT.get() { &System } else { &BOTH }
}

/// Ours around dhat, but for what dhat allocates.
struct Outer;

// SAFETY: all memory is that of `System`, whichever way it came.
unsafe impl GlobalAlloc for Outer {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        SIZES.set((0, layout.size()));
        // SAFETY: the caller's promise.
        unsafe { allocator().alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        SIZES.set((layout.size(), 0));
        // SAFETY: the caller's promise.
        unsafe { allocator().dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        SIZES.set((layout.size(), size));
        // SAFETY: the caller's promise.
        unsafe { allocator().realloc(place, layout, size) }
    }
}

/// dhat, which says so while it is at work.
struct Inner;

// SAFETY: it is dhat's, which is `System`; sizes are those that the program asked for.
unsafe impl GlobalAlloc for Inner {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (_, size) = SIZES.get();
        // SAFETY: the size was a layout's of the same alignment.
        let layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the caller's promise.
        in_dhat(|| unsafe { dhat::Alloc.alloc(layout) })
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let (size, _) = SIZES.get();
        // SAFETY: the size was a layout's of the same alignment.
        let layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the caller's promise.
        in_dhat(|| unsafe { dhat::Alloc.dealloc(place, layout) });
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, _: usize) -> *mut u8 {
        let (old, new) = SIZES.get();
        // SAFETY: the size was a layout's of the same alignment.
        let layout = unsafe { Layout::from_size_align_unchecked(old, layout.align()) };
        // SAFETY: the caller's promise.
        in_dhat(|| unsafe { dhat::Alloc.realloc(place, layout, new) })
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Bytes and blocks: allocated in total, live at the peak, live at the end.
type Figures = [u64; 6];

/// By the addresses of calls in the program's file, innermost first; both give functions their own names, inlined ones above all.
type Sites = BTreeMap<Vec<u64>, Figures>;

/// `AMOUNT STACKS DIFFERENT ALLOCATIONS`, the third of the second.
fn run() -> Result<String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, amount] = &*words else { bail!("`WORKLOAD AMOUNT`, not {words:?}") };
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).context("no workload of that name")?;
    let amount: u64 = amount.parse()?;
    let file = |end: &str| std::env::temp_dir().join(format!("lagom-bench-heap-{}.{end}", std::process::id()));
    let (ours, theirs) = (file("heap"), file("json"));
    let work = (workload.prepare)(amount);
    // dhat is to see nothing of what ours prepares and reads, or its peak might be there.
    heap::record(&ours)?;
    set_mode(Mode::Live);
    let profiler = dhat::Profiler::builder().file_name(&theirs).trim_backtraces(None).build();
    let (answer, kept) = observed(&*work);
    heap::stop_recording()?;
    drop(profiler);
    let snapshot = Snapshot::take();
    set_mode(Mode::Off);
    black_box(kept);
    let recording = Recording::open(&ours)?;
    ensure!(recording.is_complete() && recording.lost() == 0, "the recording has gaps");
    let program = recording.modules().iter().find(|module| module.path() == recording.program());
    let bias = program.context("the program is among what was loaded")?.bias();
    let due = sites_of_dhat(&std::fs::read_to_string(&theirs)?, bias)?;
    let live = sites_of_ours(&HeapProfile::from(snapshot.sites().to_vec()), false);
    let recorded = sites_of_ours(&recording.profile()?, true);
    std::fs::remove_file(&ours)?;
    std::fs::remove_file(&theirs)?;
    let mut different = 0;
    for (stack, due) in &due {
        // A snapshot knows no peak.
        let without_peak = |mut figures: Figures| {
            figures[2..4].fill(0);
            figures
        };
        let (live, recorded) = (live.get(stack).copied(), recorded.get(stack).copied());
        if recorded != Some(*due) || live.map(without_peak) != Some(without_peak(*due)) {
            different += 1;
            eprintln!("dhat {due:?}, live {live:?}, recorded {recorded:?}: {stack:x?}");
        }
    }
    for stack in live.keys().chain(recorded.keys()).filter(|stack| !due.contains_key(*stack)) {
        different += 1;
        eprintln!("not dhat's: {stack:x?}");
    }
    let allocations: u64 = due.values().map(|figures| figures[1]).sum();
    Ok(format!("{answer} {} {different} {allocations}", due.len()))
}

/// What both look at: stacks count from here on. Some of what it allocates stays.
#[inline(never)]
fn observed(work: &dyn Fn() -> u64) -> (u64, Vec<String>) {
    let mut kept = Vec::new();
    for number in 0..100 {
        kept.push(black_box("text ").repeat(number));
    }
    (work(), black_box(kept))
}

/// Addresses of a stack's functions, from the innermost that is no allocator's to that of [`observed`]; `None` if it is not there.
/// Functions that are inlined into one share its address.
fn stack<'a>(frames: impl Iterator<Item = (u64, &'a str)>) -> Option<Vec<u64>> {
    let mut stack = Vec::new();
    for (address, function) in frames {
        if stack.last() != Some(&address) {
            stack.push(address);
        }
        if function.split(' ').next().is_some_and(|name| name == "observed" || name.ends_with("::observed")) {
            return Some(stack);
        }
        if ["dhat-0.", "profiler/src/allocator.rs", "heap-as-dhat.rs:"].iter().any(|file| function.contains(file)) {
            stack.clear();
        }
    }
    None
}

fn add(sites: &mut Sites, stack: Vec<u64>, figures: Figures) {
    for (sum, figure) in sites.entry(stack).or_default().iter_mut().zip(figures) {
        *sum += figure;
    }
}

fn sites_of_ours(profile: &HeapProfile, peak: bool) -> Sites {
    let mut sites = Sites::new();
    for site in profile.sites() {
        if let Some(stack) = stack(site.frames().iter().map(|frame| (frame.address(), frame.function()))) {
            let amounts = [site.total(), if peak { site.peak() } else { heap::Amount::default() }, site.live()];
            let mut figures = amounts.iter().flat_map(|amount| [amount.bytes(), amount.blocks()]);
            add(&mut sites, stack, std::array::from_fn(|_| figures.next().unwrap_or(0)));
        }
    }
    sites
}

fn sites_of_dhat(text: &str, bias: u64) -> Result<Sites> {
    let file: Value = serde_json::from_str(text)?;
    let frames = file["ftbl"].as_array().context("there is a table of frames")?;
    // `0x55d0c0d0: app::parse (src/app.rs:7:3)`.
    let frame = |number: &Value| {
        let text = frames.get(usize::try_from(number.as_u64()?).ok()?)?.as_str()?;
        let (address, function) = text.strip_prefix("0x")?.split_once(": ")?;
        // That of a call is the one before it returns to.
        Some((u64::from_str_radix(address, 16).ok()?.wrapping_sub(bias + 1), function))
    };
    let mut sites = Sites::new();
    for point in file["pps"].as_array().context("there are program points")? {
        if let Some(stack) = stack(point["fs"].as_array().context("a point has frames")?.iter().filter_map(frame)) {
            add(
                &mut sites,
                stack,
                ["tb", "tbk", "gb", "gbk", "eb", "ebk"].map(|field| point[field].as_u64().unwrap_or(0)),
            );
        }
    }
    Ok(sites)
}
