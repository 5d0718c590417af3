//! Which Rust type a block was allocated for, from the generic functions that asked for it.
//!
//! Between the allocator and the user's code stand functions of std, and their names tell:
//! `<alloc::vec::Vec<app::Foo>>::push` grows a `Vec<app::Foo>`, `alloc::boxed::Box<T>::new<app::Foo>` makes a
//! `Box<app::Foo>`. From the innermost on, the first that is a container's is taken; then whatever it is made of gives
//! way to what is made of it: `RawVec<u8>` to `Vec<u8>` to `String` to `PathBuf`. The user's own functions say nothing,
//! as the generics of theirs need not be what they allocate.
//!
//! Without those names (a stripped file; inlined functions where there is no debug information) it is not known.

use super::Frame;
use super::rust_type::{self, Path, Type};
use super::snapshot::is_internal;

/// Functions in modules of containers, whose generics are not those of the container.
const HELPERS: [&str; 4] = ["make_hash", "make_hasher", "equivalent", "equivalent_key"];
/// Arguments of containers that are no part of what is held.
const MACHINERY: [&str; 4] = ["Global", "RandomState", "BuildHasherDefault", "System"];

/// What a type is called that is not known.
pub(crate) const UNKNOWN: &str = "unknown";

/// A container of std, and the module it is in.
struct Container {
    name: &'static str,
    /// Of its functions, where names do not say of what type they are.
    module: &'static str,
    /// How many of its arguments make the type; the allocator and the hasher do not.
    arguments: usize,
    /// By which containers it allocates.
    made_of: &'static [&'static str],
}

const fn container(
    name: &'static str,
    module: &'static str,
    arguments: usize,
    made_of: &'static [&'static str],
) -> Container {
    Container { name, module, arguments, made_of }
}

const CONTAINERS: [Container; 26] = [
    container("RawVec", "alloc::raw_vec", 1, &["RawVecInner"]),
    container("Vec", "alloc::vec", 1, &["RawVec", "RawVecInner", "Box<[]>"]),
    container("VecDeque", "alloc::collections::vec_deque", 1, &["RawVec", "RawVecInner", "Vec"]),
    container("BinaryHeap", "alloc::collections::binary_heap", 1, &["Vec"]),
    container("String", "alloc::string", 0, &["Vec"]),
    container("CString", "alloc::ffi::c_str", 0, &["Vec", "Box"]),
    container("Wtf8Buf", "std::sys_common::wtf8", 0, &["Vec"]),
    container("Buf", "std::sys::os_str", 0, &["Vec", "Wtf8Buf"]),
    container("OsString", "std::ffi::os_str", 0, &["Vec", "Buf", "String"]),
    container("PathBuf", "std::path", 0, &["OsString", "Vec", "Buf", "String"]),
    container("Box", "alloc::boxed", 1, &[]),
    container("Rc", "alloc::rc", 1, &["Box"]),
    container("UniqueRc", "alloc::rc", 1, &["Rc", "Box"]),
    container("Arc", "alloc::sync", 1, &["Box"]),
    container("LinkedList", "alloc::collections::linked_list", 1, &["Box"]),
    container("NodeRef", "alloc::collections::btree::node", 2, &["Box"]),
    container("BTreeMap", "alloc::collections::btree::map", 2, &["NodeRef", "Box"]),
    container("BTreeSet", "alloc::collections::btree::set", 1, &["BTreeMap", "NodeRef"]),
    container("RawTableInner", "hashbrown::raw", 0, &[]),
    container("RawTable", "hashbrown::raw", 1, &["RawTableInner"]),
    container("hashbrown::map::HashMap", "hashbrown::map", 2, &["RawTable", "RawTableInner"]),
    container(
        "hashbrown::set::HashSet",
        "hashbrown::set",
        1,
        &["RawTable", "RawTableInner", "hashbrown::map::HashMap"],
    ),
    container("HashMap", "std::collections::hash::map", 2, &["hashbrown::map::HashMap", "RawTable", "RawTableInner"]),
    container(
        "HashSet",
        "std::collections::hash::set",
        1,
        &["hashbrown::set::HashSet", "hashbrown::map::HashMap", "HashMap", "RawTable", "RawTableInner"],
    ),
    container("Entry", "std::collections::hash::map", 2, &["RawTable", "RawTableInner"]),
    container("RawVecInner", "alloc::raw_vec", 0, &[]),
];

/// What a function tells: the container whose it is, and what is in it, as far as it says.
struct Evidence<'a> {
    container: &'static Container,
    arguments: Vec<Type<'a>>,
}

/// The type that the innermost block of this stack was allocated for, [`UNKNOWN`] if names do not tell.
pub(crate) fn allocated_type(frames: &[Frame]) -> String {
    let mut found: Option<Evidence<'_>> = None;
    for frame in frames.iter().take_while(|frame| is_internal(frame)) {
        let Some(next) = rust_type::path(frame.function()).and_then(evidence) else { continue };
        found = Some(match found {
            None => next,
            Some(inner) if inner.container.name == next.container.name => {
                // The same again, perhaps with more to say.
                if inner.arguments.len() < inner.container.arguments && !elsewhere(&inner, &next) {
                    next
                } else {
                    inner
                }
            }
            Some(inner) if next.container.made_of.contains(&inner.container.name) && fits(&inner, &next) => {
                let arguments = if next.arguments.is_empty() { inherit(inner, next.container) } else { next.arguments };
                Evidence { container: next.container, arguments }
            }
            Some(inner) => {
                found = Some(inner);
                break;
            }
        });
    }
    found.and_then(Evidence::name).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Both name what they hold, and not the same.
fn elsewhere(inner: &Evidence<'_>, next: &Evidence<'_>) -> bool {
    !inner.arguments.is_empty() && !next.arguments.is_empty() && inner.arguments != next.arguments
}

/// What is inside can be what the outer one is made of: `Vec<u8>` of a `String`, not of a `Vec<String>`'s clone.
fn fits(inner: &Evidence<'_>, next: &Evidence<'_>) -> bool {
    let Some(held) = inner.arguments.first() else { return true };
    match next.container.name {
        "Vec" | "VecDeque" | "BinaryHeap" => next.arguments.first().is_none_or(|ty| ty == held),
        "String" | "CString" | "OsString" | "PathBuf" | "Buf" | "Wtf8Buf" => held.to_string() == "u8",
        // A box of what std keeps its counts and links in.
        "Rc" | "UniqueRc" => is_named(held, &["RcInner", "RcBox"]) || inner.container.name == "Rc",
        "Arc" => is_named(held, &["ArcInner"]),
        "LinkedList" => is_named(held, &["Node"]),
        "NodeRef" | "BTreeMap" if inner.container.name == "Box" => {
            is_named(held, &["LeafNode", "InternalNode", "MaybeUninit"])
        }
        _ => true,
    }
}

fn is_named(ty: &Type<'_>, names: &[&str]) -> bool {
    let last = ty.named().and_then(Path::last);
    last.is_some_and(|segment| names.contains(&segment.name))
}

/// What the inner one holds, for an outer one that does not say.
fn inherit<'a>(inner: Evidence<'a>, outer: &Container) -> Vec<Type<'a>> {
    match (inner.container.name, outer.arguments) {
        // Pairs of keys and values.
        ("RawTable", 2) => match inner.arguments.into_iter().next() {
            Some(Type::Tuple(pair)) if pair.len() == 2 => pair,
            _ => Vec::new(),
        },
        ("RawTable", 1) | ("BTreeMap" | "NodeRef" | "hashbrown::map::HashMap" | "HashMap", 1) => {
            let first = inner.arguments.into_iter().next();
            match first {
                Some(Type::Tuple(mut pair)) if pair.len() == 2 => vec![pair.swap_remove(0)],
                first => first.into_iter().collect(),
            }
        }
        ("Box", _) => match inner.arguments.into_iter().next() {
            Some(Type::Path(path)) => path.segments.into_iter().next_back().map_or(Vec::new(), |last| last.arguments),
            _ => Vec::new(),
        },
        (_, count) => inner.arguments.into_iter().take(count).collect(),
    }
}

fn evidence<'a>(path: Path<'a>) -> Option<Evidence<'a>> {
    let last = path.segments.last().filter(|last| !HELPERS.contains(&last.name))?;
    let function = last.arguments.clone();
    let (owner, own) = owner(&path)?;
    let own: Vec<_> = own.into_iter().filter(|ty| !is_placeholder(ty)).collect();
    // Debug information lists what the type is made with first, then what is the function's own.
    let mut arguments = if own.is_empty() { function } else { own };
    if owner.name == "NodeRef" {
        arguments.retain(|ty| !is_marker(ty));
    }
    arguments.retain(|ty| !matches!(ty, Type::Lifetime(_)) && !is_named(ty, &MACHINERY));
    arguments.truncate(owner.arguments);
    if arguments.len() < owner.arguments {
        arguments.clear();
    }
    Some(Evidence { container: owner, arguments })
}

/// The container whose function it is, and with what arguments if its name says so.
fn owner<'a>(path: &Path<'a>) -> Option<(&'static Container, Vec<Type<'a>>)> {
    let named = |name: &str, module: &str| {
        CONTAINERS.iter().find(|known| known.module == module && known.name.rsplit("::").next() == Some(name))
    };
    match path.of() {
        // `<[T]>::to_vec`, `<str as ToOwned>::to_owned`
        Some(Type::Slice(ty)) => return Some((named("Vec", "alloc::vec")?, vec![(**ty).clone()])),
        Some(Type::Path(ty)) => {
            let last = ty.last()?;
            if matches!(ty.segments[..], [ref only] if only.name == "str") {
                return Some((named("String", "alloc::string")?, Vec::new()));
            }
            return Some((named(last.name, &ty.module().join("::"))?, last.arguments.clone()));
        }
        Some(_) => return None,
        None => {}
    }
    let (function, before) = path.segments.split_last()?;
    let module = path.module().join("::");
    // `alloc::vec::Vec<T,A>::push`
    if let Some(owner) = before.last().and_then(|owner| Some((named(owner.name, &module)?, owner.arguments.clone()))) {
        return Some(owner);
    }
    if before.len() != path.module().len() {
        return None;
    }
    // `alloc::vec::push<app::Foo>`, with the module out of the file's path; `alloc::slice::to_vec<u8>`.
    match module.as_str() {
        "alloc::vec"
        | "alloc::vec::from_elem"
        | "alloc::vec::spec_from_elem"
        | "alloc::vec::spec_extend"
        | "alloc::vec::spec_from_iter"
        | "alloc::vec::spec_from_iter_nested"
        | "alloc::slice" => Some((named("Vec", "alloc::vec")?, Vec::new())),
        "alloc::raw_vec" => {
            let generic = function.arguments.iter().any(|ty| !is_named(ty, &MACHINERY));
            Some((named(if generic { "RawVec" } else { "RawVecInner" }, &module)?, Vec::new()))
        }
        "hashbrown::raw" => {
            let generic = function.arguments.iter().any(|ty| !is_named(ty, &MACHINERY));
            Some((named(if generic { "RawTable" } else { "RawTableInner" }, &module)?, Vec::new()))
        }
        "alloc::str" => Some((named("String", "alloc::string")?, Vec::new())),
        module => {
            let first = CONTAINERS.iter().find(|known| known.module == module)?;
            Some((first, Vec::new()))
        }
    }
}

/// `T`, as names in the older form have it, and not a type of that name.
fn is_placeholder(ty: &Type<'_>) -> bool {
    let Type::Path(path) = ty else { return false };
    path.qualified.is_none()
        && matches!(path.segments[..], [ref only] if only.arguments.is_empty()
            && only.name.len() <= 2 && only.name.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// What the trees of std tell kinds of references apart by.
fn is_marker(ty: &Type<'_>) -> bool {
    matches!(ty, Type::Path(path) if path.segments.iter().any(|segment| segment.name == "marker"))
}

impl Evidence<'_> {
    /// The type as it is written, without paths of std that everybody knows; `None` of what says too little.
    fn name(self) -> Option<String> {
        let Self { container, arguments } = self;
        let name = match container.name {
            "RawVec" => "Vec",
            "NodeRef" => "BTreeMap",
            "RawTable" => "HashMap",
            "RawTableInner" | "RawVecInner" => return None,
            "Entry" => "HashMap",
            "Buf" => "OsString",
            name => name.rsplit("::").next()?,
        };
        if container.arguments == 0 {
            return Some(name.to_owned());
        }
        if arguments.len() < container.arguments {
            return None;
        }
        if let ("RawTable", [Type::Tuple(pair)]) = (container.name, &arguments[..]) {
            return match &pair[..] {
                [key, Type::Tuple(unit)] if unit.is_empty() => Some(format!("HashSet<{key}>")),
                [key, value] => Some(format!("HashMap<{key}, {value}>")),
                _ => None,
            };
        }
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Some(format!("{name}<{}>", arguments.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(functions: &[&str]) -> String {
        let frames: Vec<Frame> =
            functions.iter().map(|name| Frame { function: (*name).into(), ..Frame::default() }).collect();
        allocated_type(&frames)
    }

    #[test]
    fn names_of_the_newer_form_say_it_all() {
        assert_eq!(
            of(&[
                "alloc::alloc::alloc",
                "<alloc::raw_vec::RawVecInner>::finish_grow",
                "<alloc::raw_vec::RawVec<app::Foo>>::grow_one",
                "<alloc::vec::Vec<app::Foo>>::push",
                "app::main",
            ]),
            "Vec<app::Foo>"
        );
        assert_eq!(of(&["<alloc::boxed::Box<[u8; 100]>>::new", "app::main"]), "Box<[u8; 100]>");
        assert_eq!(
            of(&[
                "<alloc::boxed::Box<alloc::rc::RcInner<app::Node<u8>>>>::new",
                "<alloc::rc::Rc<app::Node<u8>>>::new",
                "app::main"
            ]),
            "Rc<app::Node<u8>>"
        );
        assert_eq!(
            of(&[
                "<hashbrown::raw::RawTableInner>::new_uninitialized::<alloc::alloc::Global>",
                "<hashbrown::raw::RawTable<(alloc::string::String, u32)>>::reserve_rehash::<x::y>",
                "<hashbrown::map::HashMap<alloc::string::String, u32, std::hash::random::RandomState>>::insert",
                "<std::collections::hash::map::HashMap<alloc::string::String, u32>>::insert",
                "app::main",
            ]),
            "HashMap<alloc::string::String, u32>"
        );
        assert_eq!(
            of(&[
                "<alloc::boxed::Box<alloc::collections::btree::node::LeafNode<u32, alloc::string::String>>>::new_uninit_in",
                "<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Owned, u32, \
                 alloc::string::String, alloc::collections::btree::node::marker::Leaf>>::new_leaf::<alloc::alloc::Global>",
                "<alloc::collections::btree::map::BTreeMap<u32, alloc::string::String>>::insert",
                "app::main",
            ]),
            "BTreeMap<u32, alloc::string::String>"
        );
    }

    #[test]
    fn names_of_the_older_form_with_debug_information() {
        assert_eq!(
            of(&[
                "alloc::raw_vec::RawVecInner<A>::finish_grow<alloc::alloc::Global>",
                "alloc::raw_vec::RawVec<T,A>::grow_one<app::Foo, alloc::alloc::Global>",
                "alloc::vec::Vec<T,A>::push<app::Foo, alloc::alloc::Global>",
                "app::main",
            ]),
            "Vec<app::Foo>"
        );
        assert_eq!(of(&["alloc::boxed::Box<T>::new<app::Foo>", "app::main"]), "Box<app::Foo>");
        // Without it nobody knows.
        assert_eq!(of(&["alloc::raw_vec::RawVec<T,A>::grow_one", "alloc::vec::Vec<T,A>::push", "app::main"]), UNKNOWN);
        assert_eq!(of(&["alloc::string::String::push_str", "app::main"]), "String");
    }

    #[test]
    fn names_with_the_module_of_their_file() {
        assert_eq!(of(&["alloc::vec::push_mut<app::Foo, alloc::alloc::Global>", "app::main"]), "Vec<app::Foo>");
        assert_eq!(of(&["alloc::boxed::new<app::Foo>", "app::main"]), "Box<app::Foo>");
        assert_eq!(of(&["alloc::slice::to_vec<u8>", "alloc::string::clone", "app::main"]), "String");
        assert_eq!(
            of(&["alloc::raw_vec::with_capacity_in<u32, alloc::alloc::Global>", "alloc::vec::from_elem<u32>", "main"]),
            "Vec<u32>"
        );
    }

    #[test]
    fn what_is_made_of_it_wins() {
        let text = [
            "<alloc::raw_vec::RawVec<u8>>::reserve",
            "<alloc::vec::Vec<u8>>::extend_from_slice",
            "<alloc::string::String>::push_str",
        ];
        assert_eq!(of(&[&text[..], &["app::main"]].concat()), "String");
        let path = [
            "<std::sys::os_str::bytes::Buf>::push",
            "<std::ffi::os_str::OsString>::push",
            "<std::path::PathBuf>::push",
        ];
        assert_eq!(of(&[&text[..2], &path, &["app::main"]].concat()), "PathBuf");
        // The copy of a text in the copy of a list is a text.
        let clone = [
            "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
            "<alloc::string::String as core::clone::Clone>::clone",
            "<alloc::vec::Vec<alloc::string::String> as core::clone::Clone>::clone",
            "app::main",
        ];
        assert_eq!(of(&clone), "String");
        // What a container asks for while it works on what it holds is not its own.
        let lists = "<alloc::collections::linked_list::LinkedList<app::Bar> as core::clone::Clone>::clone";
        assert_eq!(of(&["<alloc::boxed::Box<app::Foo>>::new", lists, "app::main"]), "Box<app::Foo>");
        let node = "<alloc::boxed::Box<alloc::collections::linked_list::Node<app::Bar>>>::new";
        assert_eq!(of(&[node, lists, "app::main"]), "LinkedList<app::Bar>");
        assert_eq!(
            of(&["<alloc::vec::Vec<char>>::push", "<alloc::string::String>::from_iter", "app::main"]),
            "Vec<char>"
        );
    }

    #[test]
    fn the_users_functions_say_nothing() {
        assert_eq!(
            of(&["alloc::alloc::exchange_malloc", "app::f<app::Foo>", "<alloc::vec::Vec<u8>>::retain"]),
            UNKNOWN
        );
        assert_eq!(of(&["<app::Vec<u8>>::push"]), UNKNOWN);
        assert_eq!(of(&["libfoo.so+0x12"]), UNKNOWN);
        assert_eq!(of(&[]), UNKNOWN);
    }
}
