//! Waitable handles for the tests, and a fallback for the three calls where Windows lacks them. The
//! fallback consists of thread pool waits and posted packets.

use std::collections::HashMap;
use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Win32::Foundation::{
    HANDLE, INVALID_HANDLE_VALUE, NTSTATUS, STATUS_INVALID_PARAMETER_1, STATUS_SUCCESS,
    STATUS_UNSUCCESSFUL, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::IO::PostQueuedCompletionStatus;
use windows_sys::Win32::System::Threading::{
    CreateEventW, CreateSemaphoreW, CreateWaitableTimerW, INFINITE, RegisterWaitForSingleObject,
    ReleaseSemaphore, ResetEvent, SetEvent, SetWaitableTimer, UnregisterWaitEx,
    WT_EXECUTEINWAITTHREAD, WT_EXECUTEONLYONCE, WaitForSingleObject,
};
use windows_sys::core::BOOL;

use crate::sys::afd::wait::ffi::Calls;

fn owned(handle: HANDLE) -> OwnedHandle {
    assert!(!handle.is_null(), "{}", io::Error::last_os_error());
    // SAFETY: the handle was just created, and nobody else owns it.
    unsafe { OwnedHandle::from_raw_handle(handle) }
}

fn check(result: BOOL) {
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// Creates an event: a manual-reset event if `stays`, otherwise an auto-reset event.
pub(super) fn event(stays: bool) -> OwnedHandle {
    // SAFETY: neither attributes nor a name are passed.
    owned(unsafe { CreateEventW(ptr::null(), BOOL::from(stays), 0, ptr::null()) })
}

pub(super) fn set(event: &OwnedHandle) {
    // SAFETY: the handle is open.
    check(unsafe { SetEvent(event.as_raw_handle()) });
}

pub(super) fn reset(event: &OwnedHandle) {
    // SAFETY: the handle is open.
    check(unsafe { ResetEvent(event.as_raw_handle()) });
}

pub(super) fn semaphore() -> OwnedHandle {
    // SAFETY: neither attributes nor a name are passed.
    owned(unsafe { CreateSemaphoreW(ptr::null(), 0, 100, ptr::null()) })
}

pub(super) fn release(semaphore: &OwnedHandle, count: i32) {
    // SAFETY: the handle is open, and the output pointer is null.
    check(unsafe { ReleaseSemaphore(semaphore.as_raw_handle(), count, ptr::null_mut()) });
}

/// Creates an auto-reset timer.
pub(super) fn timer() -> OwnedHandle {
    // SAFETY: neither attributes nor a name are passed.
    owned(unsafe { CreateWaitableTimerW(ptr::null(), 0, ptr::null()) })
}

pub(super) fn start(timer: &OwnedHandle, milliseconds: i64) {
    let due = -milliseconds * 10_000;
    let timer = timer.as_raw_handle();
    // SAFETY: the handle is open, the time is on our stack, and there is no callback.
    check(unsafe { SetWaitableTimer(timer, &raw const due, 0, None, ptr::null(), 0) });
}

pub(super) fn calls() -> Calls {
    Calls {
        create,
        associate,
        cancel,
    }
}

/// The wait of each packet, keyed by the handle of the packet.
static WAITS: Mutex<Option<HashMap<usize, usize>>> = Mutex::new(None);

/// The packet to post, and its port.
struct Packet {
    port: HANDLE,
    key: usize,
    overlapped: *mut c_void,
}

fn with_waits<R>(f: impl FnOnce(&mut HashMap<usize, usize>) -> R) -> R {
    let mut waits = WAITS.lock().unwrap_or_else(PoisonError::into_inner);
    f(waits.get_or_insert_default())
}

unsafe extern "system" fn create(
    packet: *mut HANDLE,
    _: u32,
    _: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    // SAFETY: neither attributes nor a name are passed.
    let handle = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
    // SAFETY: the caller's pointer is valid for a handle.
    unsafe { packet.write(handle) };
    if handle.is_null() {
        STATUS_UNSUCCESSFUL
    } else {
        STATUS_SUCCESS
    }
}

unsafe extern "system" fn associate(
    packet: HANDLE,
    port: HANDLE,
    target: HANDLE,
    key: *mut c_void,
    overlapped: *mut c_void,
    _: NTSTATUS,
    _: usize,
    _: *mut u8,
) -> NTSTATUS {
    if !end_wait(packet) {
        // The packet is already associated, and has not been posted.
        return STATUS_INVALID_PARAMETER_1;
    }
    let key = key as usize;
    // SAFETY: the caller passes an open handle.
    if unsafe { WaitForSingleObject(target, 0) } == WAIT_OBJECT_0 {
        let overlapped = overlapped.cast();
        // SAFETY: the caller passes an open port, and the pointer is a number.
        unsafe { PostQueuedCompletionStatus(port, 0, key, overlapped) };
        return STATUS_SUCCESS;
    }
    let packet_data = Box::leak(Box::new(Packet {
        port,
        key,
        overlapped,
    }));
    reset_mark(packet);
    let mut wait: HANDLE = ptr::null_mut();
    let context = Box::leak(Box::new((packet as usize, packet_data)));
    // SAFETY: the handle is open, and the context of the callback is leaked.
    let result = unsafe {
        RegisterWaitForSingleObject(
            &raw mut wait,
            target,
            Some(signalled),
            (&raw const *context).cast(),
            INFINITE,
            WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD,
        )
    };
    if result == 0 {
        return STATUS_UNSUCCESSFUL;
    }
    with_waits(|waits| waits.insert(packet as usize, wait as usize));
    STATUS_SUCCESS
}

unsafe extern "system" fn cancel(packet: HANDLE, _: u8) -> NTSTATUS {
    if let Some(wait) = with_waits(|waits| waits.remove(&(packet as usize))) {
        // SAFETY: the wait was registered, and is unregistered once.
        unsafe { UnregisterWaitEx(wait as HANDLE, INVALID_HANDLE_VALUE) };
    }
    STATUS_SUCCESS
}

/// Posts the packet of a wait that has ended.
unsafe extern "system" fn signalled(context: *mut c_void, _: bool) {
    // SAFETY: the wait was registered with this context.
    let (packet, data) = unsafe { &*context.cast::<(usize, &'static Packet)>() };
    // The packet's handle is set once the packet was posted. SAFETY: a wait is unregistered before
    // its packet is closed.
    unsafe { SetEvent(*packet as HANDLE) };
    let overlapped = data.overlapped.cast();
    // SAFETY: as above, for the port.
    unsafe { PostQueuedCompletionStatus(data.port, 0, data.key, overlapped) };
}

/// Removes a wait that has ended. Returns `false` if it has not ended.
fn end_wait(packet: HANDLE) -> bool {
    let Some(wait) = with_waits(|waits| waits.get(&(packet as usize)).copied()) else {
        return true;
    };
    // SAFETY: the caller of the three calls passes an open handle.
    if unsafe { WaitForSingleObject(packet, 0) } != WAIT_OBJECT_0 {
        return false;
    }
    with_waits(|waits| waits.remove(&(packet as usize)));
    // SAFETY: the wait was registered, and is unregistered once.
    unsafe { UnregisterWaitEx(wait as HANDLE, INVALID_HANDLE_VALUE) };
    true
}

fn reset_mark(packet: HANDLE) {
    // SAFETY: the caller of the three calls passes an open handle.
    unsafe { ResetEvent(packet) };
}
