//! How a type lies in memory: what of it is padding, and what its variants leave unused.

mod build;
mod table;

pub use self::build::{field, of_enum, of_struct, unplaced, variant};

/// Types that can tell how they lie in memory: `#[derive(MemoryLayout)]`.
///
/// The derive goes on structs and enums, generic or not; of an enum the fields have no offsets, as the language tells none.
/// `#[memory_layout(crate = path)]` says where this crate is found, if it is renamed or re-exported.
///
/// ```
/// # use lagom_profiler as profiler;
/// # #[cfg(feature = "macros")] {
/// use profiler::MemoryLayout;
///
/// #[derive(MemoryLayout)]
/// #[repr(C)]
/// struct Record {
///     deleted: bool,
///     id: u64,
///     kind: u8,
/// }
///
/// let layout = Record::memory_layout();
/// assert_eq!((layout.size(), layout.padding(), layout.best_size()), (24, 14, 16));
/// assert_eq!(layout.fields()[0].padding(), 7);
/// println!("{layout}");
/// # }
/// ```
#[diagnostic::on_unimplemented(note = "derive it: `#[derive(MemoryLayout)]`")]
pub trait MemoryLayout {
    /// The layout of this type; makes a few lists and texts.
    ///
    /// ```
    /// # use lagom_profiler as profiler;
    /// # #[cfg(feature = "macros")] {
    /// use profiler::MemoryLayout;
    ///
    /// #[derive(MemoryLayout)]
    /// struct Point(f32, f32);
    ///
    /// assert_eq!(Point::memory_layout().padding(), 0);
    /// # }
    /// ```
    fn memory_layout() -> TypeLayout;
}

/// Size, alignment, fields and variants of a type, from [`MemoryLayout::memory_layout`].
///
/// ```
/// # use lagom_profiler as profiler;
/// # #[cfg(feature = "macros")] {
/// use profiler::MemoryLayout;
///
/// #[derive(MemoryLayout)]
/// enum Message {
///     Quit,
///     Data([u8; 255]),
/// }
///
/// let layout = Message::memory_layout();
/// assert_eq!(layout.size(), 256);
/// assert_eq!((layout.variants()[0].name(), layout.variants()[0].unused()), ("Quit", 256));
/// // `Data(Box<[u8; 255]>)`
/// assert_eq!(layout.boxed().unwrap(), ("Data", 16));
/// println!("{layout}");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TypeLayout {
    name: String,
    repr: &'static str,
    size: usize,
    align: usize,
    fields: Vec<FieldLayout>,
    variants: Vec<VariantLayout>,
}

impl TypeLayout {
    /// The type, without the paths.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.name(), "Entry");
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands in its `repr`; empty where the compiler orders the fields.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.repr(), "C");
    /// # }
    /// ```
    #[must_use]
    pub const fn repr(&self) -> &'static str {
        self.repr
    }

    /// Bytes of a value.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.size(), 12);
    /// # }
    /// ```
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The alignment of a value.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.align(), 4);
    /// # }
    /// ```
    #[must_use]
    pub const fn align(&self) -> usize {
        self.align
    }

    /// The fields of a struct, as they lie in memory; of an enum none.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields().len(), 3);
    /// # }
    /// ```
    #[must_use]
    pub fn fields(&self) -> &[FieldLayout] {
        &self.fields
    }

    /// The variants of an enum, as they are declared; of a struct none.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.variants().len(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn variants(&self) -> &[VariantLayout] {
        &self.variants
    }

    /// Bytes of a struct that belong to no field; of an enum 0, as that differs from variant to variant.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.padding(), 6);
    /// # }
    /// ```
    #[must_use]
    pub fn padding(&self) -> usize {
        if self.variants.is_empty() { self.size - self.sum() } else { 0 }
    }

    /// Bytes of a struct with the same fields and alignment in the best order; for an enum, its size.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.best_size(), 8);
    /// # }
    /// ```
    #[must_use]
    pub fn best_size(&self) -> usize {
        if self.variants.is_empty() { self.sum().next_multiple_of(self.align) } else { self.size }
    }

    /// The fields of a struct in an order without gaps: by alignment, the greatest first.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.best_order()[0].name(), "hash");
    /// # }
    /// ```
    #[must_use]
    pub fn best_order(&self) -> Vec<&FieldLayout> {
        let mut order: Vec<&FieldLayout> = self.fields.iter().collect();
        order.sort_by_key(|field| std::cmp::Reverse(field.align));
        order
    }

    /// The largest variant, and at most how many bytes a value would have with all that it holds in a `Box`; `None` if that would
    /// not make it smaller.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(u32)]
    /// enum Event {
    ///     Start,
    ///     Moved { by: i64 },
    /// }
    /// # let layout = Event::memory_layout();
    /// assert_eq!((layout.size(), layout.boxed()), (16, None));
    /// # }
    /// ```
    #[must_use]
    pub fn boxed(&self) -> Option<(&str, usize)> {
        let largest = self.variants.iter().max_by_key(|variant| variant.size)?;
        let others = self.variants.iter().filter(|variant| variant.name != largest.name);
        let (size, align) = others.fold((size_of::<usize>(), align_of::<usize>()), |(size, align), variant| {
            (size.max(variant.size), align.max(variant.align))
        });
        // At worst the tag takes as much as the alignment asks for.
        let size = size.next_multiple_of(align) + align;
        (size < self.size).then_some((largest.name, size))
    }

    fn sum(&self) -> usize {
        self.fields.iter().map(|field| field.size).sum()
    }
}

/// One field of a [`TypeLayout`].
///
/// ```
/// # use lagom_profiler as profiler;
/// # #[cfg(feature = "macros")] {
/// use profiler::MemoryLayout;
///
/// #[derive(MemoryLayout)]
/// #[repr(C)]
/// struct Pair(u8, u16);
///
/// let layout = Pair::memory_layout();
/// let second = &layout.fields()[1];
/// assert_eq!((second.name(), second.type_name(), second.offset(), second.size()), ("1", "u16", Some(2), 2));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FieldLayout {
    name: &'static str,
    type_name: String,
    offset: Option<usize>,
    size: usize,
    align: usize,
    padding: usize,
}

impl FieldLayout {
    /// Its name, or its number in a tuple.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].name(), "used");
    /// # }
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its type, without the paths.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].type_name(), "bool");
    /// # }
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Where it begins; unknown in an enum.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].offset(), Some(0));
    /// # }
    /// ```
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// Bytes.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].size(), 1);
    /// # }
    /// ```
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The alignment of its type.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].align(), 1);
    /// # }
    /// ```
    #[must_use]
    pub const fn align(&self) -> usize {
        self.align
    }

    /// Bytes between its end and the next field, or the end of the struct.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(C)]
    /// struct Entry {
    ///     used: bool,
    ///     hash: u32,
    ///     kind: u8,
    /// }
    /// # let layout = Entry::memory_layout();
    /// assert_eq!(layout.fields()[0].padding(), 3);
    /// # }
    /// ```
    #[must_use]
    pub const fn padding(&self) -> usize {
        self.padding
    }
}

/// One variant of a [`TypeLayout`].
///
/// ```
/// # use lagom_profiler as profiler;
/// # #[cfg(feature = "macros")] {
/// use profiler::MemoryLayout;
///
/// #[derive(MemoryLayout)]
/// enum Value {
///     Number(u32),
///     Text([u8; 12]),
/// }
///
/// let layout = Value::memory_layout();
/// let number = &layout.variants()[0];
/// assert_eq!((number.size(), number.unused(), number.fields()[0].type_name()), (4, 12, "u32"));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct VariantLayout {
    name: &'static str,
    size: usize,
    align: usize,
    unused: usize,
    fields: Vec<FieldLayout>,
}

impl VariantLayout {
    /// Its name.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(u32)]
    /// enum Event {
    ///     Start,
    ///     Moved { by: i64 },
    /// }
    /// # let layout = Event::memory_layout();
    /// assert_eq!(layout.variants()[1].name(), "Moved");
    /// # }
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Bytes of what it holds, in the order that takes least.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(u32)]
    /// enum Event {
    ///     Start,
    ///     Moved { by: i64 },
    /// }
    /// # let layout = Event::memory_layout();
    /// assert_eq!(layout.variants()[1].size(), 8);
    /// # }
    /// ```
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Bytes that a value of the enum has beyond that: for the tag, for alignment, for larger variants.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(u32)]
    /// enum Event {
    ///     Start,
    ///     Moved { by: i64 },
    /// }
    /// # let layout = Event::memory_layout();
    /// assert_eq!(layout.variants()[1].unused(), 8);
    /// # }
    /// ```
    #[must_use]
    pub const fn unused(&self) -> usize {
        self.unused
    }

    /// What it holds, as it is declared.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// # use lagom_profiler::MemoryLayout;
    /// #[derive(MemoryLayout)]
    /// #[repr(u32)]
    /// enum Event {
    ///     Start,
    ///     Moved { by: i64 },
    /// }
    /// # let layout = Event::memory_layout();
    /// assert_eq!(layout.variants()[1].fields()[0].type_name(), "i64");
    /// # }
    /// ```
    #[must_use]
    pub fn fields(&self) -> &[FieldLayout] {
        &self.fields
    }
}
