// Items with the names of std's, for a module whose macros must not trip over them. Included, not a module: a name
// shadows only where it is defined or imported by name.

pub mod alloc {}
pub mod core {}
pub mod lagom {}
pub mod lagom_memo {}
pub mod lagom_profiler {}
pub mod memo {}
pub mod profiler {}
pub mod std {}

pub struct Arc;
pub struct Box;
pub struct Duration;
pub struct Err;
pub struct None;
pub struct Ok;
pub struct Option;
pub struct Result;
pub struct Some;
pub struct String;
pub struct Vec;

pub trait Clone {}
pub trait Default {}
pub trait Drop {}
pub trait Fn {}
pub trait FnMut {}
pub trait FnOnce {}
pub trait From {}
pub trait Into {}
pub trait Iterator {}
pub trait Send {}
pub trait Sync {}
pub trait ToOwned {}

#[allow(non_camel_case_types, reason = "they shadow primitive types")]
mod primitives {
    pub struct bool;
    pub struct f64;
    pub struct str;
    pub struct u64;
    pub struct usize;
}
pub use self::primitives::{bool, f64, str, u64, usize};

#[allow(non_snake_case, reason = "it shadows a function of the prelude")]
pub fn drop() {}

macro_rules! shadow_macros {
    ($dollar:tt $($name:ident)*) => {$(
        #[allow(unused_macros, reason = "only a macro that is not hygienic calls it")]
        macro_rules! $name {
            ($dollar($dollar any:tt)*) => { compile_error!("a macro of the user was called") };
        }
    )*};
}
shadow_macros!($ assert debug_assert format line matches module_path panic stringify thread_local unreachable vec write);
