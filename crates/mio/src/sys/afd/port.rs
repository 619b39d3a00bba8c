//! The I/O completion port of one `Poll`.

use std::fmt;
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
#[cfg(feature = "os-ext")]
use crate::sys::afd::users::{Key, Users};

/// The completion keys. `OPERATION` is the key of handles that only this crate uses, and of packets
/// that are posted for an operation. `WAKE` stands for a wake, and `WAIT` for a wait completion
/// packet. The keys from `FIRST_USER` on belong to users' handles.
pub(super) const OPERATION: usize = 0;
pub(super) const WAKE: usize = 1;
pub(super) const WAIT: usize = 2;
#[cfg(feature = "os-ext")]
const FIRST_USER: usize = 3;

/// The time limit, when a port is closed, for packets that are certain to arrive.
const DRAIN: Duration = Duration::from_secs(1);

pub(crate) struct Port {
    handle: OwnedHandle,
    /// The number of our operations in flight.
    under_way: AtomicUsize,
    #[cfg(feature = "os-ext")]
    users: Users,
    /// Counts the batches of packets.
    #[cfg(feature = "os-ext")]
    batch: AtomicUsize,
    lingering: Mutex<Vec<Weak<dyn Lingering>>>,
}

/// An operation that outlives the source that started it.
pub(crate) trait Lingering: Send + Sync {
    /// Cancels the operation, unless its packet has arrived.
    fn cancel(&self);
}

impl Port {
    pub(super) fn new() -> io::Result<Port> {
        Ok(Port {
            handle: ffi::create_port()?,
            under_way: AtomicUsize::new(0),
            #[cfg(feature = "os-ext")]
            users: Users::new(FIRST_USER),
            #[cfg(feature = "os-ext")]
            batch: AtomicUsize::new(0),
            lingering: Mutex::default(),
        })
    }

    /// Attaches a handle: its operations end with a packet in this port from now on. Windows can't
    /// detach a handle from a port.
    ///
    /// Nobody else may have the handle, or start an operation on it.
    pub(super) fn attach(&self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        ffi::attach(self.handle.as_handle(), handle, OPERATION)
    }

    /// As [`attach`](Self::attach), for a handle that somebody else may have too. The key is valid
    /// until [`forget_user`](Self::forget_user). Until then, operations that were started with it
    /// must not move.
    #[cfg(feature = "os-ext")]
    pub(crate) fn attach_user(&self, handle: BorrowedHandle<'_>) -> io::Result<Key> {
        let key = self.users.add()?;
        ffi::attach(self.handle.as_handle(), handle, key.0).inspect_err(|_| {
            self.users.remove(key);
        })?;
        Ok(key)
    }

    /// Invalidates a key. No operation may be in flight with it, or be started later.
    #[cfg(feature = "os-ext")]
    pub(crate) fn forget_user(&self, key: Key) {
        self.users.remove(key);
    }

    /// Starts an operation on an attached handle: see [`Operation::start`].
    pub(super) fn start<T: Complete>(
        &self,
        operation: Box<Operation<T>>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        // Count before the call, because the packet may be taken before the call returns.
        self.under_way.fetch_add(1, Ordering::Relaxed);
        operation.start(call).inspect_err(|_| {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// As [`start`](Self::start), on a handle that was attached with this key.
    #[cfg(feature = "os-ext")]
    pub(crate) fn start_for_user<T: Complete>(
        &self,
        key: Key,
        operation: Box<Operation<T>>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        self.start(operation, |overlapped, data| {
            let id = OperationId::of(overlapped);
            if !self.users.expect(key, id) {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            call(overlapped, data).inspect_err(|_| {
                self.users.take(key, id);
            })
        })
    }

    /// Starts an operation that completes at once, by posting its packet.
    pub(crate) fn post<T: Complete>(
        &self,
        operation: Box<Operation<T>>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        ffi::post_operation(self, self.handle.as_handle(), operation)
    }

    /// Registers an operation to be cancelled when the port is closed, if it is in flight then.
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

    /// Returns the number of our operations in flight.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Posts a packet that is a wake.
    pub(super) fn post_wake(&self) -> io::Result<()> {
        ffi::post(self.handle.as_handle(), WAKE)
    }

    /// Waits for packets. Returns none after the timeout; `None` waits without a limit.
    pub(super) fn wait<'a>(
        &self,
        events: &'a mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<ffi::Packets<'a>> {
        // One less than `INFINITE`.
        const LONGEST: u32 = u32::MAX - 1;
        let milliseconds = timeout.map_or(u32::MAX, |timeout| {
            let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
            u32::try_from(milliseconds).map_or(LONGEST, |milliseconds| milliseconds.min(LONGEST))
        });
        #[cfg(feature = "os-ext")]
        self.batch.fetch_add(1, Ordering::Relaxed);
        ffi::wait(self.handle.as_handle(), events, milliseconds)
    }

    /// Returns the number of the batch whose packets are being delivered.
    #[cfg(feature = "os-ext")]
    pub(crate) fn batch(&self) -> usize {
        self.batch.load(Ordering::Relaxed)
    }

    /// Replaces the packets by their events.
    pub(super) fn deliver(
        &self,
        packets: ffi::Packets<'_>,
        mut wake: impl FnMut() -> Option<NativeEvent>,
        mut waited: impl FnMut(usize) -> Option<NativeEvent>,
    ) {
        packets.deliver(|packet| match packet {
            ffi::Packet::Operation(operation) => self.complete(operation),
            #[cfg(feature = "os-ext")]
            ffi::Packet::User(packet) => self.complete(packet.ours(&self.users)?),
            ffi::Packet::Wake => wake(),
            ffi::Packet::Wait(id) => waited(id),
        });
    }

    fn complete(&self, operation: ffi::OperationPacket<'_>) -> Option<NativeEvent> {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        operation.complete()
    }
}

/// Takes the packets of all operations in flight, because nothing else frees their memory. Every
/// source that could have started an operation is gone, and has cancelled it or left it to linger.
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
                Ok(packets) if packets.count() > 0 => {
                    self.deliver(packets, || None, |_| None);
                }
                // The memory of operations whose packets do not arrive is leaked.
                _ => return,
            }
        }
    }
}

impl AsHandle for Port {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut port = f.debug_struct("Port");
        port.field("handle", &self.handle).finish_non_exhaustive()
    }
}
