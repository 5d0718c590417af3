//! The text of an error of any type.

use std::any::type_name;
use std::fmt::{self, Debug, Display, Write};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// In bytes.
const LONGEST: usize = 256;

/// A value of any type; if it is an `Err`, its text: as its error is shown to people, else to programmers, else the name of
/// its type. The method of the first of these four types whose bound holds is called, as each next one lies behind `Deref`.
pub struct ErrorText<'a, T>(DebugText<'a, T>);

/// The second of the four.
pub struct DebugText<'a, T>(TypeText<'a, T>);

/// The third.
pub struct TypeText<'a, T>(&'a T, NoText);

/// The last.
#[derive(Debug)]
pub struct NoText;

impl<'a, T> ErrorText<'a, T> {
    /// Of what a function returned.
    #[inline(always)]
    pub fn of(value: &'a T) -> Self {
        Self(DebugText(TypeText(value, NoText)))
    }
}

impl<T, E: Display> ErrorText<'_, Result<T, E>> {
    /// The text.
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        text(self.0.0.0, |error, text| write!(text, "{error}"))
    }
}

impl<'a, T> Deref for ErrorText<'a, T> {
    type Target = DebugText<'a, T>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, E: Debug> DebugText<'_, Result<T, E>> {
    /// The text.
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        text(self.0.0, |error, text| write!(text, "{error:?}"))
    }
}

impl<'a, T> Deref for DebugText<'a, T> {
    type Target = TypeText<'a, T>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, E> TypeText<'_, Result<T, E>> {
    /// The text.
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        text(self.0, |_, text| text.write_str(type_name::<E>()))
    }
}

impl<T> Deref for TypeText<'_, T> {
    type Target = NoText;
    #[inline(always)]
    fn deref(&self) -> &NoText {
        &self.1
    }
}

impl NoText {
    /// None.
    #[must_use]
    pub const fn error_text(&self) -> Option<String> {
        None
    }
}

fn text<T, E>(value: &Result<T, E>, write: impl FnOnce(&E, &mut Short) -> fmt::Result) -> Option<String> {
    let error = value.as_ref().err()?;
    let mut text = Short(String::new());
    // What the author's code makes of it, an error or a panic too, is no concern of the function that was called.
    let ended = catch_unwind(AssertUnwindSafe(|| write(error, &mut text)));
    if let Err(payload) = ended {
        // It may panic when it drops.
        std::mem::forget(payload);
    }
    Some(text.0)
}

/// Text up to a length, the last character whole.
struct Short(String);

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push_str(&text[..end]);
        Err(fmt::Error)
    }
}

macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl<T> Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
opaque!(ErrorText DebugText TypeText);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct OnlyDebug;
    struct Nothing;
    struct Broken;

    impl Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("so far")?;
            panic!("on purpose")
        }
    }

    #[test]
    fn the_best_text_there_is() {
        assert_eq!(ErrorText::of(&Err::<(), _>("shown")).error_text().as_deref(), Some("shown"));
        assert_eq!(ErrorText::of(&Err::<(), _>(OnlyDebug)).error_text().as_deref(), Some("OnlyDebug"));
        let name = ErrorText::of(&Err::<(), _>(Nothing)).error_text().expect("its type has a name");
        assert!(name.ends_with("Nothing"), "{name}");
        assert_eq!(ErrorText::of(&Ok::<_, Nothing>(3)).error_text(), None);
        assert_eq!(ErrorText::of(&3).error_text(), None);
        let error: Result<(), Box<dyn std::error::Error>> = Err("boxed".into());
        assert_eq!(ErrorText::of(&error).error_text().as_deref(), Some("boxed"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = format!("{}é{}", "a".repeat(LONGEST - 1), "b".repeat(1_000_000));
        let text = ErrorText::of(&Err::<(), _>(long)).error_text().expect("an error");
        assert_eq!(text, "a".repeat(LONGEST - 1));
    }

    #[test]
    fn an_error_that_panics_harms_nobody() {
        assert_eq!(ErrorText::of(&Err::<(), _>(Broken)).error_text().as_deref(), Some("so far"));
    }
}
