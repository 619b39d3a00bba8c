//! The sockets whose requests change before the next wait.

#[cfg(debug_assertions)]
use std::collections::HashSet;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::afd::device::Device;
#[cfg(debug_assertions)]
use crate::sys::afd::device::SocketHandle;
use crate::sys::afd::socket::Socket;

/// A socket's lock is taken before this one, never after it.
pub(super) struct Changes<D: Device> {
    list: Mutex<List<D>>,
}

struct List<D: Device> {
    sockets: Vec<Arc<Socket<D>>>,
    /// An empty buffer that `sockets` is swapped with. Another thread that keeps changing sockets
    /// can then not keep a poll from going on.
    spare: Vec<Arc<Socket<D>>>,
    /// A thread waits for packets, or is about to, and will not look at the list before.
    is_polling: bool,
    /// How many registrations there are. No list has more sockets.
    registered: usize,
    /// How many of them are guarded.
    guarded: usize,
    /// The handles that a request is under way for, cancelled ones left out.
    #[cfg(debug_assertions)]
    asked: HashSet<SocketHandle>,
}

impl<D: Device> Changes<D> {
    /// Takes the list and makes every request ask for what its socket needs now. Until
    /// [`end_poll`](Self::end_poll) a change acts at once.
    ///
    /// Returns the first error, which keeps no other request from being made.
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

    /// Watches every guarded socket while no thread polls. Each socket whose packet was taken is in
    /// the list.
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

    /// Puts a socket into the list, unless a thread polls. Returns whether it did.
    pub(super) fn push_unless_polling(
        &self,
        socket: &Arc<Socket<D>>,
        is_listed: &mut bool,
    ) -> bool {
        let mut list = self.lock();
        if list.is_polling {
            return false;
        }
        // Under the same lock: a poll that begins after this finds it in the list.
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

    /// Lets go of all sockets in the list.
    pub(super) fn clear(&self) {
        let sockets = mem::take(&mut self.lock().sockets);
        drop(sockets);
    }

    /// Each socket is in the list once at most, so that nothing but this allocates.
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

    /// A request for this handle is about to be started. Two at a time could complete in place of
    /// each other.
    #[cfg(debug_assertions)]
    pub(super) fn begin_request(&self, base: SocketHandle) {
        let is_only_one = self.lock().asked.insert(base);
        debug_assert!(is_only_one, "two requests at a time for one base handle");
    }

    /// The request has ended, or was cancelled.
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
        // Nothing to do, unless a socket was registered meanwhile.
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
