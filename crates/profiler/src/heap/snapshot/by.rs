//! What stacks are grouped by, and which of their figures is looked at.

use std::borrow::Cow;

use super::place::place;
use crate::heap::{Frame, Site, rust_type};

/// What a snapshot is grouped by.
///
/// ```
/// use lagom_profiler::heap::{By, Snapshot};
///
/// println!("{}", Snapshot::take().statistics(By::Module));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum By {
    /// File and line.
    Line,
    /// Function, generic ones by what they are made with.
    Function,
    /// Source file.
    File,
    /// Module: the path in front of the function and its type.
    Module,
    /// Crate.
    Crate,
    /// The whole call stack.
    Stack,
    /// The Rust type that was allocated, see [`Site::allocated_type`].
    Type,
    /// Thread.
    Thread,
    /// Span or profiled function.
    Span,
}

impl By {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Function => "function",
            Self::File => "file",
            Self::Module => "module",
            Self::Crate => "crate",
            Self::Stack => "stack",
            Self::Type => "type",
            Self::Thread => "thread",
            Self::Span => "span",
        }
    }

    /// Whether frames have it, of which a stack has many.
    pub(super) const fn is_of_frames(self) -> bool {
        matches!(self, Self::Line | Self::Function | Self::File | Self::Module | Self::Crate)
    }
}

/// What a frame is called in a grouping.
pub(super) fn frame_key(frame: &Frame, by: By) -> Cow<'_, str> {
    let function = frame.function();
    match by {
        By::Line if !frame.file().is_empty() => format!("{}:{}", frame.file(), frame.line()).into(),
        By::File if !frame.file().is_empty() => frame.file().into(),
        By::Module => match rust_type::path(function).map(|path| path.module().join("::")) {
            Some(module) if !module.is_empty() => module.into(),
            _ => object(frame),
        },
        By::Crate => match rust_type::path(function).as_ref().and_then(rust_type::Path::root) {
            // A function of C, or of an unknown place, is no crate.
            Some(root) if root != function => root.to_owned().into(),
            _ => object(frame),
        },
        By::File => object(frame),
        _ => function.into(),
    }
}

/// The file of the program or library, for want of better.
fn object(frame: &Frame) -> Cow<'_, str> {
    match frame.object() {
        "" => "unknown".into(),
        object => object.rsplit('/').next().unwrap_or(object).into(),
    }
}

/// What a stack is called in a grouping.
pub(crate) fn key(site: &Site, by: By) -> Cow<'_, str> {
    match by {
        By::Stack => {
            let mut text = String::new();
            for frame in &*site.frames {
                text.push_str(frame.function());
                text.push('\t');
                text.push_str(&frame_key(frame, By::Line));
                text.push('\n');
            }
            text.into()
        }
        By::Type => site.allocated_type().into(),
        By::Thread if site.thread.is_empty() => "all threads".into(),
        By::Thread => (&*site.thread).into(),
        By::Span if site.span.is_empty() => "no span".into(),
        By::Span => (&*site.span).into(),
        _ => place(&site.frames).map_or("unknown".into(), |frame| frame_key(frame, by)),
    }
}
