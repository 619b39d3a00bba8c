//! The I/O completion port of one `Poll`.

use std::fmt::Debug;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::event::{Event, Events};
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::ffi;
use crate::sys::afd::operation::{Complete, Operation, OperationId};

/// What a packet is.
pub(super) const OPERATION: usize = 0;
pub(super) const WAKE: usize = 1;

/// How long the end of a port waits for packets that are sure to come.
const DRAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Port {
    handle: OwnedHandle,
    /// How many operations are the kernel's.
    under_way: AtomicUsize,
    lingering: Mutex<Vec<Weak<dyn Lingering>>>,
}

/// An operation that goes on though whoever started it is gone.
pub(crate) trait Lingering: Debug + Send + Sync {
    /// Makes its packet come now, if it has not come yet.
    fn cancel(&self);
}

impl Port {
    pub(super) fn new() -> io::Result<Port> {
        Ok(Port {
            handle: ffi::create_port()?,
            under_way: AtomicUsize::new(0),
            lingering: Mutex::default(),
        })
    }

    /// Makes the operations of this handle end with a packet here. That is for good: Windows knows
    /// no way back.
    pub(crate) fn attach(&self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        ffi::attach(self.handle.as_handle(), handle, OPERATION)
    }

    /// Starts an operation on a handle that is attached: see [`Operation::start`].
    pub(crate) fn start<T: Complete>(
        &self,
        operation: Box<Operation<T>>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        // Before the call, because its packet may be taken before it returns.
        self.under_way.fetch_add(1, Ordering::Relaxed);
        operation.start(call).inspect_err(|_| {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// Starts an operation that is over at once: its packet is put into the port by hand.
    pub(crate) fn post<T: Complete>(
        &self,
        operation: Box<Operation<T>>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        ffi::post_operation(self, self.handle.as_handle(), operation)
    }

    /// Has an operation cancelled when the port is closed, if it is under way by then.
    #[cfg(feature = "os-ext")]
    pub(crate) fn linger(&self, operation: Weak<dyn Lingering>) {
        let mut lingering = self
            .lingering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if lingering.len() == lingering.capacity() {
            lingering.retain(|operation| operation.strong_count() > 0);
        }
        lingering.push(operation);
    }

    /// Puts a packet into the port that is a wake.
    pub(super) fn post_wake(&self) -> io::Result<()> {
        ffi::post(self.handle.as_handle(), WAKE)
    }

    /// Waits until there are packets; none after the timeout. `None` waits for ever.
    pub(super) fn wait<'a>(
        &self,
        events: &'a mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<ffi::Packets<'a>> {
        // One less than the number that stands for ever.
        const LONGEST: u32 = u32::MAX - 1;
        let milliseconds = timeout.map_or(u32::MAX, |timeout| {
            let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
            u32::try_from(milliseconds).map_or(LONGEST, |milliseconds| milliseconds.min(LONGEST))
        });
        ffi::wait(self.handle.as_handle(), events, milliseconds)
    }

    /// Replaces the packets by the events they amount to.
    pub(super) fn deliver(
        &self,
        packets: ffi::Packets<'_>,
        mut wake: impl FnMut() -> Option<NativeEvent>,
    ) {
        packets.deliver(|packet| match packet {
            ffi::Packet::Operation(operation) => {
                self.under_way.fetch_sub(1, Ordering::Relaxed);
                operation.complete()
            }
            ffi::Packet::Wake => wake(),
        });
    }
}

/// Whoever could have started an operation has cancelled it, or left it to linger, and is gone.
/// Only the packets of these operations give their memory back.
impl Drop for Port {
    fn drop(&mut self) {
        let lingering = self.lingering.get_mut();
        let lingering = lingering.unwrap_or_else(PoisonError::into_inner);
        for operation in lingering
            .drain(..)
            .filter_map(|operation| operation.upgrade())
        {
            operation.cancel();
        }
        let mut events = Events::with_capacity(64);
        while *self.under_way.get_mut() > 0 {
            match self.wait(events.buffer(), Some(DRAIN)) {
                Ok(packets) if !packets.is_empty() => self.deliver(packets, || None),
                // What does not come is left to the kernel for good.
                _ => return,
            }
        }
    }
}
