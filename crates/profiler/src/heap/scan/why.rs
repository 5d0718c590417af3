//! What keeps a block alive.

use std::fmt;

use super::chain::{Chain, Link, Root};
use super::error::ScanError;
use super::found::{Path, Wanted};
use super::hidden::Hidden;
use super::names::{Stacks, named};
use crate::engine;

/// Which block is asked for.
///
/// ```
/// use lagom_profiler::heap::Target;
///
/// let text = String::from("who holds me?");
/// let target = Target::value(text.as_str());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Not as it is, or the question would be a pointer to the block.
    Address(usize),
    Type(String),
}

impl Target {
    /// The block that holds an address.
    ///
    /// ```
    /// let boxed = Box::new(7);
    /// let target = lagom_profiler::heap::Target::address((&raw const *boxed).addr());
    /// ```
    #[must_use]
    pub const fn address(address: usize) -> Self {
        Self(Kind::Address(!address))
    }

    /// The block that holds a value.
    ///
    /// ```
    /// let boxed = Box::new(7);
    /// let target = lagom_profiler::heap::Target::value(&*boxed);
    /// ```
    #[must_use]
    pub fn value<T: ?Sized>(value: &T) -> Self {
        Self::address(std::ptr::from_ref(value).addr())
    }

    /// Any block of a type whose name has this in it; of several the one nearest to a root.
    ///
    /// ```
    /// let target = lagom_profiler::heap::Target::type_name("Vec<my_crate::Row>");
    /// ```
    #[must_use]
    pub fn type_name(part: impl Into<String>) -> Self {
        Self(Kind::Type(part.into()))
    }
}

/// Finds the shortest chain of pointers from a root (a static, a stack, a register, a thread-local) to a live block.
///
/// As conservative as [`leaks`](super::leaks), of which all that is said of the scan holds here, too: a number that looks like a
/// pointer is one. A chain that begins on the stack of the calling thread is taken only if there is no other, as there the
/// question itself is.
///
/// # Errors
///
/// [`ScanError::NotABlock`] and [`ScanError::NoSuchType`] if there is nothing to be asked about; otherwise as for `leaks`.
///
/// ```no_run
/// use lagom_profiler::heap::{self, Target};
///
/// let row = Box::new([0_u8; 100]);
/// let why = heap::why_alive(&Target::value(&*row))?;
/// println!("{why}");
/// # Ok::<(), heap::ScanError>(())
/// ```
pub fn why_alive(target: &Target) -> Result<WhyAlive, ScanError> {
    let result = engine::heap_aside(|| ask(target));
    super::forget_stack();
    result
}

fn ask(target: &Target) -> Result<WhyAlive, ScanError> {
    let mut stacks = Stacks::default();
    let path = match &target.0 {
        // Taken back where nothing keeps it.
        Kind::Address(address) => engine::path(&Wanted::Address(*address))?,
        Kind::Type(part) => {
            let mut numbers = Vec::new();
            engine::heap_stacks(&mut numbers);
            if numbers.is_empty() {
                return Err(ScanError::NotLive);
            }
            stacks.learn(numbers.iter().copied());
            numbers.retain(|&stack| stacks.get(stack).type_name.contains(part.as_str()));
            if numbers.is_empty() {
                return Err(ScanError::NoSuchType);
            }
            engine::path(&Wanted::Stacks(&numbers))?
        }
    };
    Ok(WhyAlive { chain: path.map(|path| chain(path, &mut stacks)) })
}

fn chain(path: Path, stacks: &mut Stacks) -> Chain {
    stacks.learn(path.steps.iter().filter(|step| !step.foreign).map(|step| step.block.stack));
    let root = named(path.root);
    let links = path.steps.iter().enumerate().map(|(number, step)| Link {
        address: Hidden::from_complement(step.block.address),
        size: step.block.size as u64,
        offset: if number == 0 { 0 } else { step.offset as u64 },
        foreign: step.foreign,
        allocation: if step.foreign { std::sync::Arc::default() } else { stacks.get(step.block.stack) },
    });
    Chain { root: Some(root), links: links.collect(), back: None }
}

/// What keeps a block alive, from [`why_alive`].
///
/// ```
/// fn print(why: &lagom_profiler::heap::WhyAlive) {
///     match why.root() {
///         Some(root) => println!("it begins with the {root}\n{why}"),
///         None => println!("nothing reaches it"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WhyAlive {
    chain: Option<Chain>,
}

impl WhyAlive {
    /// From the root to the block; none if nothing reaches it: it has leaked.
    ///
    /// ```
    /// fn depth(why: &lagom_profiler::heap::WhyAlive) -> Option<usize> {
    ///     why.chain().map(|chain| chain.links().len())
    /// }
    /// ```
    #[must_use]
    pub const fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Where the chain begins.
    ///
    /// ```
    /// fn is_leaked(why: &lagom_profiler::heap::WhyAlive) -> bool {
    ///     why.root().is_none()
    /// }
    /// ```
    #[must_use]
    pub fn root(&self) -> Option<&Root> {
        self.chain.as_ref()?.root()
    }

    /// As a graph in the language of Graphviz; empty if nothing reaches the block.
    ///
    /// ```
    /// fn save(why: &lagom_profiler::heap::WhyAlive) -> std::io::Result<()> {
    ///     std::fs::write("why.dot", why.to_dot())
    /// }
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        super::dot::write(self.chain.as_slice())
    }

    /// As a picture, which follows the reader's choice of light or dark; empty if nothing reaches the block.
    ///
    /// ```
    /// fn save(why: &lagom_profiler::heap::WhyAlive) -> std::io::Result<()> {
    ///     std::fs::write("why.svg", why.to_svg())
    /// }
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        super::svg::write(self.chain.as_slice())
    }
}

impl fmt::Display for WhyAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.chain {
            Some(chain) => write!(f, "reached by what looks like a pointer in each:\n{chain}"),
            None => writeln!(f, "nothing reaches it: it has leaked, or is held where a scan cannot see it"),
        }
    }
}
