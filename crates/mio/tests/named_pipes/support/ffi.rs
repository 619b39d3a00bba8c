//! System calls for tests that std lacks, and the counting allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr;
use std::thread::LocalKey;

use windows_sys::Win32::Devices::Communication::{COMMTIMEOUTS, SetCommTimeouts};
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, GetHandleInformation, HANDLE, HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_OVERLAPPED, ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, DisconnectNamedPipe, PIPE_NOWAIT, PIPE_READMODE_MESSAGE,
    PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_TYPE_MESSAGE, SetNamedPipeHandleState,
};
use windows_sys::Win32::System::Threading::CreateEventW;
use windows_sys::core::BOOL;

pub(crate) use windows_sys::Win32::Storage::FileSystem::{
    PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
};

pub(crate) const BYTES: u32 = PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS;
pub(crate) const BYTES_NOWAIT: u32 = BYTES | PIPE_NOWAIT;
pub(crate) const MESSAGES: u32 =
    PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS;

fn check(result: BOOL) {
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// Creates a server's end with other options than `NamedPipe::new`.
pub(crate) fn server(name: &str, access: u32, mode: u32) -> OwnedHandle {
    server_of(name, access, mode, 255)
}

/// As [`server`], for a name with at most `ends` instances.
pub(crate) fn server_of(name: &str, access: u32, mode: u32, ends: u32) -> OwnedHandle {
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let open = access | FILE_FLAG_OVERLAPPED;
    // SAFETY: the name ends with a null character and lives through the call.
    let handle = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            open,
            mode,
            ends,
            65536,
            65536,
            0,
            ptr::null(),
        )
    };
    assert_ne!(
        handle,
        INVALID_HANDLE_VALUE,
        "{}",
        io::Error::last_os_error()
    );
    // SAFETY: the handle was just created, and nobody else owns it.
    unsafe { OwnedHandle::from_raw_handle(handle) }
}

/// Makes reads from this client return one message at a time.
pub(crate) fn read_messages(client: &impl AsHandle) {
    let handle = client.as_handle().as_raw_handle();
    let mode = PIPE_READMODE_MESSAGE;
    // SAFETY: the handle is open, and the mode is on our stack.
    check(unsafe { SetNamedPipeHandleState(handle, &raw const mode, ptr::null(), ptr::null()) });
}

/// Disconnects the client, without the owner's knowledge.
pub(crate) fn disconnect(pipe: &impl AsHandle) {
    // SAFETY: the handle is open.
    check(unsafe { DisconnectNamedPipe(pipe.as_handle().as_raw_handle()) });
}

/// Sets the read timeouts of a serial port, in milliseconds; 0 is none.
pub(crate) fn set_read_timeouts(port: &impl AsHandle, interval: u32, multiplier: u32, total: u32) {
    let timeouts = COMMTIMEOUTS {
        ReadIntervalTimeout: interval,
        ReadTotalTimeoutMultiplier: multiplier,
        ReadTotalTimeoutConstant: total,
        ..COMMTIMEOUTS::default()
    };
    // SAFETY: the handle is open, and the timeouts are on our stack.
    check(unsafe { SetCommTimeouts(port.as_handle().as_raw_handle(), &raw const timeouts) });
}

/// Cancels all operations on a handle, without the owner's knowledge.
pub(crate) fn cancel_all(pipe: &impl AsHandle) {
    // SAFETY: the handle is open.
    check(unsafe { CancelIoEx(pipe.as_handle().as_raw_handle(), ptr::null()) });
}

pub(crate) fn from_raw<T: FromRawHandle>(handle: impl IntoRawHandle) -> T {
    // SAFETY: the handle no longer has an owner.
    unsafe { T::from_raw_handle(handle.into_raw_handle()) }
}

/// Returns `true` if child processes inherit the handle.
pub(crate) fn is_inherited(pipe: &impl AsHandle) -> bool {
    let mut flags = 0;
    let handle = pipe.as_handle().as_raw_handle();
    // SAFETY: the handle is open, and the output parameter is on our stack.
    check(unsafe { GetHandleInformation(handle, &raw mut flags) });
    flags & HANDLE_FLAG_INHERIT != 0
}

/// Returns the number of open handles of this process.
///
/// It probes them one by one, because some emulators of Windows always report a count of 0.
pub(crate) fn open_handles() -> usize {
    let is_open = |handle: &usize| {
        let mut flags = 0;
        // SAFETY: the call fails for an invalid handle, and the output parameter is on our stack.
        unsafe { GetHandleInformation(*handle as HANDLE, &raw mut flags) != 0 }
    };
    // Handles are multiples of four, and Windows reuses the lowest free one first.
    (4..1 << 13).step_by(4).filter(is_open).count()
}

/// An operation of the user, on a handle that a pipe shares. Dropping it ends the operation.
pub(crate) struct Foreign {
    handle: OwnedHandle,
    /// Set when the operation is complete.
    _event: OwnedHandle,
    overlapped: Box<OVERLAPPED>,
    data: Vec<u8>,
}

impl Foreign {
    /// Starts a read.
    pub(crate) fn read(handle: OwnedHandle, length: usize) -> Foreign {
        let mut foreign = Foreign::new(handle, vec![0; length]);
        let (handle, data) = (foreign.handle.as_raw_handle(), foreign.data.as_mut_ptr());
        let (length, overlapped) = (length as u32, &raw mut *foreign.overlapped);
        // SAFETY: the memory lives until this is dropped, which waits until the operation is
        // complete.
        is_started(unsafe { ReadFile(handle, data, length, ptr::null_mut(), overlapped) });
        foreign
    }

    /// Starts a write.
    pub(crate) fn write(handle: OwnedHandle, data: &[u8]) -> Foreign {
        let mut foreign = Foreign::new(handle, data.to_vec());
        let (handle, length) = (foreign.handle.as_raw_handle(), data.len() as u32);
        let (data, overlapped) = (foreign.data.as_ptr(), &raw mut *foreign.overlapped);
        // SAFETY: the memory lives until this is dropped, which waits until the operation is
        // complete.
        is_started(unsafe { WriteFile(handle, data, length, ptr::null_mut(), overlapped) });
        foreign
    }

    fn new(handle: OwnedHandle, data: Vec<u8>) -> Foreign {
        // SAFETY: all pointer arguments are null.
        let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        assert!(!event.is_null(), "{}", io::Error::last_os_error());
        // SAFETY: the handle was just created, and nobody else owns it.
        let event = unsafe { OwnedHandle::from_raw_handle(event) };
        let overlapped = Box::new(OVERLAPPED {
            hEvent: event.as_raw_handle(),
            ..OVERLAPPED::default()
        });
        Foreign {
            handle,
            _event: event,
            overlapped,
            data,
        }
    }

    /// Waits until the operation is complete, and returns the number of bytes transferred.
    pub(crate) fn finish(&mut self) -> io::Result<usize> {
        let (handle, overlapped) = (self.handle.as_raw_handle(), &raw mut *self.overlapped);
        let mut length = 0;
        // SAFETY: the handle is open, and the pointers are valid through the call.
        let result = unsafe { GetOverlappedResult(handle, overlapped, &raw mut length, 1) };
        if result == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(length as usize)
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let overlapped = &raw const *self.overlapped;
        // SAFETY: the kernel only compares the pointer with those of operations in flight.
        unsafe { CancelIoEx(self.handle.as_raw_handle(), overlapped) };
        let _ = self.finish();
    }
}

fn is_started(result: BOOL) {
    let err = io::Error::last_os_error();
    assert!(
        result != 0 || err.raw_os_error() == Some(ERROR_IO_PENDING as i32),
        "{err}"
    );
}

/// Counts the allocations and deallocations of each thread.
struct CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static FREED: Cell<usize> = const { Cell::new(0) };
}

/// Returns the number of allocations of this thread so far.
pub(crate) fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

/// Returns the number of live allocations of this thread. Memory that was passed to another thread
/// counts in both.
pub(crate) fn live_allocations() -> usize {
    allocations().wrapping_sub(FREED.with(Cell::get))
}

fn count(counter: &'static LocalKey<Cell<usize>>) {
    // A thread that is exiting no longer has a counter.
    let _ = counter.try_with(|counter| counter.set(counter.get() + 1));
}

// SAFETY: all calls are forwarded to the system allocator.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: the caller upholds the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(&FREED);
        // SAFETY: the caller upholds the contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(&ALLOCATIONS);
        count(&FREED);
        // SAFETY: the caller upholds the contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
