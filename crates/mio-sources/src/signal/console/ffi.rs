//! The system call that installs a handler of console events.

#![allow(unsafe_code)]

use std::io;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::core::BOOL;

/// Calls `SetConsoleCtrlHandler(call, TRUE)`. Each call of this function adds `handle` once more.
pub(super) fn add_handler() -> io::Result<()> {
    // SAFETY: `call` has the signature that Windows expects, and lives as long as the process.
    if unsafe { SetConsoleCtrlHandler(Some(call), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The handler. Windows calls it in a thread that it creates for this.
extern "system" fn call(event: u32) -> BOOL {
    super::handle(event).into()
}
