//! The system calls of named pipes.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_MORE_DATA, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_TYPE_PIPE, GetFileType,
    PIPE_ACCESS_DUPLEX, ReadFile, WriteFile,
};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, DisconnectNamedPipe, GetNamedPipeHandleStateW,
    GetNamedPipeInfo, PIPE_READMODE_BYTE, PIPE_READMODE_MESSAGE, PIPE_REJECT_REMOTE_CLIENTS,
    PIPE_TYPE_BYTE, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT,
};
use windows_sys::core::BOOL;

use crate::sys::windows::check;
use crate::sys::windows::named_pipe::background::System;
use crate::sys::windows::named_pipe::operations::{Connect, Job, Read, Write};
use crate::sys::windows::named_pipe::slot::{Started, Starting};

/// The flags for opening a pipe. `FILE_FLAG_FIRST_PIPE_INSTANCE` prevents another program from
/// creating the pipe first and impersonating us.
const OPEN: u32 = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;

/// The mode of a pipe. Two of these constants are zero and are here for documentation.
const MODE: u32 = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;

/// The size of the kernel's buffer in each direction.
const BUFFER: u32 = 64 * 1024;

/// `CreateNamedPipeW(name, OPEN, MODE, PIPE_UNLIMITED_INSTANCES, BUFFER, BUFFER, 0, NULL)`
///
/// Without attributes, child processes do not inherit the handle.
pub(super) fn create(name: &OsStr) -> io::Result<OwnedHandle> {
    let mut name: Vec<u16> = name.encode_wide().collect();
    if name.contains(&0) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the name of a pipe can't contain a null character",
        ));
    }
    name.push(0);
    // SAFETY: the name ends with a null character and lives through the call.
    let handle = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            OPEN,
            MODE,
            PIPE_UNLIMITED_INSTANCES,
            BUFFER,
            BUFFER,
            0,
            ptr::null(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle was just created, and nobody else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `ConnectNamedPipe(pipe, operation)`
pub(super) fn connect(system: System<'_>, job: Job<Connect>) -> Starting<Connect> {
    let mut is_done = false;
    let id = system.start(job, |overlapped, _| {
        // SAFETY: the kernel owns the operation until its packet is taken, so the place is valid
        // for as long as it is used; the handle is open, and attached to this port.
        let result = unsafe { ConnectNamedPipe(system.handle.as_raw_handle(), overlapped) };
        started(result, &mut is_done)
    })?;
    Ok(Started { id, is_done })
}

/// `ReadFile(pipe, buffer, length, NULL, operation)`
pub(super) fn read(system: System<'_>, job: Job<Read>) -> Starting<Read> {
    let mut is_done = false;
    let id = system.start(job, |overlapped, read| {
        // SAFETY: the pointer is to an operation that we still own.
        let Read { buffer, length } = unsafe { &mut (*read).work };
        let length = u32::try_from(buffer.len().min(*length)).unwrap_or(u32::MAX);
        let buffer = buffer.as_mut_ptr();
        // SAFETY: as in `connect`; the buffer is as long as we say, and belongs to the operation.
        let result = unsafe {
            ReadFile(
                system.handle.as_raw_handle(),
                buffer,
                length,
                ptr::null_mut(),
                overlapped,
            )
        };
        started(result, &mut is_done)
    })?;
    Ok(Started { id, is_done })
}

/// `WriteFile(pipe, data, length, NULL, operation)`
pub(super) fn write(system: System<'_>, job: Job<Write>) -> Starting<Write> {
    let mut is_done = false;
    let id = system.start(job, |overlapped, write| {
        // SAFETY: the pointer is to an operation that we still own.
        let data = unsafe { (*write).work.unwritten() };
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let data = data.as_ptr();
        // SAFETY: as in `connect`; the data is as long as we say, and belongs to the operation.
        let result = unsafe {
            WriteFile(
                system.handle.as_raw_handle(),
                data,
                length,
                ptr::null_mut(),
                overlapped,
            )
        };
        started(result, &mut is_done)
    })?;
    Ok(Started { id, is_done })
}

/// `DisconnectNamedPipe(pipe)`
pub(super) fn disconnect(pipe: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { DisconnectNamedPipe(pipe.as_raw_handle()) })
}

/// `GetNamedPipeHandleStateW(pipe, state, NULL, NULL, NULL, NULL, 0)`: returns `true` if a read
/// returns one message.
pub(super) fn reads_messages(pipe: BorrowedHandle<'_>) -> io::Result<bool> {
    let mut state = 0;
    // SAFETY: the output parameter is on our stack, and the other ones are null.
    check(unsafe {
        GetNamedPipeHandleStateW(
            pipe.as_raw_handle(),
            &raw mut state,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            0,
        )
    })?;
    Ok(state & PIPE_READMODE_MESSAGE != 0)
}

/// `GetNamedPipeInfo(pipe, flags, NULL, NULL, NULL)`: returns `true` if a write is one message.
pub(super) fn writes_messages(pipe: BorrowedHandle<'_>) -> io::Result<bool> {
    let mut flags = 0;
    // SAFETY: the output parameter is on our stack, and the other ones are null.
    check(unsafe {
        GetNamedPipeInfo(
            pipe.as_raw_handle(),
            &raw mut flags,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    Ok(flags & PIPE_TYPE_MESSAGE != 0)
}

/// `GetFileType(handle)`: returns `true` for a pipe. A read from a pipe never waits until its
/// buffer is full.
pub(super) fn is_pipe(handle: BorrowedHandle<'_>) -> bool {
    // SAFETY: the handle is open.
    let file_type = unsafe { GetFileType(handle.as_raw_handle()) };
    file_type == FILE_TYPE_PIPE
}

/// Returns `Ok` if a packet will arrive. It also arrives for an operation that completes at once,
/// and for a part of a message.
fn started(result: BOOL, is_done: &mut bool) -> io::Result<()> {
    const PENDING: i32 = ERROR_IO_PENDING as i32;
    const MORE: i32 = ERROR_MORE_DATA as i32;
    let result = check(result);
    let code = result.as_ref().err().map(|err| err.raw_os_error());
    *is_done = code != Some(Some(PENDING));
    match code {
        Some(Some(PENDING | MORE)) => Ok(()),
        _ => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_kept_out() {
        assert_eq!(MODE, PIPE_REJECT_REMOTE_CLIENTS);
    }

    #[test]
    fn a_pipe_is_used_overlapped_and_is_the_first_of_its_name() {
        assert_ne!(OPEN & FILE_FLAG_OVERLAPPED, 0);
        assert_ne!(OPEN & FILE_FLAG_FIRST_PIPE_INSTANCE, 0);
    }
}
