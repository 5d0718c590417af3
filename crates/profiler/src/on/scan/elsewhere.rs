//! Where there is no scan.

use crate::heap::scan::{Found, Path, ScanError, Wanted};

pub(crate) const fn unreachable() -> Result<Found, ScanError> {
    Err(ScanError::Unsupported)
}

pub(crate) const fn path(_: &Wanted<'_>) -> Result<Option<Path>, ScanError> {
    Err(ScanError::Unsupported)
}
