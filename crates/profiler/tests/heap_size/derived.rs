//! `#[derive(HeapSize)]`.

use std::fmt::Debug;
use std::marker::PhantomData;

use lagom_profiler::HeapSize;

use crate::exact;

#[derive(HeapSize)]
struct Unit;

#[derive(HeapSize)]
struct Named<'a, T: Debug, const N: usize>
where
    T: Clone,
{
    r#type: String,
    borrowed: &'a str,
    values: [T; N],
    nothing: PhantomData<std::fs::File>,
    #[heap_size(skip)]
    _file: Option<std::fs::File>,
    #[heap_size(with = image)]
    image: (Box<Foreign>, u8),
}

struct Foreign([u8; 40]);

fn image(image: &(Box<Foreign>, u8)) -> usize {
    image.0.0.len()
}

#[derive(HeapSize)]
struct Tuple(String, #[heap_size(skip)] PhantomData<Foreign>, Box<u16>);

#[derive(HeapSize)]
enum Choice<T> {
    Nothing,
    Many(Vec<T>, String),
    One {
        value: T,
        name: String,
    },
    #[heap_size(skip)]
    Skipped(#[allow(dead_code, reason = "is skipped")] Foreign),
}

#[derive(HeapSize)]
enum Never {}

/// No bound on `T` itself.
#[derive(HeapSize)]
struct Items<T: Iterator> {
    items: Vec<T::Item>,
}

#[derive(HeapSize)]
#[heap_size(bound = "")]
struct NotAsked<T> {
    text: String,
    function: fn(T) -> T,
}

#[derive(HeapSize)]
struct Node<T: ?Sized> {
    children: Vec<Node<T>>,
    next: Option<Box<Node<T>>>,
    value: Box<T>,
}

#[derive(HeapSize)]
#[heap_size(crate = ::lagom_profiler)]
struct Path(String);

#[test]
fn structs() {
    exact(|| (Unit, Path("a".to_owned())));
    exact(|| Named {
        r#type: "abc".to_owned(),
        borrowed: "borrowed",
        values: ["a", "bc"].map(String::from),
        nothing: PhantomData,
        _file: None,
        image: (Box::new(Foreign([0; 40])), 7),
    });
    exact(|| Tuple("a".to_owned(), PhantomData, Box::new(7)));
    assert_eq!(
        Named {
            r#type: String::new(),
            borrowed: "a",
            values: [1],
            nothing: PhantomData,
            _file: None,
            image: (Box::new(Foreign([0; 40])), 7)
        }
        .heap_size(),
        40
    );
}

#[test]
fn enums() {
    exact(|| [Choice::<u8>::Nothing, Choice::Many(vec![1], "a".to_owned())]);
    exact(|| Choice::One { value: "a".to_owned(), name: "bc".to_owned() });
    exact(|| Choice::<u8>::Skipped(Foreign([1; 40])));
    exact(|| None::<Never>);
}

#[test]
fn generics() {
    exact(|| Items::<std::str::Chars<'_>> { items: vec!['a'; 3] });
    exact(|| NotAsked::<std::fs::File> { text: "a".to_owned(), function: |file| file });
    exact(|| {
        let node = |text: &str| Node::<str> { children: Vec::new(), next: None, value: text.into() };
        Node { children: vec![node("a"), node("bc")], next: Some(Box::new(node("d"))), value: "e".into() }
    });
}

/// A handle to memory that it does not free.
#[derive(Clone, Copy, HeapSize)]
struct Handle(#[heap_size(with = |bytes: &usize| *bytes)] usize);

#[derive(HeapSize)]
struct Plain(u8, Option<[f64; 3]>);

#[derive(HeapSize)]
struct Tail<T: ?Sized>(u8, T);

#[test]
fn elements_are_visited_if_they_may_own_something() {
    assert_eq!([Handle(8), Handle(16)].heap_size(), 24);
    assert!(Plain::owns_nothing() && Never::owns_nothing() && Choice::<u8>::owns_nothing().eq(&false));
    let tail: &Tail<[String]> = &Tail(1, ["ab".to_owned(), "c".to_owned()]);
    assert_eq!((tail.heap_size(), tail.0), (3, 1));
}
