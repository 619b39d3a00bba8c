//! The system calls of waitable timers, and of the OS thread pool that waits for them.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::io;
use std::ops::Deref;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    CancelWaitableTimer, CreateWaitableTimerExW, INFINITE, RegisterWaitForSingleObject,
    SetWaitableTimer, TIMER_ALL_ACCESS, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
};
use windows_sys::core::BOOL;

/// Calls `CreateWaitableTimerExW(NULL, NULL, flags, TIMER_ALL_ACCESS)`.
pub(super) fn create_timer(flags: u32) -> io::Result<OwnedHandle> {
    // SAFETY: the only pointers passed are null, for no attributes and no name.
    let timer =
        unsafe { CreateWaitableTimerExW(ptr::null(), ptr::null(), flags, TIMER_ALL_ACCESS) };
    if timer.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the timer was just created and nothing else owns its handle.
    Ok(unsafe { OwnedHandle::from_raw_handle(timer) })
}

/// Calls `SetWaitableTimer(timer, due, 0, NULL, NULL, FALSE)`. `due` is in units of 100
/// nanoseconds, and relative to now if it is negative. The timer is no longer signalled.
pub(super) fn set_timer(timer: &OwnedHandle, due: i64) -> io::Result<()> {
    let timer = timer.as_raw_handle();
    // SAFETY: the handle is open, and `due` lives on this stack during the call. The other pointers
    // are null: there is no function to call.
    check(unsafe { SetWaitableTimer(timer, &raw const due, 0, None, ptr::null(), 0) })
}

/// Calls `CancelWaitableTimer(timer)`: it is not signalled later. If it is already, it stays so.
pub(super) fn cancel_timer(timer: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { CancelWaitableTimer(timer.as_raw_handle()) })
}

/// An object with a handle, and the action to run when the handle is signalled.
pub(super) trait Signalled: Send + Sync + 'static {
    /// Returns the handle, always the same one.
    fn handle(&self) -> &OwnedHandle;

    /// Runs in an OS thread that waits for other handles too.
    fn signalled(&self);
}

/// The wait of such a thread, repeated until this is dropped.
#[derive(Debug)]
pub(super) struct Wait<T: Signalled> {
    waited: Arc<T>,
    wait: HANDLE,
}

// SAFETY: `wait` identifies a wait. Only `drop` uses it, once, and any thread may end a wait.
unsafe impl<T: Signalled> Send for Wait<T> {}
// SAFETY: a shared reference gives no access to `wait`.
unsafe impl<T: Signalled> Sync for Wait<T> {}

impl<T: Signalled> Wait<T> {
    /// Calls
    /// `RegisterWaitForSingleObject(.., handle, signalled, .., INFINITE, WT_EXECUTEINWAITTHREAD)`.
    pub(super) fn new(waited: T) -> io::Result<Wait<T>> {
        let waited = Arc::new(waited);
        let handle = waited.handle().as_raw_handle();
        let theirs = Arc::into_raw(Arc::clone(&waited));
        let (call, flags) = (signalled::<T>, WT_EXECUTEINWAITTHREAD);
        let mut wait = ptr::null_mut();
        let place = &raw mut wait;
        // SAFETY: the result is written to this stack. For as long as the wait exists, `theirs` is
        // valid, as the function expects, and the handle is open: the wait owns a reference, which
        // `drop` releases once the wait has ended.
        let result = unsafe {
            RegisterWaitForSingleObject(place, handle, Some(call), theirs.cast(), INFINITE, flags)
        };
        if let Err(err) = check(result) {
            // SAFETY: the pointer came from `into_raw`, and no wait has it.
            drop(unsafe { Arc::from_raw(theirs) });
            return Err(err);
        }
        Ok(Wait { waited, wait })
    }
}

impl<T: Signalled> Deref for Wait<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.waited
    }
}

/// Calls `UnregisterWaitEx(wait, INVALID_HANDLE_VALUE)`, which blocks until the thread has
/// returned.
impl<T: Signalled> Drop for Wait<T> {
    fn drop(&mut self) {
        // SAFETY: the wait was registered, and is ended only here.
        if unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) } == 0 {
            // No error is expected. The thread may still use its reference, so that is never freed.
            return;
        }
        // SAFETY: this is the reference of the wait, which is over.
        drop(unsafe { Arc::from_raw(Arc::as_ptr(&self.waited)) });
    }
}

/// The function that the thread calls.
extern "system" fn signalled<T: Signalled>(waited: *mut c_void, _timed_out: bool) {
    // SAFETY: Windows passes the pointer of `Wait::new`, and calls this only while the wait exists.
    let waited = unsafe { &*waited.cast::<T>() };
    waited.signalled();
}

/// Converts the result of a system call that returns 0 for an error.
fn check(result: BOOL) -> io::Result<()> {
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
