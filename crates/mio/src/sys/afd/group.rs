//! Which sockets share a handle on AFD.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::afd::device::Device;
use crate::sys::afd::port::Port;

/// How many sockets share a handle. AFD looks through the requests of a handle one after the other,
/// and a handle costs the kernel memory: this many is what wepoll found to be a good middle.
const LIMIT: usize = 32;

/// The handles of a `Poll`.
#[derive(Default)]
pub(super) struct Groups {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    /// Those that have room for another socket.
    with_room: Vec<Arc<Device>>,
    /// How many there are, full ones too.
    open: usize,
}

/// A socket's place at a handle, which it gives back when it is dropped.
pub(super) struct Place {
    device: Arc<Device>,
    groups: Arc<Groups>,
}

impl Groups {
    pub(super) fn place(self: &Arc<Self>, port: &Port) -> io::Result<Place> {
        let mut list = self.lock();
        if list.with_room.is_empty() {
            let device = Arc::new(Device::open(port)?);
            list.open += 1;
            // For all that will have room again, so that nothing but this allocates.
            let open = list.open;
            list.with_room.reserve(open);
            list.with_room.push(device);
        }
        let with_room = &mut list.with_room;
        let device = Arc::clone(&with_room[with_room.len() - 1]);
        if device.sockets.fetch_add(1, Relaxed) + 1 == LIMIT {
            with_room.pop();
        }
        Ok(Place {
            device,
            groups: Arc::clone(self),
        })
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut list = self.groups.lock();
        let before = self.device.sockets.fetch_sub(1, Relaxed);
        if before == LIMIT {
            list.with_room.push(Arc::clone(&self.device));
        } else if before == 1 && list.with_room.len() > 1 {
            // One is kept, so that a socket that comes and goes does not open one each time.
            list.with_room
                .retain(|device| !Arc::ptr_eq(device, &self.device));
            list.open -= 1;
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = f.debug_struct("Place");
        place.field("device", &self.device).finish_non_exhaustive()
    }
}

impl Deref for Place {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}
