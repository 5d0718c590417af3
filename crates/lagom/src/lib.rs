#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Values computed on first use: [`lagom-lazy`](lagom_lazy).
#[cfg(feature = "lazy")]
pub mod lazy {
    #[doc(inline)]
    pub use lagom_lazy::*;
}

/// Memoized functions: [`lagom-memo`](lagom_memo).
#[cfg(feature = "memo")]
pub mod memo {
    #[doc(inline)]
    pub use lagom_memo::*;
    // Shadows the attribute of the glob: this one finds the crate through the facade.
    #[doc(inline)]
    pub use lagom_memo::memoize_facade as memoize;
}

/// Object pools: [`lagom-pool`](lagom_pool).
#[cfg(feature = "pool")]
pub mod pool {
    #[doc(inline)]
    pub use lagom_pool::*;
}

/// Where time and memory go: [`lagom-profiler`](lagom_profiler).
#[cfg(feature = "profiler")]
pub mod profiler {
    #[doc(inline)]
    pub use lagom_profiler::*;
    // Shadow the macros of the glob: these find the crate through the facade.
    #[doc(inline)]
    pub use lagom_profiler::HeapSizeFacade as HeapSize;
    #[doc(inline)]
    pub use lagom_profiler::MemoryLayoutFacade as MemoryLayout;
    #[doc(inline)]
    pub use lagom_profiler::heap_test_facade as heap_test;
    #[doc(inline)]
    pub use lagom_profiler::profile_all_facade as profile_all;
    #[doc(inline)]
    pub use lagom_profiler::profile_facade as profile;
    #[doc(inline)]
    pub use lagom_profiler::profile_lines_facade as profile_lines;
    #[doc(inline)]
    pub use lagom_profiler::profile_memory_facade as profile_memory;
}

/// Numeric kernels over slices, chunks and files: [`lagom-vecproc`](lagom_vecproc).
#[cfg(feature = "vecproc")]
pub mod vecproc {
    #[doc(inline)]
    pub use lagom_vecproc::*;
}

/// Weak caches and interning: [`lagom-weakcache`](lagom_weakcache).
#[cfg(feature = "weakcache")]
pub mod weakcache {
    #[doc(inline)]
    pub use lagom_weakcache::*;
}
