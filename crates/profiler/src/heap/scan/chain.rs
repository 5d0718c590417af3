//! Blocks that hold each other, one after the other.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::hidden::Hidden;
use crate::format::Bytes;
use crate::heap::Frame;

/// What allocated a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Allocation {
    pub(crate) type_name: Arc<str>,
    pub(crate) frames: Arc<[Frame]>,
}

impl Allocation {
    /// The innermost function that is not of the standard library.
    fn place(&self) -> Option<&Frame> {
        let of_std = |frame: &&Frame| {
            let name = frame.function().trim_start_matches(['<', '&', '[', '(']);
            ["alloc::", "core::", "std::", "hashbrown::", "__rust", "__rustc"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        };
        self.frames.iter().find(|frame| !of_std(frame)).or_else(|| self.frames.first())
    }
}

/// One block of a chain.
///
/// ```
/// fn print(link: &lagom_profiler::heap::Link) {
///     println!("{} bytes at {:#x}, by the pointer at +{}", link.size(), link.address(), link.offset());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Link {
    pub(crate) address: Hidden,
    pub(crate) size: u64,
    pub(crate) offset: u64,
    pub(crate) foreign: bool,
    pub(crate) allocation: Arc<Allocation>,
}

impl Link {
    /// Where the block is.
    ///
    /// ```
    /// fn print(link: &lagom_profiler::heap::Link) {
    ///     println!("{:#x}", link.address());
    /// }
    /// ```
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address.get()
    }

    /// How many bytes were asked for.
    ///
    /// ```
    /// fn bytes(links: &[lagom_profiler::heap::Link]) -> u64 {
    ///     links.iter().map(|link| link.size()).sum()
    /// }
    /// ```
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Where the pointer to it lies: how many bytes into the block before. 0 for the first of a chain.
    ///
    /// ```
    /// fn print(link: &lagom_profiler::heap::Link) {
    ///     println!("the pointer lies at +{} of the block before", link.offset());
    /// }
    /// ```
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Not a block of the tracking allocator: of a C library, from before the mode was `Live`, or mapped by hand.
    ///
    /// ```
    /// fn own(link: &lagom_profiler::heap::Link) -> bool {
    ///     !link.is_foreign()
    /// }
    /// ```
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// What it holds, as far as the functions that allocated it tell; empty if they do not.
    ///
    /// ```
    /// fn is_node(link: &lagom_profiler::heap::Link) -> bool {
    ///     link.type_name().contains("Node")
    /// }
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.allocation.type_name
    }

    /// The stack that allocated it, innermost first.
    ///
    /// ```
    /// fn print(link: &lagom_profiler::heap::Link) {
    ///     for frame in link.frames() {
    ///         println!("by {}", frame.function());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.allocation.frames
    }

    /// What it is, in a word.
    pub(crate) fn what(&self) -> &str {
        match (self.foreign, self.type_name()) {
            (true, _) => "memory of others",
            (false, "") => "block",
            (false, name) => name,
        }
    }

    /// Who allocated it: function and line.
    pub(crate) fn place(&self) -> Option<String> {
        let frame = self.allocation.place()?;
        Some(match (frame.file(), frame.line()) {
            ("", _) => frame.function().to_owned(),
            (file, line) => format!("{} ({file}:{line})", frame.function()),
        })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} at {:#x}", self.what(), Bytes(self.size), self.address())?;
        match self.place() {
            Some(place) => write!(f, ", allocated by {place}"),
            None => Ok(()),
        }
    }
}

/// Where a chain begins: memory that counts as in use.
///
/// ```
/// use lagom_profiler::heap::Root;
///
/// let root = Root::Stack { thread: "main".to_owned() };
/// assert_eq!(root.to_string(), "stack of thread main");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Root {
    /// A static of the program or of a library.
    #[non_exhaustive]
    Static {
        /// Its name; empty if it is not known.
        symbol: String,
        /// Where in it the pointer is; from the begin of the file if the name is not known.
        offset: u64,
        /// The file of the program or library.
        module: PathBuf,
    },
    /// A local variable, or what a function has left on the stack.
    Stack {
        /// The thread's name.
        thread: String,
    },
    /// A register of a stopped thread.
    Register {
        /// The thread's name.
        thread: String,
    },
    /// A thread-local.
    ThreadLocal {
        /// The thread's name.
        thread: String,
    },
    /// Memory that counts as in use though nobody is known to point to it.
    Unknown {
        /// Where it is.
        address: u64,
    },
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static { symbol, offset, module } => {
                let module = module.file_name().unwrap_or(module.as_os_str()).display();
                match symbol.as_str() {
                    "" => write!(f, "static at {offset:#x} of {module}"),
                    symbol => write!(f, "static {symbol}+{offset} of {module}"),
                }
            }
            Self::Stack { thread } => write!(f, "stack of thread {thread}"),
            Self::Register { thread } => write!(f, "register of thread {thread}"),
            Self::ThreadLocal { thread } => write!(f, "thread-local of thread {thread}"),
            Self::Unknown { address } => write!(f, "memory at {address:#x}"),
        }
    }
}

/// Blocks of which each holds a pointer to the next, perhaps in a circle.
///
/// ```
/// fn print(chain: &lagom_profiler::heap::Chain) {
///     println!("{chain}");
///     std::fs::write("chain.svg", chain.to_svg()).unwrap();
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Chain {
    pub(crate) root: Option<Root>,
    pub(crate) links: Vec<Link>,
    /// The last link points to the one of this number, by a pointer at that offset.
    pub(crate) back: Option<(usize, u64)>,
}

impl Chain {
    /// Where it begins; none for leaks.
    ///
    /// ```
    /// fn is_leak(chain: &lagom_profiler::heap::Chain) -> bool {
    ///     chain.root().is_none()
    /// }
    /// ```
    #[must_use]
    pub const fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// The blocks in the order of the pointers.
    ///
    /// ```
    /// fn bytes(chain: &lagom_profiler::heap::Chain) -> u64 {
    ///     chain.links().iter().map(|link| link.size()).sum()
    /// }
    /// ```
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Which link the last one points to, and where that pointer lies in the last one, if the chain is closed.
    ///
    /// ```
    /// fn is_closed(chain: &lagom_profiler::heap::Chain) -> bool {
    ///     chain.back().is_some()
    /// }
    /// ```
    #[must_use]
    pub const fn back(&self) -> Option<(usize, u64)> {
        self.back
    }

    /// As a graph in the language of Graphviz.
    ///
    /// ```
    /// fn save(chain: &lagom_profiler::heap::Chain) -> std::io::Result<()> {
    ///     std::fs::write("chain.dot", chain.to_dot())
    /// }
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        super::dot::write(std::slice::from_ref(self))
    }

    /// As a picture, which follows the reader's choice of light or dark.
    ///
    /// ```
    /// fn save(chain: &lagom_profiler::heap::Chain) -> std::io::Result<()> {
    ///     std::fs::write("chain.svg", chain.to_svg())
    /// }
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        super::svg::write(std::slice::from_ref(self))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(root) = &self.root {
            writeln!(f, "  {root}")?;
        }
        for (number, link) in self.links.iter().enumerate() {
            match (number, &self.root) {
                (0, None) => writeln!(f, "  #0 {link}")?,
                (0, Some(_)) => writeln!(f, "  -> #0 {link}")?,
                _ => writeln!(f, "  +{} -> #{number} {link}", link.offset)?,
            }
        }
        match self.back {
            Some((number, offset)) => writeln!(f, "  +{offset} -> #{number} again"),
            None => Ok(()),
        }
    }
}
