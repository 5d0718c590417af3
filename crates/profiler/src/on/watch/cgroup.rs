//! The memory limit of the control group, and what of it is used: version 2 and version 1.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use super::text;
use crate::monitor::{Metric, Sample};

/// Limits change seldom, and to look for them takes reading several files, which allocates.
const REFRESH: Duration = Duration::from_secs(60);

pub(super) struct Cgroup {
    root: PathBuf,
    /// Where the hierarchy with the memory controller is mounted; looked for once.
    mount: Option<Option<Mount>>,
    found: Option<Found>,
    looked: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq)]
struct Mount {
    version: Version,
    /// The group that is seen at the mount point.
    top: PathBuf,
    point: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    One,
    Two,
}

/// What was found at the last look.
struct Found {
    version: Version,
    /// Of the group with the tightest limit among the process's and its parents; of the process's own without one.
    limit: Option<u64>,
    usage: PathBuf,
    stat: PathBuf,
    pressure: PathBuf,
}

impl Cgroup {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), mount: None, found: None, looked: None }
    }

    pub(super) fn fill(&mut self, sample: &mut Sample) {
        if self.looked.is_none_or(|looked| looked.elapsed() >= REFRESH) {
            self.found = self.look();
            self.looked = Some(Instant::now());
        }
        let found = self.found.as_ref();
        sample.set(Metric::CgroupLimit, found.and_then(|found| found.limit));
        sample.set(Metric::CgroupUsage, found.and_then(|found| read_number(&found.usage)));
    }

    /// The file that tells of the group's pressure, if there can be one.
    pub(super) fn pressure(&self) -> Option<&Path> {
        self.found.as_ref().filter(|found| found.version == Version::Two).map(|found| found.pressure.as_path())
    }

    /// Bytes until the limit, files counted as free that were not used for long.
    pub(super) fn room(&self) -> Option<u64> {
        let found = self.found.as_ref()?;
        let name = match found.version {
            Version::One => "total_inactive_file",
            Version::Two => "inactive_file",
        };
        let mut buffer = [0; text::BUFFER];
        let inactive = text::read(&found.stat, &mut buffer)
            .and_then(|text| text.lines().find_map(|line| text::number(line.strip_prefix(name)?.strip_prefix(' ')?)));
        let used = read_number(&found.usage)?.saturating_sub(inactive.unwrap_or(0));
        Some(found.limit?.saturating_sub(used))
    }

    fn look(&mut self) -> Option<Found> {
        let groups = fs::read(self.root.join("proc/self/cgroup")).ok()?;
        let root = &self.root;
        let mount = self.mount.get_or_insert_with(|| {
            let mounts = fs::read(root.join("proc/self/mountinfo")).ok()?;
            mount(&mounts, version(&groups)?)
        });
        let mount = mount.as_ref()?;
        let point = self.root.join(mount.point.strip_prefix("/").unwrap_or(&mount.point));
        let own = directory(&point, mount, group(&groups, mount.version)?);
        let (limit_file, usage_file) = match mount.version {
            Version::One => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::Two => ("memory.max", "memory.current"),
        };
        let levels = own.ancestors().take_while(|level| level.starts_with(&point));
        let limits = levels.filter_map(|level| Some((read_number(&level.join(limit_file)).filter(is_limit)?, level)));
        // Of equal ones the innermost: it has the least besides this process.
        let tightest = limits.min_by_key(|(limit, _)| *limit);
        let level = tightest.map_or(own.as_path(), |(_, level)| level);
        Some(Found {
            version: mount.version,
            limit: tightest.map(|(limit, _)| limit),
            usage: level.join(usage_file),
            stat: level.join("memory.stat"),
            pressure: own.join("memory.pressure"),
        })
    }
}

/// Version 1 says "none" by the greatest number of pages.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "for `filter`")]
fn is_limit(limit: &u64) -> bool {
    *limit < 1 << 62
}

/// `max`, which version 2 says for "none", is no number.
fn read_number(path: &Path) -> Option<u64> {
    let mut buffer = [0; 32];
    text::number(text::read(path, &mut buffer)?.strip_suffix('\n')?)
}

/// Lines of `/proc/self/cgroup`, `4:memory:/path`: the controllers and the path.
fn groups(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut parts = line.splitn(3, |byte| *byte == b':').skip(1);
        Some((parts.next()?, parts.next()?))
    })
}

fn has_memory(names: &[u8]) -> bool {
    names.split(|byte| *byte == b',').any(|name| name == b"memory")
}

/// Whose the memory controller is: a system may have both versions.
fn version(text: &[u8]) -> Option<Version> {
    let (mut one, mut two) = (false, false);
    for (controllers, _) in groups(text) {
        one |= has_memory(controllers);
        two |= controllers.is_empty();
    }
    if one { Some(Version::One) } else { two.then_some(Version::Two) }
}

fn group(text: &[u8], version: Version) -> Option<&Path> {
    let is_it = |controllers: &[u8]| match version {
        Version::One => has_memory(controllers),
        Version::Two => controllers.is_empty(),
    };
    groups(text).find(|(controllers, _)| is_it(controllers)).map(|(_, path)| Path::new(OsStr::from_bytes(path)))
}

/// Lines of `/proc/self/mountinfo`: `35 31 0:32 /top /point rw … - cgroup cgroup rw,memory`.
fn mount(text: &[u8], version: Version) -> Option<Mount> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut words = line.split(|byte| *byte == b' ');
        let top = words.nth(3)?;
        let point = words.next()?;
        let mut after = words.skip_while(|word| *word != b"-").skip(1);
        let kind = after.next()?;
        let is_it = match version {
            Version::One => kind == b"cgroup" && has_memory(after.nth(1)?),
            Version::Two => kind == b"cgroup2",
        };
        is_it.then(|| Mount { version, top: unescape(top), point: unescape(point) })
    })
}

/// Blanks and backslashes in paths are written as three octal digits.
fn unescape(text: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = if *first == b'\\' { tail.get(..3) } else { None };
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        path.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[3..] } else { tail };
    }
    PathBuf::from(OsStr::from_bytes(&path))
}

/// Where the files of the process's group are. In a container the mount shows only a part of the tree, perhaps one in which
/// the path means nothing: then its top is the container's own group.
fn directory(point: &Path, mount: &Mount, group: &Path) -> PathBuf {
    let inside = group.strip_prefix(&mount.top).ok();
    inside
        .filter(|inside| inside.components().all(|part| matches!(part, Component::Normal(_))))
        .map(|inside| point.join(inside))
        .filter(|path| path.is_dir())
        .unwrap_or_else(|| point.to_owned())
}

#[cfg(test)]
#[path = "cgroup/tests.rs"]
mod tests;
