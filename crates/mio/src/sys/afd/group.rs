//! The AFD handles that sockets share.

use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::afd::device::Device;

/// The maximum number of sockets per AFD handle. AFD searches the requests of a handle linearly,
/// and each handle costs kernel memory. wepoll found this number to be a good balance.
const LIMIT: usize = 32;

/// The AFD handles of a `Poll`.
pub(super) struct Groups<D: Device> {
    list: Mutex<List<D>>,
}

struct List<D: Device> {
    /// The handles with room for another socket.
    with_room: Vec<Arc<Group<D>>>,
    /// The number of all handles, including the full ones.
    open: usize,
}

struct Group<D: Device> {
    afd: D::Afd,
    /// The number of sockets that share the handle.
    sockets: AtomicUsize,
}

/// A socket's slot in a group. Dropping it frees the slot.
pub(super) struct Place<D: Device> {
    group: Arc<Group<D>>,
    groups: Arc<Groups<D>>,
}

impl<D: Device> Groups<D> {
    pub(super) fn place(self: &Arc<Self>, device: &D) -> io::Result<Place<D>> {
        let mut list = self.lock();
        if list.with_room.is_empty() {
            let afd = device.open().map_err(|err| cannot_open(&err))?;
            list.open += 1;
            // Reserve for every group that may have room again, so that nothing else here
            // allocates.
            let open = list.open;
            list.with_room.reserve(open);
            list.with_room.push(Arc::new(Group {
                afd,
                sockets: AtomicUsize::new(0),
            }));
        }
        let with_room = &mut list.with_room;
        let group = Arc::clone(&with_room[with_room.len() - 1]);
        if group.sockets.fetch_add(1, Relaxed) + 1 == LIMIT {
            with_room.pop();
        }
        Ok(Place {
            group,
            groups: Arc::clone(self),
        })
    }

    fn lock(&self) -> MutexGuard<'_, List<D>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the name of the file, which neither the caller nor the error code contains.
fn cannot_open(err: &io::Error) -> io::Error {
    let message = format!("cannot open `\\Device\\Afd`, the driver that watches sockets: {err}");
    io::Error::new(err.kind(), message)
}

impl<D: Device> Default for Groups<D> {
    fn default() -> Groups<D> {
        Groups {
            list: Mutex::new(List {
                with_room: Vec::new(),
                open: 0,
            }),
        }
    }
}

impl<D: Device> Place<D> {
    pub(super) fn afd(&self) -> &D::Afd {
        &self.group.afd
    }
}

impl<D: Device> Drop for Place<D> {
    fn drop(&mut self) {
        let mut list = self.groups.lock();
        let before = self.group.sockets.fetch_sub(1, Relaxed);
        if before == LIMIT {
            list.with_room.push(Arc::clone(&self.group));
        } else if before == 1 && list.with_room.len() > 1 {
            // Keep one group with room, so that a socket that comes and goes does not reopen AFD
            // each time.
            list.with_room
                .retain(|group| !Arc::ptr_eq(group, &self.group));
            list.open -= 1;
        }
    }
}
