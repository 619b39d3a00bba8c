//! The system calls with which a test generates console events and counts its handles.

use std::io;

use windows_sys::Win32::System::Console::GenerateConsoleCtrlEvent;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

/// Calls `GenerateConsoleCtrlEvent(event, 0)`: for each process of this console.
pub(crate) fn generate(event: u32) {
    // SAFETY: the call takes no pointers.
    let result = unsafe { GenerateConsoleCtrlEvent(event, 0) };
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// Calls `GetProcessHandleCount(GetCurrentProcess(), ..)`.
pub(crate) fn open_handles() -> u32 {
    // SAFETY: the call has no arguments.
    let process = unsafe { GetCurrentProcess() };
    let mut count = 0;
    // SAFETY: `count` lives on this stack during the call.
    let result = unsafe { GetProcessHandleCount(process, &raw mut count) };
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
    count
}
