//! The system calls of waitable timers, and of the system's pool of threads that wait for them.

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

/// `CreateWaitableTimerExW(NULL, NULL, flags, TIMER_ALL_ACCESS)`
pub(super) fn create_timer(flags: u32) -> io::Result<OwnedHandle> {
    // SAFETY: the call takes no pointers but null ones: no attributes and no name.
    let timer =
        unsafe { CreateWaitableTimerExW(ptr::null(), ptr::null(), flags, TIMER_ALL_ACCESS) };
    if timer.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the timer was just made and nobody else knows of its handle.
    Ok(unsafe { OwnedHandle::from_raw_handle(timer) })
}

/// `SetWaitableTimer(timer, due, 0, NULL, NULL, FALSE)`: `due` is in 100 nanoseconds, and counts
/// from now if it is negative. The timer is not signalled any more.
pub(super) fn set_timer(timer: &OwnedHandle, due: i64) -> io::Result<()> {
    let timer = timer.as_raw_handle();
    // SAFETY: the handle is open, and the time is on our stack. The other pointers are null: there
    // is no function to call.
    check(unsafe { SetWaitableTimer(timer, &raw const due, 0, None, ptr::null(), 0) })
}

/// `CancelWaitableTimer(timer)`: it is not signalled later. If it is already, it stays so.
pub(super) fn cancel_timer(timer: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { CancelWaitableTimer(timer.as_raw_handle()) })
}

/// Something with a handle, and what is to be done when that is signalled.
pub(super) trait Signalled: Send + Sync + 'static {
    /// Always the same.
    fn handle(&self) -> &OwnedHandle;

    /// Runs in a thread of the system's that waits for other handles too.
    fn signalled(&self);
}

/// The wait of such a thread, again and again until this is dropped.
#[derive(Debug)]
pub(super) struct Wait<T: Signalled> {
    waited: Arc<T>,
    wait: HANDLE,
}

// SAFETY: `wait` names a wait. Only `drop` uses it, once, and any thread may end a wait.
unsafe impl<T: Signalled> Send for Wait<T> {}
// SAFETY: nothing can be done with `wait` through a shared reference.
unsafe impl<T: Signalled> Sync for Wait<T> {}

impl<T: Signalled> Wait<T> {
    /// `RegisterWaitForSingleObject(.., handle, signalled, .., INFINITE, WT_EXECUTEINWAITTHREAD)`
    pub(super) fn new(waited: T) -> io::Result<Wait<T>> {
        let waited = Arc::new(waited);
        let handle = waited.handle().as_raw_handle();
        let theirs = Arc::into_raw(Arc::clone(&waited));
        let (call, flags) = (signalled::<T>, WT_EXECUTEINWAITTHREAD);
        let mut wait = ptr::null_mut();
        let place = &raw mut wait;
        // SAFETY: the place for the answer is on our stack. As long as there is the wait, `theirs`
        // is valid, which is what the function expects, and the handle is open: the system has a
        // reference of its own, which `drop` takes back when the wait has ended.
        let result = unsafe {
            RegisterWaitForSingleObject(place, handle, Some(call), theirs.cast(), INFINITE, flags)
        };
        if let Err(err) = check(result) {
            // SAFETY: the pointer came from `into_raw`, and there is no wait that has it.
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

/// `UnregisterWaitEx(wait, INVALID_HANDLE_VALUE)`: waits until the system's thread has returned.
impl<T: Signalled> Drop for Wait<T> {
    fn drop(&mut self) {
        // SAFETY: the wait was registered, and is ended here only.
        if unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) } == 0 {
            // None is expected. The thread may still use what it has, so that is never freed.
            return;
        }
        // SAFETY: this is the reference of the system, whose wait is over.
        drop(unsafe { Arc::from_raw(Arc::as_ptr(&self.waited)) });
    }
}

/// What the system's thread calls.
extern "system" fn signalled<T: Signalled>(waited: *mut c_void, _timed_out: bool) {
    // SAFETY: the system gives back the pointer of `Wait::new`, and calls while there is the wait.
    let waited = unsafe { &*waited.cast::<T>() };
    waited.signalled();
}

/// The result of a system call that answers 0 for an error.
fn check(result: BOOL) -> io::Result<()> {
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
