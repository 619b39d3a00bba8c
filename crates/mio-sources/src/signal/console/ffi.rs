//! The system call that sets a handler for events of the console.

#![allow(unsafe_code)]

use std::io;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::core::BOOL;

/// `SetConsoleCtrlHandler(call, TRUE)`: has `handle` called for an event, once more each time.
pub(super) fn add_handler() -> io::Result<()> {
    // SAFETY: the function has the signature that the system expects, and it is there for ever.
    if unsafe { SetConsoleCtrlHandler(Some(call), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// What the system calls, in a thread that it makes for this.
extern "system" fn call(event: u32) -> BOOL {
    super::handle(event).into()
}
