//! One kqueue: its filters, their modes, and the events to deliver.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use libc::{EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, c_int};

use crate::ffi::{self, *};
use crate::filter::{self, Truth};
use crate::kernel::Kernel;

/// A filter and its ident.
type Key = (i16, usize);

/// The epoll data of a kqueue's own descriptors. No key has this value.
const INNER: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Queue {
    /// The epoll instance that the kqueue's descriptor refers to. It watches reads, timers,
    /// processes, and the next two descriptors.
    reads: Fd,
    /// Another epoll instance, because one instance can't watch a descriptor twice.
    writes: Fd,
    /// Readable while an event is queued, so that the kqueue is readable, too.
    due: Fd,
    is_shown: bool,
    knotes: BTreeMap<Key, Knote>,
    /// Active and enabled filters whose event was not delivered yet.
    queued: VecDeque<Key>,
}

#[derive(Debug)]
struct Knote {
    flags: u16,
    fflags: u32,
    data: isize,
    udata: usize,
    is_active: bool,
    is_enabled: bool,
    is_queued: bool,
    /// The timerfd or pidfd that implements the filter.
    own: Option<Fd>,
}

impl Queue {
    /// Creates a kqueue, and a descriptor for the program.
    pub(crate) fn new() -> Result<(Queue, c_int), c_int> {
        let queue = Queue {
            reads: ffi::epoll()?,
            writes: ffi::epoll()?,
            due: ffi::eventfd()?,
            is_shown: false,
            knotes: BTreeMap::new(),
            queued: VecDeque::new(),
        };
        for inner in [&queue.writes, &queue.due] {
            ffi::epoll_set(
                &queue.reads,
                libc::EPOLL_CTL_ADD,
                inner.0,
                EPOLLIN as u32,
                INNER,
            )?;
        }
        let number = ffi::number_of(&queue.reads)?;
        Ok((queue, number))
    }

    /// Applies one change.
    pub(crate) fn change(&mut self, change: &Record) -> Result<(), c_int> {
        let key = (change.filter, change.ident);
        let is_of_fd = [EVFILT_READ, EVFILT_WRITE].contains(&change.filter);
        if is_of_fd && !ffi::is_open(change.ident as c_int) {
            let is_deleted = change.flags & EV_DELETE != 0;
            let is_unknown = is_deleted && Kernel::get() == Kernel::MacOs;
            return Err(if is_unknown {
                libc::ENOENT
            } else {
                libc::EBADF
            });
        }
        let is_new = !self.knotes.contains_key(&key);
        if is_new && change.flags & EV_ADD == 0 {
            return Err(libc::ENOENT);
        }
        if change.flags & EV_DELETE != 0 {
            self.remove(key);
            return Ok(());
        }
        if is_new {
            self.attach(key, change)?;
        } else if is_of_fd && change.flags & EV_ADD != 0 {
            // Also if the descriptor was closed by a call that the model does not see.
            self.watch(key, change.ident as c_int)?;
        }
        self.modify(key, change, is_new)
    }

    /// Applies a change to an existing filter. Its mode stays.
    fn modify(&mut self, key: Key, change: &Record, is_new: bool) -> Result<(), c_int> {
        let knote = self.knotes.get_mut(&key).ok_or(libc::ENOENT)?;
        knote.udata = change.udata;
        if change.flags & EV_ENABLE != 0 {
            knote.is_enabled = true;
        }
        if change.flags & EV_DISABLE != 0 {
            knote.is_enabled = false;
        }
        let is_added = change.flags & EV_ADD != 0;
        let is_true = match (key.0, &knote.own) {
            (EVFILT_READ | EVFILT_WRITE, _) => {
                is_added && filter::truth(key.0, key.1 as c_int).is_some()
            }
            (EVFILT_USER, _) => change.fflags & NOTE_TRIGGER != 0,
            (EVFILT_TIMER, Some(timer)) if is_added => {
                ffi::set_timer(timer, period(change))?;
                (knote.data, knote.is_active) = (0, false);
                false
            }
            // FreeBSD reports at once that a process has ended already.
            _ => is_new && has_ended(knote),
        };
        if is_true {
            knote.is_active = true;
        }
        self.queue_if_due(key);
        Ok(())
    }

    fn attach(&mut self, key: Key, change: &Record) -> Result<(), c_int> {
        let own = match key.0 {
            EVFILT_READ | EVFILT_WRITE => {
                let fd = key.1 as c_int;
                if let Some(error) = filter::refusal(key.0, fd) {
                    return Err(error);
                }
                self.watch(key, fd)?;
                None
            }
            EVFILT_USER => None,
            EVFILT_TIMER => Some(ffi::timer()?),
            EVFILT_PROC => Some(ffi::process(key.1)?),
            _ => return Err(libc::EINVAL),
        };
        if let Some(own) = &own {
            let is_refused = key.0 == EVFILT_PROC
                && Kernel::get() != Kernel::FreeBsd
                && ffi::poll_now(own.0) != 0;
            if is_refused {
                return Err(libc::ESRCH);
            }
            self.watch(key, own.0)?;
        }
        let knote = Knote {
            flags: change.flags & (EV_ONESHOT | EV_CLEAR | EV_RECEIPT | EV_DISPATCH),
            fflags: 0,
            data: 0,
            udata: change.udata,
            is_active: false,
            is_enabled: true,
            is_queued: false,
            own,
        };
        self.knotes.insert(key, knote);
        Ok(())
    }

    /// Adds a descriptor to epoll, or re-arms the existing entry.
    fn watch(&self, key: Key, fd: c_int) -> Result<(), c_int> {
        let mask = match key.0 {
            EVFILT_WRITE => EPOLLOUT | EPOLLET,
            _ => EPOLLIN | EPOLLRDHUP | EPOLLET,
        };
        let epoll = self.epoll(key.0);
        let set = |operation| ffi::epoll_set(epoll, operation, fd, mask as u32, pack(key));
        match set(libc::EPOLL_CTL_ADD) {
            Err(libc::EEXIST) => set(libc::EPOLL_CTL_MOD),
            // Regular files never change, and are always ready.
            Err(libc::EPERM) => Ok(()),
            result => result,
        }
    }

    fn epoll(&self, filter: i16) -> &Fd {
        if filter == EVFILT_WRITE {
            &self.writes
        } else {
            &self.reads
        }
    }

    fn remove(&mut self, key: Key) {
        let Some(knote) = self.knotes.remove(&key) else {
            return;
        };
        if knote.own.is_none() && key.0 != EVFILT_USER {
            let epoll = self.epoll(key.0);
            // The entry may be gone already.
            let _ = ffi::epoll_set(epoll, libc::EPOLL_CTL_DEL, key.1 as c_int, 0, 0);
        }
        self.queued.retain(|queued| *queued != key);
    }

    /// Removes the filters of a descriptor that is about to be closed.
    pub(crate) fn forget(&mut self, fd: c_int) {
        for filter in [EVFILT_READ, EVFILT_WRITE] {
            self.remove((filter, fd as usize));
        }
        self.show_due();
    }

    /// Notifies the write filters of a socket, by its inode, that this side has shut it down.
    /// poll(2) does not report that.
    pub(crate) fn tell_writers(&mut self, inode: u64) {
        let keys = self.knotes.keys().filter(|key| key.0 == EVFILT_WRITE);
        let keys: Vec<Key> = keys.copied().collect();
        for key in keys {
            if ffi::inode(key.1 as c_int) == Some(inode) {
                self.tell(key);
            }
        }
        self.show_due();
    }

    /// Handles an event of epoll: checks whether the filter is true.
    fn tell(&mut self, key: Key) {
        let Some(knote) = self.knotes.get_mut(&key) else {
            return;
        };
        let is_true = match key.0 {
            EVFILT_READ | EVFILT_WRITE => filter::truth_when_told(key.0, key.1 as c_int).is_some(),
            EVFILT_TIMER => {
                let times = knote.own.as_ref().map_or(0, ffi::expirations);
                knote.data += times as isize;
                times > 0
            }
            EVFILT_PROC => has_ended(knote),
            _ => false,
        };
        if is_true {
            knote.is_active = true;
        }
        self.queue_if_due(key);
    }

    fn queue_if_due(&mut self, key: Key) {
        if let Some(knote) = self.knotes.get_mut(&key) {
            if knote.is_active && knote.is_enabled && !knote.is_queued {
                knote.is_queued = true;
                self.queued.push_back(key);
            }
        }
    }

    /// Makes the kqueue readable exactly while an event is queued.
    pub(crate) fn show_due(&mut self) {
        let is_due = !self.queued.is_empty();
        if is_due != self.is_shown {
            ffi::set_readable(&self.due, is_due);
            self.is_shown = is_due;
        }
    }

    /// Takes the queued events, up to `room`.
    pub(crate) fn take(&mut self, room: usize) -> Vec<Record> {
        for filter in [EVFILT_READ, EVFILT_WRITE] {
            let epoll = self.epoll(filter);
            let told = ffi::epoll_take(epoll).into_iter();
            told.filter(|data| *data != INNER)
                .for_each(|data| self.tell(unpack(data)));
        }
        let mut records = Vec::new();
        for _ in 0..self.queued.len() {
            if records.len() == room {
                break;
            }
            let Some(key) = self.queued.pop_front() else {
                break;
            };
            records.extend(self.deliver(key));
        }
        self.show_due();
        records
    }

    fn deliver(&mut self, key: Key) -> Option<Record> {
        let knote = self.knotes.get_mut(&key)?;
        knote.is_queued = false;
        let is_of_fd = [EVFILT_READ, EVFILT_WRITE].contains(&key.0);
        let truth = if is_of_fd {
            filter::truth(key.0, key.1 as c_int)
        } else {
            Some(Truth {
                has_ended: false,
                code: knote.fflags,
                data: knote.data,
            })
        };
        let truth = truth.filter(|_| knote.is_active);
        // The filter was true when something happened, but is not any more.
        let Some(truth) = truth else {
            knote.is_active = false;
            return None;
        };
        let ended = if truth.has_ended { EV_EOF } else { 0 };
        let record = Record {
            ident: key.1,
            filter: key.0,
            flags: knote.flags | ended,
            fflags: truth.code,
            data: truth.data,
            udata: knote.udata,
        };
        if knote.flags & EV_ONESHOT != 0 {
            self.remove(key);
            return Some(record);
        }
        if knote.flags & (EV_CLEAR | EV_DISPATCH) != 0 {
            knote.is_active = false;
            knote.data = 0;
        }
        if knote.flags & EV_DISPATCH != 0 {
            knote.is_enabled = false;
        }
        self.queue_if_due(key);
        Some(record)
    }
}

fn has_ended(knote: &mut Knote) -> bool {
    let has_ended = knote
        .own
        .as_ref()
        .is_some_and(|own| ffi::poll_now(own.0) != 0);
    if has_ended {
        knote.fflags = NOTE_EXIT;
    }
    has_ended
}

/// Returns the period of a timer, in the unit of the change; the default is milliseconds.
fn period(change: &Record) -> Duration {
    let count = change.data.unsigned_abs() as u64;
    match change.fflags {
        NOTE_NSECONDS => Duration::from_nanos(count),
        NOTE_USECONDS => Duration::from_micros(count),
        NOTE_SECONDS => Duration::from_secs(count),
        _ => Duration::from_millis(count),
    }
}

/// Packs a filter into the data of an epoll entry. The ident is a descriptor, a process, or small.
fn pack(key: Key) -> u64 {
    (key.1 as u64) << 8 | u64::from(key.0.unsigned_abs())
}

fn unpack(data: u64) -> Key {
    (-((data & 0xff) as i16), (data >> 8) as usize)
}
