//! Says how call stacks are taken in a program that is built like this one.

use lagom_profiler::heap::{self, Unwinding};

fn main() {
    print!("{:?}", heap::unwinding());
    if cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        for other in [Unwinding::FramePointers, Unwinding::None, Unwinding::Framehop] {
            assert!(heap::set_unwinding(other));
            assert_eq!(heap::unwinding(), other);
        }
    }
}
