//! Debug information in a file of its own, as distributions ship it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

/// Where debuggers look for it: by build id, then by the name that the file gives, beside it, in `.debug` and below
/// `/usr/lib/debug`. The first that exists and is of the same build.
pub(super) fn candidates(path: &Path, object: &object::File<'_>) -> Vec<PathBuf> {
    let root = Path::new("/usr/lib/debug");
    let mut found = Vec::new();
    if let Ok(Some([first, rest @ ..])) = object.build_id() {
        let mut name = format!("{first:02x}/");
        for byte in rest {
            let _ = write!(name, "{byte:02x}");
        }
        found.push(root.join(".build-id").join(name + ".debug"));
    }
    if let Ok(Some((name, _checksum))) = object.gnu_debuglink()
        && let (Ok(name), Some(directory)) = (std::str::from_utf8(name), path.parent())
    {
        found.push(directory.join(name));
        found.push(directory.join(".debug").join(name));
        found.push(root.join(directory.strip_prefix("/").unwrap_or(directory)).join(name));
    }
    found.retain(|candidate| candidate != path);
    found
}

/// It has something to say of functions.
pub(super) fn has_debug_info(object: &object::File<'_>) -> bool {
    object
        .section_by_name(".debug_info")
        .or_else(|| object.section_by_name("__debug_info"))
        .is_some_and(|s| s.size() > 0)
}

/// Both come from one build: by build id, or by the checksum that the link holds.
pub(super) fn belongs(object: &object::File<'_>, debug: &object::File<'_>, data: &[u8]) -> bool {
    match (object.build_id(), debug.build_id()) {
        (Ok(Some(id)), Ok(Some(other))) => id == other,
        _ => matches!(object.gnu_debuglink(), Ok(Some((_, sum))) if sum == crc32(data)),
    }
}

/// The checksum of gzip and of `.gnu_debuglink`.
fn crc32(data: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|at| {
        (0..8).fold(at as u32, |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    !data.iter().fold(!0, |sum, &byte| table[(sum as u8 ^ byte) as usize] ^ sum >> 8)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_of_known_text() {
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
    }
}
