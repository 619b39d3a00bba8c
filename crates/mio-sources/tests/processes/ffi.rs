//! The system calls by which a test makes events of its console, and counts its handles.

use std::io;

use windows_sys::Win32::System::Console::GenerateConsoleCtrlEvent;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

/// `GenerateConsoleCtrlEvent(event, 0)`: to each process of this console.
pub(crate) fn generate(event: u32) {
    // SAFETY: the call takes no pointers.
    let result = unsafe { GenerateConsoleCtrlEvent(event, 0) };
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// `GetProcessHandleCount(GetCurrentProcess(), ..)`
pub(crate) fn open_handles() -> u32 {
    // SAFETY: the call takes nothing.
    let process = unsafe { GetCurrentProcess() };
    let mut count = 0;
    // SAFETY: the place for the answer is on our stack.
    let result = unsafe { GetProcessHandleCount(process, &raw mut count) };
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
    count
}
