//! Sockets that the user has, and that are known here by their number alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::os::windows::io::RawSocket;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::ERROR_ALREADY_EXISTS;

use crate::Interest;
use crate::interest::Mode;
use crate::sys::afd::socket::Socket;

/// The registrations of a `Poll` that no source of ours holds.
#[derive(Default)]
pub(super) struct RawSockets {
    sockets: Mutex<HashMap<RawSocket, Arc<Socket>>>,
}

impl RawSockets {
    /// Keeps what `register` answers with, unless the number is registered.
    pub(super) fn insert(
        &self,
        socket: RawSocket,
        register: impl FnOnce() -> io::Result<Arc<Socket>>,
    ) -> io::Result<()> {
        match self.lock().entry(socket) {
            Entry::Vacant(entry) => {
                entry.insert(register()?);
            }
            // The number is in use again.
            Entry::Occupied(mut entry) if entry.get().is_closed() => {
                entry.insert(register()?).deregister();
            }
            Entry::Occupied(_) => {
                return Err(io::Error::from_raw_os_error(ERROR_ALREADY_EXISTS as i32));
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, socket: RawSocket) -> Option<Arc<Socket>> {
        self.lock().get(&socket).cloned()
    }

    /// Lets go of a registration, unless there is another one of this number by now.
    pub(super) fn remove(&self, number: RawSocket, socket: &Arc<Socket>) {
        if let Entry::Occupied(entry) = self.lock().entry(number) {
            if Arc::ptr_eq(entry.get(), socket) {
                entry.remove();
            }
        }
    }

    /// Ends all registrations.
    pub(super) fn clear(&self) {
        for (_, socket) in self.lock().drain() {
            socket.deregister();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Socket>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An edge needs somebody who sees what would have blocked.
pub(super) fn check_mode(interests: Interest) -> io::Result<()> {
    if interests.mode() != Mode::Edge {
        return Ok(());
    }
    let message = "a `SourceSocket` is registered with `level` or `oneshot`: for an edge somebody \
                   has to see what would have blocked, as `IoSource` does";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

impl fmt::Debug for RawSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawSockets").finish_non_exhaustive()
    }
}
