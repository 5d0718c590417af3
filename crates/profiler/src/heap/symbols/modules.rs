//! Which file lies where in the address space.

use std::sync::Arc;

/// A file with code, and where it was mapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    /// Where it was when it was loaded.
    pub(crate) path: Arc<str>,
    /// What identifies its contents; empty if it has none, or nobody looked.
    pub(crate) build_id: Arc<[u8]>,
    pub(crate) segments: Vec<Segment>,
    /// It is a file of this very process, whose memory can be held against it.
    pub(crate) loaded: bool,
    /// The segments' offsets are no places in the file, but the addresses that the linker gave.
    pub(crate) linked: bool,
}

/// A stretch of addresses and the file's offset that it begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) offset: u64,
}

/// A segment, and whose it is.
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) offset: u64,
    pub(crate) module: usize,
}

impl Module {
    pub(crate) fn ranges(&self, module: usize) -> impl Iterator<Item = Range> {
        self.segments.iter().map(move |&Segment { start, end, offset }| Range { start, end, offset, module })
    }

    /// What is behind the last `/`, or the whole.
    #[cfg(not(feature = "symbols"))]
    pub(crate) fn plain_address(&self, offset: u64) -> u64 {
        if self.linked {
            return offset;
        }
        // What `perf` and `gdb` count from: the first byte of the file, as far as one can tell without reading it.
        let base = self.segments.iter().find(|segment| segment.offset == 0).map_or(0, |segment| segment.start);
        let holds =
            |segment: &&Segment| (segment.offset..segment.offset + (segment.end - segment.start)).contains(&offset);
        let segment = self.segments.iter().filter(|segment| base <= segment.start).find(holds);
        segment.map_or(offset, |segment| segment.start + (offset - segment.offset) - base)
    }
}

/// The files that this process has loaded; none where the system does not tell.
pub(crate) fn loaded() -> Vec<Module> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
        #[cfg_attr(not(feature = "symbols"), allow(unused_mut, reason = "only who can read build ids adds them"))]
        let mut modules = from_maps(&String::from_utf8_lossy(&maps));
        #[cfg(feature = "symbols")]
        for module in &mut modules {
            if module.segments.iter().any(|segment| segment.offset == 0) {
                module.build_id = super::object_file::build_id(&super::object_file::first_page(module)).into();
            }
        }
        modules
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Vec::new()
}

/// Reads `/proc/PID/maps`.
#[cfg(any(test, target_os = "linux", target_os = "android"))]
pub(crate) fn from_maps(maps: &str) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    for line in maps.lines() {
        let Some((path, segment)) = mapping(line) else { continue };
        let path = path.strip_suffix(" (deleted)").unwrap_or(path);
        match modules.iter_mut().find(|module| *module.path == *path) {
            Some(module) => module.segments.push(segment),
            None => {
                modules.push(Module { path: path.into(), segments: vec![segment], loaded: true, ..Module::default() });
            }
        }
    }
    modules
}

/// `start-end permissions offset device inode path`, of a file.
#[cfg(any(test, target_os = "linux", target_os = "android"))]
fn mapping(line: &str) -> Option<(&str, Segment)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let (_permissions, rest) = rest.split_once(' ')?;
    let (offset, _) = rest.split_once(' ')?;
    // The path may hold blanks.
    let path = &line[line.find('/')?..];
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((path, Segment { start: number(start)?, end: number(end)?, offset: number(offset)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
5581c0a00000-5581c0a10000 r--p 00000000 fd:01 1234                       /opt/my program/app
5581c0a10000-5581c0a80000 r-xp 0000f000 fd:01 1234                       /opt/my program/app
5581c0b00000-5581c0b21000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n\
7f0000100000-7f0000200000 r-xp 00001000 fd:01 99                         /lib/gone.so (deleted)
nonsense
zz-yy r-xp 0 0 0 /x
";

    #[test]
    fn maps_are_read() {
        let modules = from_maps(MAPS);
        assert_eq!(modules.len(), 2);
        assert_eq!(&*modules[0].path, "/opt/my program/app");
        assert_eq!(modules[0].segments[1], Segment { start: 0x5581_c0a1_0000, end: 0x5581_c0a8_0000, offset: 0xf000 });
        assert_eq!((&*modules[1].path, modules[1].segments.len()), ("/lib/gone.so", 1));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_program_is_among_the_loaded_files() {
        let here = this_program_is_among_the_loaded_files as fn() as usize as u64;
        let modules = loaded();
        let holds = |segment: &Segment| (segment.start..segment.end).contains(&here);
        let module = modules.iter().find(|module| module.segments.iter().any(holds)).expect("the test is in a file");
        assert_eq!(&*module.path, std::env::current_exe().unwrap().to_str().unwrap());
    }
}
