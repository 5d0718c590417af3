//! A set of things that vanish with their owner.

use core::fmt;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::collections::BTreeMap;

use lagom_base::sync::{Arc, Mutex};

/// A set of things, each of which vanishes with its owner.
///
/// Who inserts a value owns its [`Member`]; when that is dropped, the value has left the set before `drop` returns. The
/// set itself keeps nothing alive. It knows its members by identity and in the order of their coming.
///
/// One mutex, never held while code of yours runs. `insert` and the end of a member are O(log n), `len` is O(1).
///
/// ```
/// use lagom_weakcache::{Member, WeakSet};
///
/// let sessions = WeakSet::new();
/// let alice: Member<&str> = sessions.insert("alice");
/// let bob = sessions.insert("bob");
/// assert_eq!((sessions.len(), *alice), (2, "alice"));
///
/// drop(alice);
/// sessions.for_each(|name| assert_eq!(*name, "bob"));
/// ```
pub struct WeakSet<T>(Arc<Mutex<Members<T>>>);

/// Who is there, by number. Numbers are given once, and in order.
struct Members<T> {
    present: BTreeMap<u64, Arc<T>>,
    next: u64,
}

impl<T> WeakSet<T> {
    /// An empty set.
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// assert!(WeakSet::<String>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Members { present: BTreeMap::new(), next: 0 })))
    }

    /// Inserts a value, for as long as its [`Member`] lives.
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// let set = WeakSet::new();
    /// drop(set.insert(1)); // Gone at once.
    /// let kept = set.insert(2);
    /// assert_eq!((set.len(), *kept), (1, 2));
    /// ```
    pub fn insert(&self, value: T) -> Member<T> {
        let value = Arc::new(value);
        let mut members = self.0.lock();
        let number = members.next;
        members.next += 1;
        members.present.insert(number, Arc::clone(&value));
        drop(members);
        Member { set: Arc::clone(&self.0), number, value }
    }

    /// How many members there are. Exact.
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// let set = WeakSet::new();
    /// let _members = [set.insert('a'), set.insert('a')];
    /// assert_eq!(set.len(), 2); // By identity: equal values are two.
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().present.len()
    }

    /// Whether there is no member.
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// let set = WeakSet::new();
    /// let member = set.insert(());
    /// assert!(!set.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `visit` with each member, in the order of their coming.
    ///
    /// No lock is held during a call, and nothing is allocated: `visit` may insert and drop members. Those that come
    /// meanwhile are not visited, those that go before their turn are skipped. Whose owner goes during its own turn stays
    /// alive until that is over, and is dropped here. O(log n) for each.
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// let set = WeakSet::new();
    /// let _members: Vec<_> = (1..=4).map(|n| set.insert(n)).collect();
    /// let mut sum = 0;
    /// set.for_each(|n| sum += n);
    /// assert_eq!(sum, 10);
    /// ```
    pub fn for_each(&self, mut visit: impl FnMut(&T)) {
        let end = self.0.lock().next;
        let mut from = 0;
        while let Some((number, value)) = self.first_of(from, end) {
            visit(&value);
            drop(value);
            from = number + 1;
        }
    }

    fn first_of(&self, from: u64, end: u64) -> Option<(u64, Arc<T>)> {
        let members = self.0.lock();
        let (number, value) = members.present.range(from..end).next()?;
        Some((*number, Arc::clone(value)))
    }

    /// All members of one instant. What is in the list stays alive, but no member, when its owner goes. O(n).
    ///
    /// ```
    /// use lagom_weakcache::WeakSet;
    ///
    /// let set = WeakSet::new();
    /// let member = set.insert(String::from("text"));
    /// let all = set.snapshot();
    /// drop(member);
    /// assert!(*all[0] == "text" && set.is_empty());
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<Arc<T>> {
        self.0.lock().present.values().cloned().collect()
    }
}

impl<T> Default for WeakSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for WeakSet<T> {
    /// How many there are, not who. Never waits for the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WeakSet");
        match self.0.try_lock() {
            Some(members) => debug.field("len", &members.present.len()).finish(),
            None => debug.finish_non_exhaustive(),
        }
    }
}

// No panic leaves the set half changed.
impl<T: RefUnwindSafe> UnwindSafe for WeakSet<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for WeakSet<T> {}

/// The owner of a value in a [`WeakSet`].
///
/// Dropping it takes the value off the set and drops it before `drop` returns, unless a
/// [`for_each`](WeakSet::for_each) is at it or a [`snapshot`](WeakSet::snapshot) holds it: then with that. May outlive the
/// set.
///
/// ```
/// use lagom_weakcache::WeakSet;
///
/// let set = WeakSet::new();
/// let member = set.insert(vec![1, 2, 3]);
/// assert_eq!(member.len(), 3);
/// drop(set);
/// assert_eq!(member[0], 1);
/// ```
#[must_use = "the value leaves the set when its member is dropped"]
pub struct Member<T> {
    set: Arc<Mutex<Members<T>>>,
    number: u64,
    value: Arc<T>,
}

impl<T> Deref for Member<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> AsRef<T> for Member<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> Drop for Member<T> {
    fn drop(&mut self) {
        // Not the last owner of the value: that is this member, whose field follows, outside of the lock.
        self.set.lock().present.remove(&self.number);
    }
}

impl<T: fmt::Debug> fmt::Debug for Member<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Member<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: RefUnwindSafe> UnwindSafe for Member<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for Member<T> {}
