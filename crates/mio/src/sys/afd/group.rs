//! Which sockets share a handle on AFD.

use std::io;
use std::ops::Deref;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::afd::device::Device;
use crate::sys::afd::port::Port;

/// How many sockets share a handle. AFD looks through the requests of a handle one after the other,
/// and a handle costs the kernel memory: this many is what wepoll found to be a good middle.
const LIMIT: usize = 32;

/// The handles of a `Poll` that have room for another socket.
#[derive(Debug, Default)]
pub(super) struct Groups {
    with_room: Mutex<Vec<Arc<Device>>>,
}

/// A socket's place at a handle, which it gives back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    device: Arc<Device>,
    groups: Arc<Groups>,
}

impl Groups {
    pub(super) fn place(self: &Arc<Self>, port: &Port) -> io::Result<Place> {
        let mut with_room = self.with_room();
        if with_room.is_empty() {
            with_room.push(Arc::new(Device::open(port)?));
        }
        let device = Arc::clone(&with_room[with_room.len() - 1]);
        if device.sockets.fetch_add(1, Relaxed) + 1 == LIMIT {
            with_room.pop();
        }
        Ok(Place {
            device,
            groups: Arc::clone(self),
        })
    }

    fn with_room(&self) -> MutexGuard<'_, Vec<Arc<Device>>> {
        self.with_room
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut with_room = self.groups.with_room();
        let before = self.device.sockets.fetch_sub(1, Relaxed);
        if before == LIMIT {
            with_room.push(Arc::clone(&self.device));
        } else if before == 1 && with_room.len() > 1 {
            // One is kept, so that a socket that comes and goes does not open one each time.
            with_room.retain(|device| !Arc::ptr_eq(device, &self.device));
        }
    }
}

impl Deref for Place {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}
