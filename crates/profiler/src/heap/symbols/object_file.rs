//! One file with code: its symbols and its debug information, for as long as addresses are looked up in it.
#![allow(unsafe_code, reason = "maps files into memory")]

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use addr2line::gimli::{self, DwarfSections, RunTimeEndian};
use addr2line::{Context, LookupResult};
use memmap2::Mmap;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SymbolKind, elf};

use super::bare;
use super::modules::Module;
use super::names::{Known, compose, crate_of, demangle, is_mangled, unit_of};
use super::origin::{Origins, Slice};
use super::separate;
use crate::heap::Frame;

/// The frames at each of these offsets in the file of a module.
pub(super) fn look_up(module: &Module, offsets: &[u64]) -> Vec<(u64, Arc<[Frame]>)> {
    let path = Path::new(&*module.path);
    let found = open(module).and_then(|map| {
        let object = object::File::parse(&*map).ok()?;
        same(module, &map).then(|| frames(module, path, &object, offsets))
    });
    found.unwrap_or_else(|| {
        let reason: Arc<str> = match path.exists() {
            true if !module.path.ends_with(']') => format!("{} (replaced)", module.path).into(),
            _ => module.path.clone(),
        };
        offsets.iter().map(|&offset| (offset, [bare(module, &reason, offset)].into())).collect()
    })
}

/// The file that was loaded: of the program itself also if it has been replaced or removed since.
fn open(module: &Module) -> Option<Mmap> {
    let itself = module.loaded
        && std::env::current_exe().is_ok_and(|path| {
            let path = path.to_string_lossy();
            path.strip_suffix(" (deleted)").unwrap_or(&path) == &*module.path
        });
    let path = if itself { "/proc/self/exe" } else { &*module.path };
    map(Path::new(path)).or_else(|| map(Path::new(&*module.path)))
}

pub(super) fn map(path: &Path) -> Option<Mmap> {
    let file = File::open(path).ok()?;
    // SAFETY: what is read are the bytes of a program or library. Who builds or installs one writes another file in its
    // place; who overwrites one that is in use breaks more than this.
    unsafe { Mmap::map(&file) }.ok()
}

/// The file is the one that was loaded. Without build ids a loaded file is held against the memory that it was loaded
/// into.
fn same(module: &Module, file: &[u8]) -> bool {
    if !module.build_id.is_empty() {
        return build_id(file) == *module.build_id;
    }
    if !module.loaded {
        return true;
    }
    let page = first_page(module);
    !page.is_empty() && file.starts_with(&page[..page.len().min(file.len())])
}

/// The start of the file as it was loaded: what says what the rest is. Empty if it was not, or cannot be read.
pub(super) fn first_page(module: &Module) -> Vec<u8> {
    use std::io::{Read, Seek, SeekFrom};
    let read = || {
        let segment = module.segments.iter().find(|segment| segment.offset == 0)?;
        let mut memory = File::open("/proc/self/mem").ok()?;
        memory.seek(SeekFrom::Start(segment.start)).ok()?;
        let mut page = vec![0; (segment.end - segment.start).min(4_096) as usize];
        memory.read_exact(&mut page).ok()?;
        Some(page)
    };
    read().unwrap_or_default()
}

/// The build id, from the beginning of an ELF file or from all of it.
pub(super) fn build_id(data: &[u8]) -> Vec<u8> {
    fn find<E: FileHeader<Endian = object::Endianness>>(data: &[u8]) -> Option<Vec<u8>> {
        let header = E::parse(data).ok()?;
        let endian = header.endian().ok()?;
        for segment in header.program_headers(endian, data).ok()? {
            // Of the beginning of a file, some may lie beyond.
            let Ok(Some(mut notes)) = segment.notes(endian, data) else { continue };
            while let Ok(Some(note)) = notes.next() {
                if note.name() == elf::ELF_NOTE_GNU && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
                    return Some(note.desc().to_vec());
                }
            }
        }
        None
    }
    find::<elf::FileHeader64<_>>(data).or_else(|| find::<elf::FileHeader32<_>>(data)).unwrap_or_default()
}

/// Names everything, with what debug information there is.
fn frames(module: &Module, path: &Path, object: &object::File<'_>, offsets: &[u64]) -> Vec<(u64, Arc<[Frame]>)> {
    if !separate::has_debug_info(object) {
        for candidate in separate::candidates(path, object) {
            let Some(map) = map(&candidate) else { continue };
            let Ok(debug) = object::File::parse(&*map) else { continue };
            if separate::has_debug_info(&debug) && separate::belongs(object, &debug, &map) {
                // Its symbol table is the fuller one.
                return Reader::new(module, path, object, &[&debug, object]).read_all(&debug, offsets);
            }
        }
    }
    Reader::new(module, path, object, &[object]).read_all(object, offsets)
}

/// A function of the symbol table.
struct Symbol<'a> {
    address: u64,
    size: u64,
    name: &'a str,
}

/// The function that an address is in, of those that ascend.
fn holding<'a>(symbols: &[Symbol<'a>], address: u64) -> Option<&'a str> {
    let end = symbols.partition_point(|symbol| symbol.address <= address);
    let symbol = symbols[..end].last()?;
    // One without a size, written in assembler, reaches to the next.
    (symbol.size == 0 || address - symbol.address < symbol.size).then_some(symbol.name)
}

struct Reader<'a, 'data> {
    module: &'a Module,
    path: &'a Path,
    object: &'a object::File<'data>,
    symbols: Vec<Symbol<'a>>,
}

impl<'a, 'data: 'a> Reader<'a, 'data> {
    fn new(
        module: &'a Module,
        path: &'a Path,
        object: &'a object::File<'data>,
        with_symbols: &[&'a object::File<'data>],
    ) -> Self {
        let mut symbols = Vec::new();
        for object in with_symbols {
            for symbol in object.symbols().chain(object.dynamic_symbols()) {
                if symbol.is_definition()
                    && symbol.kind() == SymbolKind::Text
                    && let Ok(name) = symbol.name()
                {
                    symbols.push(Symbol { address: symbol.address(), size: symbol.size(), name });
                }
            }
        }
        // Of several at one address the one that is known to reach furthest.
        symbols.sort_by_key(|symbol| (symbol.address, symbol.size));
        Self { module, path, object, symbols }
    }

    fn read_all(&self, debug: &object::File<'_>, offsets: &[u64]) -> Vec<(u64, Arc<[Frame]>)> {
        let endian = if debug.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let section = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, object::Error> {
            debug.section_by_name(id.name()).map_or(Ok(Cow::Borrowed(&[])), |section| section.uncompressed_data())
        };
        let sections = DwarfSections::load(section).ok();
        let borrow = || sections.as_ref().map(|sections| sections.borrow(|data| Slice::new(data, endian)));
        let context = borrow().and_then(|dwarf| Context::from_dwarf(dwarf).ok());
        let origins = borrow().map(Origins::new);
        let mut split = None;
        let look_up = |&offset: &u64| {
            let address = self.address(offset);
            let debug = context.as_ref().zip(origins.as_ref());
            let frames = debug.and_then(|(context, origins)| self.inlined(context, origins, address, &mut split));
            (offset, frames.unwrap_or_else(|| vec![self.plain(address)]).into())
        };
        offsets.iter().map(look_up).collect()
    }

    /// Where the linker put what stands at an offset of the file.
    fn address(&self, offset: u64) -> u64 {
        if self.module.linked {
            return offset;
        }
        let holding = self.object.segments().find_map(|segment| {
            let (start, size) = segment.file_range();
            (start <= offset && offset - start < size).then(|| segment.address() + (offset - start))
        });
        holding.unwrap_or(offset)
    }

    fn symbol(&self, address: u64) -> Option<&'a str> {
        holding(&self.symbols, address)
    }

    fn frame(&self, function: String, file: &str, line: u32, address: u64) -> Frame {
        Frame { function: function.into(), file: file.into(), line, object: self.module.path.clone(), address }
    }

    /// Without debug information.
    fn plain(&self, address: u64) -> Frame {
        match self.symbol(address) {
            Some(name) => self.frame(demangle(name), "", 0, address),
            None => bare(self.module, &self.module.path, address),
        }
    }

    /// All functions that are inlined there, innermost first; `None` if debug information does not know the place.
    fn inlined<'s>(
        &self,
        context: &Context<Slice<'s>>,
        origins: &Origins<'s>,
        address: u64,
        split: &mut Option<Option<addr2line::Loader>>,
    ) -> Option<Vec<Frame>> {
        let LookupResult::Output(found) = context.find_frames(address) else {
            // The information is in other files, which the loader finds.
            let loader = split.get_or_insert_with(|| addr2line::Loader::new(self.path).ok()).as_ref()?;
            return self.collect(loader.find_frames(address).ok()?, address, |_| None, None);
        };
        let LookupResult::Output(unit) = context.find_dwarf_and_unit(address) else { return None };
        let unit_name = unit.and_then(|unit| {
            let text = |name: Slice<'s>| std::str::from_utf8(name.slice()).ok();
            let (root, name) = unit_of(text(unit.unit.name?)?)?;
            Some((Path::new(text(unit.unit.comp_dir?)?).join(root).to_string_lossy().into_owned(), name))
        });
        let source = |entry| origins.name(unit?, entry);
        self.collect(found.ok()?, address, source, unit_name)
    }

    fn collect<'n, R: gimli::Reader>(
        &self,
        mut frames: addr2line::FrameIter<'_, R>,
        address: u64,
        source: impl Fn(gimli::UnitOffset<R::Offset>) -> Option<&'n str>,
        unit: Option<(String, Option<&str>)>,
    ) -> Option<Vec<Frame>> {
        let mut found: Vec<Raw<'_>> = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|function| function.raw_name().ok()?.into_owned().into());
            let source = frame.dw_die_offset.and_then(&source);
            let (file, line) = frame.location.map_or(("", 0), |at| (at.file.unwrap_or(""), at.line.unwrap_or(0)));
            found.push(Raw { name, source, file, line });
        }
        let last = found.len().checked_sub(1)?;
        let symbol = self.symbol(address);
        // A unit of an incremental build does not say of what crate it is; the function that it was made for may.
        let crate_of = |root: &str| crate_of(symbol?, found[last].file, root);
        let unit = unit.and_then(|(root, name)| Some((name.map(str::to_owned).or_else(|| crate_of(&root))?, root)));
        let unit = unit.as_ref().map(|(name, root)| (&**root, &**name));
        let frame = |(place, raw): (usize, &Raw<'_>)| {
            let mangled = raw.name.as_deref().filter(|name| is_mangled(name));
            let source = raw.source.or(raw.name.as_deref().filter(|name| !is_mangled(name)));
            // Debug information of lines alone names no function for the linker, but its symbol is that of the
            // outermost.
            let linkage = mangled.or(if place == last { symbol } else { None });
            let name = compose(Known { linkage, source, file: raw.file, unit });
            let name = name.unwrap_or_else(|| self.plain(address).function.to_string());
            self.frame(name, raw.file, raw.line, address)
        };
        Some(found.iter().enumerate().map(frame).collect())
    }
}

/// What debug information says of one function, before its name is made.
struct Raw<'a> {
    /// The linker's, or for want of that the source's.
    name: Option<String>,
    source: Option<&'a str>,
    file: &'a str,
    line: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_reaches_as_far_as_its_size() {
        let symbol = |address, size, name| Symbol { address, size, name };
        let symbols = [symbol(0x10, 0x10, "a"), symbol(0x40, 0, "b"), symbol(0x50, 1, "c")];
        let found: Vec<_> = [0xf, 0x10, 0x1f, 0x20, 0x40, 0x4f, 0x50, 0x51].map(|at| holding(&symbols, at)).into();
        assert_eq!(found, [None, Some("a"), Some("a"), None, Some("b"), Some("b"), Some("c"), None]);
    }
}
