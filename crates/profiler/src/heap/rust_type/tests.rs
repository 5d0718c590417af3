use proptest::prelude::*;

use super::*;

#[test]
fn all_forms_are_read_and_written_the_same() {
    for text in [
        "u8",
        "()",
        "(u8,)",
        "(u8, app::Foo)",
        "[app::Foo]",
        "[u8; 100]",
        "[[u8; 4]; 8]",
        "&str",
        "&mut [u8]",
        "*const app::Foo",
        "*mut u8",
        "!",
        "alloc::vec::Vec<alloc::vec::Vec<alloc::string::String>>",
        "std::collections::hash::map::HashMap<alloc::string::String, (u8, &str)>",
        "fn(u8, &str) -> app::Foo",
        "unsafe extern \"C\" fn(*mut u8)",
        "dyn core::fmt::Debug + core::marker::Send",
        "&(dyn core::fmt::Debug + core::marker::Send)",
        "alloc::boxed::Box<dyn core::ops::function::Fn<(i32,), Output = u8>>",
        "app::run::{closure#0}",
        "app::{impl#29}::f::{closure_env#0}<u8>",
        "<app::Foo as core::iter::traits::iterator::Iterator>::Item",
        "app::Matrix<3, true, 'x'>",
        "app::Text<\"a>b\\\"\">",
    ] {
        let read = ty(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn what_says_nothing_is_left_out() {
    let same = [
        ("alloc::vec::Vec<u8, alloc::alloc::Global>", "alloc::vec::Vec<u8>"),
        ("HashMap<K,V,std::hash::random::RandomState>", "HashMap<K, V>"),
        ("app::Ref<'a, &'b mut u8>", "app::Ref<&mut u8>"),
        (
            "Box<(dyn core::ops::function::Fn<(), Output=i32> + core::marker::Send), alloc::alloc::Global>",
            "Box<dyn core::ops::function::Fn<(), Output = i32> + core::marker::Send>",
        ),
        ("for<'a> fn(&'a u8)", "fn(&u8)"),
        ("dyn for<'a> core::ops::Fn(&'a u8) -> u8 + 'static", "dyn core::ops::Fn<(&u8), Output = u8>"),
    ];
    for (text, written) in &same[..5] {
        assert_eq!(ty(text).unwrap_or_else(|| panic!("{text}")).to_string(), *written);
    }
    assert_eq!(ty(same[5].0).unwrap().to_string(), "dyn core::ops::Fn<(&u8,), Output = u8>");
}

#[test]
fn functions_and_where_they_are() {
    for (text, root, module) in [
        ("app::net::http::parse", "app", "app::net::http"),
        ("<alloc::vec::Vec<app::Foo>>::push", "alloc", "alloc::vec"),
        ("alloc::vec::Vec<T,A>::push<app::Foo, alloc::alloc::Global>", "alloc", "alloc::vec"),
        ("<app::net::Foo as core::clone::Clone>::clone", "app", "app::net"),
        ("<[T] as alloc::slice::hack::ConvertVec>::to_vec", "alloc", "alloc::slice::hack"),
        ("<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem", "alloc", "alloc::vec::spec_from_elem"),
        ("<[u8]>::to_vec", "core", ""),
        ("app::net::run::{closure#0}", "app", "app::net"),
        ("app::net::run::{{closure}}", "app", "app::net"),
        ("app::net::run::<u8>::{closure#1}::{closure#0}", "app", "app::net"),
        ("app::net::<impl app::Trait for app::Foo>::run", "app", "app::net"),
        ("core::ops::function::FnOnce::call_once::<app::main::{closure#0}>", "core", "core::ops::function"),
        ("main", "main", ""),
        ("<&mut app::x::Foo as core::iter::Iterator>::next", "app", "app::x"),
    ] {
        let path = path(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((path.root().unwrap(), path.module().join("::").as_str()), (root, module), "{text}");
    }
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "<", "a<", "a<b", "a::", "::a", "(a", "[a;", "*a", "a b", "a>b", "{", "&", "dyn", "<a as>::b", "'"]
    {
        assert_eq!(ty(text), None, "{text}");
    }
    assert_eq!(ty(&"(".repeat(100_000)), None);
    assert_eq!(ty(&"a<".repeat(100_000)), None);
    assert_eq!(ty(&"&".repeat(100_000)), None);
    assert_eq!(path(&"<".repeat(100_000)), None);
}

fn any_type() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,3}(::[A-Z][a-z]{1,3}){0,2}",
        Just("!".to_owned()),
        Just("()".to_owned()),
        Just("a::b::{closure#0}".to_owned()),
    ]
    // Words of the language are no names.
    .prop_filter("a word", |text| !["dyn", "fn", "for", "as", "mut"].contains(&text.split("::").next().unwrap_or("")));
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| format!("[{ty}]")),
            inner.clone().prop_map(|ty| format!("[{ty}; 7]")),
            inner.clone().prop_map(|ty| format!("&mut {ty}")),
            inner.clone().prop_map(|ty| format!("*const {ty}")),
            inner
                .clone()
                .prop_map(|ty| format!("dyn app::Trait<{ty}> + core::marker::Send"))
                .prop_map(|ty| format!("({ty})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|types| format!("({})", types.join(", "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|types| format!("app::Map<{}>", types.join(", "))),
            (inner.clone(), inner).prop_map(|(a, b)| format!("fn({a}) -> {b}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_much(text in "[a-c:<>(){}\\[\\]&*'\"!,;=+\\-> 0-2#é\\\\dynforas]{0,60}") {
        let _ = (ty(&text), path(&text));
    }

    /// What was written is read as the same again.
    #[test]
    fn types_come_back(text in any_type()) {
        let read = ty(&text).expect("a type");
        let written = read.to_string();
        let again = ty(&written).expect("a type");
        prop_assert_eq!(again.to_string(), written.as_str());
        prop_assert_eq!(again, read);
    }

    #[test]
    fn a_damaged_type_is_no_panic(text in any_type(), at in any::<prop::sample::Index>(), with in "[<>(){}\\[\\],:']") {
        let at = at.index(text.len());
        let mut damaged = text;
        if damaged.is_char_boundary(at) {
            damaged.insert_str(at, &with);
        }
        let _ = (ty(&damaged), path(&damaged));
    }
}
