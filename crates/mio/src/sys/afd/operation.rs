//! The memory that the kernel owns while an operation is in flight.
//!
//! # The invariant
//!
//! An [`Operation`] has exactly one owner. The holder of the `Box` owns it before it is started,
//! and again after its packet has been taken from the port. In between the kernel owns it. The
//! kernel writes to the `OVERLAPPED` at its beginning, and may read or write the memory that `data`
//! points to.
//!
//! [`start`](Operation::start) gives the box away and returns an [`OperationId`], which can cancel
//! the operation but can't access it. [`take_back`] recreates the box, once for each packet.
//! Neither a cancellation nor the end of the source that started the operation changes this. The
//! list of [`users`](crate::sys::afd::users) filters out the packets of operations that somebody
//! else has started.
//!
//! If the port is closed before the packet is taken, the operation is leaked.

use std::fmt;
use std::io;

use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_ENTRY};

use crate::sys::afd::event::NativeEvent;

/// The purpose of an operation. `complete` is called when its packet has arrived.
pub(crate) trait Complete: Send + Sized + 'static {
    /// Handles the result, stores the operation for reuse or drops it, and returns the event to
    /// deliver, if there is one.
    fn complete(operation: Box<Operation<Self>>) -> Option<NativeEvent>;
}

/// The memory of one operation at a time.
// `overlapped` comes first: the kernel gets a pointer to it, and the packet returns that pointer.
#[repr(C)]
pub(crate) struct Operation<T> {
    overlapped: OVERLAPPED,
    complete: unsafe fn(*mut OVERLAPPED) -> Option<NativeEvent>,
    pub(crate) data: T,
}

/// The identity of an operation in flight, for cancelling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OperationId(usize);

// SAFETY: only the kernel uses the pointers in `OVERLAPPED`.
unsafe impl<T: Send> Send for Operation<T> {}

// SAFETY: a shared reference gives access to two numbers in `OVERLAPPED` and to nothing else in it.
unsafe impl<T: Sync> Sync for Operation<T> {}

impl<T: Complete> Operation<T> {
    pub(crate) fn new(data: T) -> Box<Operation<T>> {
        Box::new(Operation {
            overlapped: OVERLAPPED::default(),
            complete: take_back::<T>,
            data,
        })
    }

    /// Gives the operation to the kernel. `call` receives pointers to both parts, and returns `Ok`
    /// if a packet will arrive. On an error the operation is returned with the error.
    ///
    /// `call` starts a system call with these pointers, and must not keep them.
    pub(crate) fn start(
        mut self: Box<Self>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Self>, io::Error)> {
        self.overlapped = OVERLAPPED::default();
        let operation = Box::into_raw(self);
        // SAFETY: the pointer comes from a box, so the place is valid.
        let overlapped = unsafe { &raw mut (*operation).overlapped };
        // SAFETY: as above.
        let data = unsafe { &raw mut (*operation).data };
        match call(overlapped, data) {
            Ok(()) => Ok(OperationId(operation as usize)),
            // SAFETY: the kernel has refused the operation, so we still own it.
            Err(err) => Err((unsafe { Box::from_raw(operation) }, err)),
        }
    }

    /// Returns the identity of the operation while it is in flight.
    pub(super) fn id(&self) -> OperationId {
        OperationId(std::ptr::from_ref(self) as usize)
    }

    /// Returns the status of the completed operation: an `NTSTATUS`.
    pub(crate) fn status(&self) -> i32 {
        self.overlapped.Internal as i32
    }

    /// Returns the number of bytes transferred.
    pub(crate) fn transferred(&self) -> usize {
        self.overlapped.InternalHigh
    }
}

impl OperationId {
    /// Returns the identity of the operation that a packet may belong to.
    #[cfg(feature = "os-ext")]
    pub(super) fn of(overlapped: *mut OVERLAPPED) -> OperationId {
        OperationId(overlapped as usize)
    }

    pub(crate) fn as_ptr(self) -> *const OVERLAPPED {
        self.0 as *const OVERLAPPED
    }
}

/// # Safety
///
/// [`Operation::<T>::start`] gave this pointer to the kernel, and its packet has been taken.
unsafe fn take_back<T: Complete>(overlapped: *mut OVERLAPPED) -> Option<NativeEvent> {
    // SAFETY: `overlapped` is the first field of the box that `start` gave away, and after the
    // packet the kernel no longer uses it.
    T::complete(unsafe { Box::from_raw(overlapped.cast::<Operation<T>>()) })
}

/// Completes the operation of a packet.
///
/// # Safety
///
/// The entry was taken from a port, was not passed here before, and belongs to an [`Operation`].
pub(super) unsafe fn complete(entry: &OVERLAPPED_ENTRY) -> Option<NativeEvent> {
    let header = entry.lpOverlapped.cast::<Operation<()>>();
    // SAFETY: the entry belongs to an operation. Operations of all types begin in the same way.
    let complete = unsafe { (*header).complete };
    // SAFETY: `complete` is the function for the type of this operation, and the packet belongs to
    // it.
    unsafe { complete(entry.lpOverlapped) }
}

impl<T: fmt::Debug> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.data).finish()
    }
}
