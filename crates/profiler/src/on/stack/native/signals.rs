//! From a signal handler to what it has interrupted: the tables say it by an expression that reads memory, which framehop
//! does not follow.

use std::sync::atomic::{AtomicUsize, Ordering};

use framehop::x86_64::UnwindRegsX86_64;

use super::modules;

/// `mov rax, SYS_rt_sigreturn; syscall`, to which a handler returns, as all C libraries have it for gdb and libgcc, who look
/// for it, too.
const RETURN: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];

/// Where it lies; 0 if it is not known.
static END: AtomicUsize = AtomicUsize::new(0);

/// The return address of every signal handler.
#[inline(always)]
pub(super) fn end_of_handlers() -> usize {
    END.load(Ordering::Relaxed)
}

/// Looks for it in the library that sets up handlers.
pub(super) fn look() {
    if end_of_handlers() != 0 {
        return;
    }
    let setter = libc::sigaction as *const () as usize;
    modules::each(&mut |module| {
        if module.code.contains(&setter)
            && let Some(at) = modules::find(&module, &RETURN)
        {
            END.store(at, Ordering::Relaxed);
        }
    });
}

/// The instruction that was interrupted, and the registers then. `stack` is the stack pointer behind the handler's return
/// address: there lies the `ucontext_t`.
pub(super) fn interrupted(
    stack: u64,
    read: &mut impl FnMut(u64) -> Result<u64, ()>,
) -> Option<(u64, UnwindRegsX86_64)> {
    /// Of the kernel's `ucontext`, which is the same for all C libraries.
    const RBP: u64 = 120;
    const RSP: u64 = 160;
    const RIP: u64 = 168;
    let mut register = |offset| read(stack.checked_add(offset)?).ok();
    let code = register(RIP)?;
    let registers = UnwindRegsX86_64::new(code, register(RSP)?, register(RBP)?);
    Some((code, registers))
}
