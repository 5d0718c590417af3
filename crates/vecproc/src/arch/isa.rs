//! Which instruction sets there are.

use std::sync::OnceLock;

/// An instruction set that kernels are compiled for, and that the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// The environment's wish: `avx512`, `avx2`, `neon` or `portable`. Read once; of no influence on results.
const SWITCH: &str = "LAGOM_VECPROC_ISA";

impl Isa {
    /// The best that the processor has, or the one that the environment asks for if the processor has it.
    #[inline]
    pub(crate) fn best() -> Self {
        #[cfg(test)]
        if let Some(isa) = FORCED.get() {
            return isa;
        }
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let wish = std::env::var(SWITCH).unwrap_or_default();
            let all = Self::all();
            all.iter().copied().find(|isa| isa.name() == wish).unwrap_or(all[0])
        })
    }

    /// All that the processor has, the best first; never empty.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                all.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Self::Neon);
        all.push(Self::Portable);
        all
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }
}

#[cfg(test)]
thread_local! {
    static FORCED: std::cell::Cell<Option<Isa>> = const { std::cell::Cell::new(None) };
}

/// Runs `f` with the instructions of one set on this thread.
#[cfg(test)]
pub(crate) fn with_isa<T>(isa: Isa, f: impl FnOnce() -> T) -> T {
    let before = FORCED.replace(Some(isa));
    let result = f();
    FORCED.set(before);
    result
}
