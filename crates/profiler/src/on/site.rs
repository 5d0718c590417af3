//! A place in the source that is profiled, and its number.

use std::sync::atomic::{AtomicU32, Ordering};

use lagom_base::sync::Mutex;

/// All sites that were entered at least once; a site's number is its place here.
static SITES: Mutex<Vec<&'static Site>> = Mutex::new(Vec::new());

const UNNUMBERED: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    number: AtomicU32,
}

impl Site {
    pub(crate) const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self { name, module, file, line, number: AtomicU32::new(UNNUMBERED) }
    }

    /// The site's number, given on first use.
    #[inline]
    pub(crate) fn number(&'static self) -> u32 {
        // Relaxed: the number is the whole message.
        match self.number.load(Ordering::Relaxed) {
            UNNUMBERED => self.enroll(),
            number => number,
        }
    }

    #[cold]
    fn enroll(&'static self) -> u32 {
        let mut sites = SITES.lock();
        let known = self.number.load(Ordering::Relaxed);
        if known != UNNUMBERED {
            return known;
        }
        let number = u32::try_from(sites.len()).expect("no program has 2^32 profiled places");
        sites.push(self);
        self.number.store(number, Ordering::Relaxed);
        number
    }
}

/// All numbered sites, in the order of their numbers.
pub(crate) fn all() -> Vec<&'static Site> {
    SITES.lock().clone()
}
