//! The sockets whose requests must change before the next wait.

#[cfg(debug_assertions)]
use std::collections::HashSet;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::afd::device::Device;
#[cfg(debug_assertions)]
use crate::sys::afd::device::SocketHandle;
use crate::sys::afd::socket::Socket;

/// Lock order: a socket's lock first, then this one.
pub(super) struct Changes<D: Device> {
    list: Mutex<List<D>>,
}

struct List<D: Device> {
    sockets: Vec<Arc<Socket<D>>>,
    /// An empty buffer to swap with `sockets`. The swap bounds the work of one poll, even while
    /// another thread keeps changing sockets.
    spare: Vec<Arc<Socket<D>>>,
    /// A thread waits for packets, or is about to wait, and does not read the list before that.
    is_polling: bool,
    /// The number of registrations. No list has more sockets.
    registered: usize,
    /// The number of guarded registrations.
    guarded: usize,
    /// The handles with a request in flight, without the cancelled requests.
    #[cfg(debug_assertions)]
    asked: HashSet<SocketHandle>,
}

impl<D: Device> Changes<D> {
    /// Takes the list and updates the request of each socket in it. Until
    /// [`end_poll`](Self::end_poll), each later change updates its request at once.
    ///
    /// Returns the first error. An error does not stop the updates of the other sockets.
    pub(super) fn begin_poll(&self, device: &D) -> io::Result<()> {
        let mut list = self.lock();
        list.is_polling = true;
        let mut batch = list.take_batch();
        drop(list);
        let mut result = Ok(());
        for socket in batch.drain(..) {
            if let Err(err) = socket.update_listed(device) {
                result = result.and(Err(err));
            }
        }
        self.lock().give_back(batch);
        result
    }

    pub(super) fn end_poll(&self) {
        self.lock().is_polling = false;
    }

    /// Starts a request for each guarded socket that has none, because no thread polls from here
    /// on. Only the list needs to be checked: it has every socket whose packet was taken.
    pub(super) fn guard(&self, device: &D) {
        let mut list = self.lock();
        if list.guarded == 0 || list.sockets.is_empty() {
            return;
        }
        let mut batch = list.take_batch();
        drop(list);
        for socket in &batch {
            socket.guard(device);
        }
        let mut list = self.lock();
        batch.append(&mut list.sockets);
        mem::swap(&mut list.sockets, &mut batch);
        list.give_back(batch);
    }

    /// Adds a socket to the list, unless it is there already. Returns `false`, without a change, if
    /// a thread polls.
    pub(super) fn push_unless_polling(
        &self,
        socket: &Arc<Socket<D>>,
        is_listed: &mut bool,
    ) -> bool {
        let mut list = self.lock();
        if list.is_polling {
            return false;
        }
        // Under the same lock, so that a poll that begins after this finds the socket in the list.
        if !mem::replace(is_listed, true) {
            list.sockets.push(Arc::clone(socket));
        }
        true
    }

    pub(super) fn push(&self, socket: &Arc<Socket<D>>, is_listed: &mut bool) {
        if !mem::replace(is_listed, true) {
            self.lock().sockets.push(Arc::clone(socket));
        }
    }

    /// Drops all sockets in the list.
    pub(super) fn clear(&self) {
        let sockets = mem::take(&mut self.lock().sockets);
        drop(sockets);
    }

    /// Reserves memory, so that nothing else here allocates. Each socket is in the list at most
    /// once.
    pub(super) fn make_room(&self, is_guarded: bool) {
        let mut list = self.lock();
        list.registered += 1;
        list.guarded += usize::from(is_guarded);
        let registered = list.registered;
        list.sockets.reserve(registered);
        list.spare.reserve(registered);
        #[cfg(debug_assertions)]
        list.asked.reserve(registered);
    }

    pub(super) fn give_up_room(&self, is_guarded: bool) {
        let mut list = self.lock();
        list.registered -= 1;
        list.guarded -= usize::from(is_guarded);
    }

    /// Records that a request for this handle is about to start. Two requests in flight for one
    /// handle could complete in place of each other.
    #[cfg(debug_assertions)]
    pub(super) fn begin_request(&self, base: SocketHandle) {
        let is_only_one = self.lock().asked.insert(base);
        debug_assert!(is_only_one, "two requests at a time for one base handle");
    }

    /// Records that the request has ended or was cancelled.
    #[cfg(debug_assertions)]
    pub(super) fn end_request(&self, base: SocketHandle) {
        self.lock().asked.remove(&base);
    }

    fn lock(&self) -> MutexGuard<'_, List<D>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Device> List<D> {
    fn take_batch(&mut self) -> Vec<Arc<Socket<D>>> {
        let spare = mem::take(&mut self.spare);
        mem::replace(&mut self.sockets, spare)
    }

    fn give_back(&mut self, batch: Vec<Arc<Socket<D>>>) {
        self.spare = batch;
        // Allocates only if a socket was registered meanwhile.
        self.spare.reserve(self.registered);
    }
}

impl<D: Device> Default for Changes<D> {
    fn default() -> Changes<D> {
        Changes {
            list: Mutex::new(List {
                sockets: Vec::new(),
                spare: Vec::new(),
                is_polling: false,
                registered: 0,
                guarded: 0,
                #[cfg(debug_assertions)]
                asked: HashSet::new(),
            }),
        }
    }
}
