//! The descriptors of the program: the kqueues, and changes to the other descriptors.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use libc::{c_int, sigset_t};

use crate::ffi::{self, EV_ERROR, EV_RECEIPT, Record};
use crate::queue::Queue;
use crate::{kernel, wire};

#[derive(Debug)]
struct Table {
    /// The kqueue of each descriptor. Duplicates have the same one.
    names: BTreeMap<c_int, usize>,
    queues: BTreeMap<usize, Queue>,
    made: usize,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    names: BTreeMap::new(),
    queues: BTreeMap::new(),
    made: 0,
});

/// The inodes of sockets whose writing half this side has shut down.
static SHUT_DOWN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Without a kqueue in the program, closing takes no lock.
static ARE_THERE_ANY: AtomicBool = AtomicBool::new(false);

pub(crate) fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn named(&mut self, kqueue: c_int) -> Result<&mut Queue, c_int> {
        let name = self.names.get(&kqueue).ok_or(libc::EBADF)?;
        self.queues.get_mut(name).ok_or(libc::EBADF)
    }

    fn forget(&mut self, fd: c_int) {
        for queue in self.queues.values_mut() {
            queue.forget(fd);
        }
        if let Some(id) = self.names.remove(&fd) {
            if !self.names.values().any(|other| *other == id) {
                self.queues.remove(&id);
            }
        }
    }
}

pub(crate) fn kqueue() -> Result<c_int, c_int> {
    if !ARE_THERE_ANY.swap(true, Ordering::SeqCst) {
        ffi::at_fork();
    }
    let (queue, number) = Queue::new()?;
    let mut table = lock(&TABLE);
    table.made += 1;
    let id = table.made;
    table.queues.insert(id, queue);
    table.names.insert(number, id);
    Ok(number)
}

pub(crate) fn kevent(
    kqueue: c_int,
    changes: &[Record],
    room: usize,
    timeout: Option<Duration>,
    mask: &sigset_t,
) -> Result<Vec<Record>, c_int> {
    let receipts = change(kqueue, changes, room)?;
    if !receipts.is_empty() || room == 0 {
        return Ok(receipts);
    }
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let records = lock(&TABLE).named(kqueue)?.take(room);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if !records.is_empty() || left.is_some_and(|left| left.is_zero()) {
            return Ok(records);
        }
        ffi::wait_readable(kqueue, left, mask)?;
    }
}

/// Applies the changes, and returns a receipt for each that failed or requested one.
fn change(kqueue: c_int, changes: &[Record], room: usize) -> Result<Vec<Record>, c_int> {
    let mut table = lock(&TABLE);
    let queue = table.named(kqueue)?;
    let mut receipts: Vec<Record> = Vec::new();
    let mut failure = None;
    for change in changes {
        let code = queue.change(change).err().unwrap_or(0);
        if code == 0 && change.flags & EV_RECEIPT == 0 {
            continue;
        }
        if receipts.len() == room {
            failure = Some(code);
            break;
        }
        receipts.push(Record {
            flags: EV_ERROR,
            data: code as isize,
            ..*change
        });
    }
    queue.show_due();
    match failure {
        Some(code) if code != 0 => Err(code),
        // A signal arrives after all changes and before the first receipt.
        _ if receipts.iter().all(|receipt| receipt.data == 0)
            && !receipts.is_empty()
            && kernel::random() % 16 == 0 =>
        {
            Err(libc::EINTR)
        }
        _ => Ok(receipts),
    }
}

/// Removes a descriptor from all lists, and closes it.
pub(crate) fn close(fd: c_int) -> Result<c_int, c_int> {
    with_forgotten(fd, || ffi::raw_close(fd))
}

/// Makes a descriptor refer to another file.
pub(crate) fn replace(old: c_int, new: c_int, flags: c_int) -> Result<c_int, c_int> {
    let number = with_forgotten(new, || ffi::raw_dup3(old, new, flags))?;
    duplicated(old, number);
    Ok(number)
}

fn with_forgotten(fd: c_int, call: impl FnOnce() -> Result<c_int, c_int>) -> Result<c_int, c_int> {
    wire::flush(fd);
    if !ARE_THERE_ANY.load(Ordering::SeqCst) {
        return call();
    }
    let mut table = lock(&TABLE);
    table.forget(fd);
    call()
}

/// Records that the new descriptor refers to the same file as the old one.
pub(crate) fn duplicated(old: c_int, new: c_int) {
    if ARE_THERE_ANY.load(Ordering::SeqCst) {
        let mut table = lock(&TABLE);
        if let Some(id) = table.names.get(&old).copied() {
            table.names.insert(new, id);
        }
    }
}

pub(crate) fn shut_down(fd: c_int, how: c_int) -> Result<c_int, c_int> {
    wire::flush(fd);
    let result = ffi::raw_shutdown(fd, how)?;
    if let (libc::SHUT_WR | libc::SHUT_RDWR, Some(inode)) = (how, ffi::inode(fd)) {
        lock(&SHUT_DOWN).insert(inode);
        for queue in lock(&TABLE).queues.values_mut() {
            queue.tell_writers(inode);
        }
    }
    Ok(result)
}

/// Returns `true` if this side has shut down its writing half.
pub(crate) fn is_shut_down(fd: c_int) -> bool {
    ffi::inode(fd).is_some_and(|inode| lock(&SHUT_DOWN).contains(&inode))
}

type Locks = (
    MutexGuard<'static, Table>,
    MutexGuard<'static, BTreeSet<u64>>,
);

thread_local! {
    /// The locks that this thread holds while it forks.
    static LOCKS: RefCell<Option<Locks>> = const { RefCell::new(None) };
}

pub(crate) fn before_fork() {
    wire::flush_all();
    let locks = (lock(&TABLE), lock(&SHUT_DOWN));
    LOCKS.with(|place| *place.borrow_mut() = Some(locks));
}

pub(crate) fn after_fork_in_parent() {
    LOCKS.with(|place| place.borrow_mut().take());
}

/// Forgets all kqueues, which a child does not inherit.
pub(crate) fn after_fork_in_child() {
    wire::end();
    let locks = LOCKS.with(|place| place.borrow_mut().take());
    if let Some((mut table, _)) = locks {
        table.queues.clear();
        for number in std::mem::take(&mut table.names).into_keys() {
            let _ = ffi::raw_close(number);
        }
    }
}
