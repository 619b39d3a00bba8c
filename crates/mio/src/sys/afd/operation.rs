//! Memory that the kernel has while an operation is under way.
//!
//! # The invariant
//!
//! An [`Operation`] has one owner. Before it is started, and after its packet has been taken from
//! the port, that is who holds the `Box`. In between it is the kernel, which writes to the
//! `OVERLAPPED` at its beginning and may read or write what `data` points to. [`start`] gives the
//! box away and keeps nothing but an [`OperationId`], by which it can be cancelled and not touched.
//! [`take_back`] is called once for each packet that the port brings for it, and makes the box
//! again. Whether it was cancelled, or whoever started it has been dropped or forgotten, changes
//! nothing. Packets of operations that somebody else has started are kept from it by
//! [`users`](crate::sys::afd::users).
//!
//! An operation whose packet nobody takes, because the port was closed first, stays the kernel's
//! for good.

use std::fmt;
use std::io;

use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_ENTRY};

use crate::sys::afd::event::NativeEvent;

/// What an operation is for. Its methods are called when its packet has arrived.
pub(crate) trait Complete: Send + Sized + 'static {
    /// Acts on the result, puts the operation away for the next time or drops it, and answers with
    /// the event that is to be delivered, if there is one.
    fn complete(operation: Box<Operation<Self>>) -> Option<NativeEvent>;
}

/// The memory of one operation at a time.
// The kernel is given a pointer to `overlapped`, and the packet brings it back: it comes first.
#[repr(C)]
pub(crate) struct Operation<T> {
    overlapped: OVERLAPPED,
    complete: unsafe fn(*mut OVERLAPPED) -> Option<NativeEvent>,
    pub(crate) data: T,
}

/// Names an operation that is under way, for cancelling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OperationId(usize);

// SAFETY: the pointers in `OVERLAPPED` are the kernel's and mean nothing to us.
unsafe impl<T: Send> Send for Operation<T> {}

// SAFETY: a shared reference gives no access to `OVERLAPPED` but to the two numbers in it.
unsafe impl<T: Sync> Sync for Operation<T> {}

impl<T: Complete> Operation<T> {
    pub(crate) fn new(data: T) -> Box<Operation<T>> {
        Box::new(Operation {
            overlapped: OVERLAPPED::default(),
            complete: take_back::<T>,
            data,
        })
    }

    /// Gives the operation to the kernel by `call`, which is handed pointers to both parts and
    /// answers whether a packet will come. If not, the operation is handed back with the error.
    ///
    /// `call` starts a system call with these pointers, and keeps them for nothing else.
    pub(crate) fn start(
        mut self: Box<Self>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Self>, io::Error)> {
        self.overlapped = OVERLAPPED::default();
        let operation = Box::into_raw(self);
        // SAFETY: the pointer comes from a box, so that the place is valid.
        let overlapped = unsafe { &raw mut (*operation).overlapped };
        // SAFETY: as above.
        let data = unsafe { &raw mut (*operation).data };
        match call(overlapped, data) {
            Ok(()) => Ok(OperationId(operation as usize)),
            // SAFETY: the kernel has refused it, so it is ours still.
            Err(err) => Err((unsafe { Box::from_raw(operation) }, err)),
        }
    }

    /// The name that it has while it is under way.
    pub(super) fn id(&self) -> OperationId {
        OperationId(std::ptr::from_ref(self) as usize)
    }

    /// How it ended: an `NTSTATUS`.
    pub(crate) fn status(&self) -> i32 {
        self.overlapped.Internal as i32
    }

    /// How many bytes were moved.
    pub(crate) fn transferred(&self) -> usize {
        self.overlapped.InternalHigh
    }
}

impl OperationId {
    /// The operation that a packet is of, if it is one of ours.
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
/// The pointer was given to the kernel by [`Operation::<T>::start`], and this is its packet.
unsafe fn take_back<T: Complete>(overlapped: *mut OVERLAPPED) -> Option<NativeEvent> {
    // SAFETY: `overlapped` is the first field of the box that `start` gave away, and the packet
    // says that the kernel is done with it.
    T::complete(unsafe { Box::from_raw(overlapped.cast::<Operation<T>>()) })
}

/// Completes the operation of a packet.
///
/// # Safety
///
/// The entry was taken from a port, was not passed here before, and is that of an [`Operation`].
pub(super) unsafe fn complete(entry: &OVERLAPPED_ENTRY) -> Option<NativeEvent> {
    let header = entry.lpOverlapped.cast::<Operation<()>>();
    // SAFETY: the caller says that it is an operation, of which all types begin in the same way.
    let complete = unsafe { (*header).complete };
    // SAFETY: this function is the one of the operation's own type, and the packet is its own.
    unsafe { complete(entry.lpOverlapped) }
}

impl<T: fmt::Debug> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.data).finish()
    }
}
