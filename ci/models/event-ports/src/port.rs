//! The ports of the process and their associations.

use std::collections::{HashMap, VecDeque};
use std::ffi::c_int;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ffi::{self, BlockedSignals, Entry, Record};
use crate::random::one_in;

pub(crate) const PORT_SOURCE_USER: c_int = 3;
pub(crate) const PORT_SOURCE_FD: c_int = 4;

/// The flags that are always ready for a regular file.
const FILE: c_int = (libc::POLLIN | libc::POLLOUT) as c_int;

/// The maximum number of records that one call returns.
const MOST: usize = 256;

static PORTS: LazyLock<Mutex<HashMap<c_int, Port>>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Port {
    associations: HashMap<c_int, Association>,
    /// The events that epoll does not keep.
    queue: VecDeque<Queued>,
    last_serial: u32,
}

#[derive(Clone, Copy)]
struct Association {
    /// Distinguishes this association from earlier ones of the same descriptor.
    serial: u32,
    user: usize,
    /// The process of the association. A child of `fork` can't dissociate it.
    owner: u32,
}

enum Queued {
    Sent(c_int, usize),
    /// Flags that were ready when a descriptor was associated, and the serial number of the
    /// association.
    Seen(c_int, u32, c_int),
}

/// All ports, by descriptor. The lock is held.
struct Ports {
    map: MutexGuard<'static, HashMap<c_int, Port>>,
    /// No signal arrives while the lock is held, because a signal handler may send to a port.
    _signals: BlockedSignals,
}

/// The records that [`getn`] has taken, and the error number if the call fails nevertheless.
pub(crate) struct Taken {
    pub(crate) records: Vec<Record>,
    pub(crate) error: Option<c_int>,
    /// Leaves the caller's count unchanged.
    pub(crate) keeps_count: bool,
}

pub(crate) fn create() -> Result<c_int, c_int> {
    let mut ports = Ports::lock();
    let port = ffi::epoll_create()?;
    // The model does not see the close of a port, so its descriptor may have an old entry.
    ports.map.insert(port, Port::default());
    Ok(port)
}

pub(crate) fn associate(
    port: c_int,
    source: c_int,
    fd: c_int,
    events: c_int,
    user: usize,
) -> Result<(), c_int> {
    let mut ports = Ports::lock();
    let state = ports.get(port)?;
    if source != PORT_SOURCE_FD {
        return Err(libc::EINVAL);
    }
    state.last_serial += 1;
    let association = Association {
        serial: state.last_serial,
        user,
        owner: std::process::id(),
    };
    // Linux reports some changes to one call only. epoll checks a descriptor again before it
    // reports it, so it would lose such a change while it is armed.
    let seen = match ffi::poll(fd, events) {
        seen if seen & libc::POLLPRI as c_int != 0 => seen,
        _ => {
            let entry = Entry::Association(fd, association.serial);
            match ffi::arm(port, fd, events, entry) {
                Ok(()) => 0,
                // epoll refuses regular files and directories.
                Err(libc::EPERM) => events & FILE,
                Err(libc::EBADF) => return Err(libc::EBADFD),
                Err(error) => return Err(error),
            }
        }
    };
    state.associations.insert(fd, association);
    if seen != 0 {
        state.push(port, Queued::Seen(fd, association.serial, seen))?;
    }
    Ok(())
}

pub(crate) fn dissociate(port: c_int, source: c_int, fd: c_int) -> Result<(), c_int> {
    let mut ports = Ports::lock();
    let state = ports.get(port)?;
    if source != PORT_SOURCE_FD {
        return Err(libc::EINVAL);
    }
    if !ffi::is_open(fd) {
        return Err(libc::EBADFD);
    }
    let association = state.associations.get(&fd).ok_or(libc::ENOENT)?;
    if association.owner != std::process::id() {
        return Err(libc::EACCES);
    }
    state.associations.remove(&fd);
    // A regular file has no entry.
    let _ = ffi::remove(port, fd);
    Ok(())
}

pub(crate) fn send(port: c_int, events: c_int, user: usize) -> Result<(), c_int> {
    Ports::lock()
        .get(port)?
        .push(port, Queued::Sent(events, user))
}

/// Waits for the wanted number of events, and takes them. `None` waits without a limit.
pub(crate) fn getn(
    port: c_int,
    most: usize,
    wanted: usize,
    timeout: Option<Duration>,
) -> Result<Taken, c_int> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut records = Vec::new();
    let error = loop {
        let room = MOST.min(most - records.len());
        match ffi::wait::<MOST>(port, room, deadline) {
            Ok(ready) => Ports::lock().get(port)?.take(port, ready, &mut records),
            Err(error) => break Some(error),
        }
        if records.len() >= wanted {
            break None;
        }
    };
    let keeps_count = records.is_empty() && one_in(2);
    let error = error.or_else(|| {
        if deadline.is_some() && one_in(8) {
            Some(libc::ETIME)
        } else {
            one_in(8).then_some(libc::EINTR)
        }
    });
    Ok(Taken {
        records,
        error,
        keeps_count,
    })
}

impl Ports {
    fn lock() -> Ports {
        let signals = BlockedSignals::new();
        Ports {
            map: PORTS.lock().unwrap_or_else(PoisonError::into_inner),
            _signals: signals,
        }
    }

    fn get(&mut self, port: c_int) -> Result<&mut Port, c_int> {
        let state = self.map.get_mut(&port).filter(|_| ffi::is_open(port));
        state.ok_or(libc::EBADF)
    }
}

impl Port {
    fn push(&mut self, port: c_int, queued: Queued) -> Result<(), c_int> {
        self.queue.push_back(queued);
        ffi::arm_signal(port)
    }

    /// Converts the events of epoll into records.
    fn take(
        &mut self,
        port: c_int,
        ready: impl Iterator<Item = (c_int, Entry)>,
        records: &mut Vec<Record>,
    ) {
        for (events, entry) in ready {
            let record = match entry {
                Entry::Association(fd, serial) => {
                    let association = self.end(fd, serial);
                    association.map(|association| Record::of(fd, events, association.user))
                }
                Entry::Signal => self.pop(port),
            };
            records.extend(record);
        }
    }

    fn pop(&mut self, port: c_int) -> Option<Record> {
        let queued = self.queue.pop_front()?;
        if !self.queue.is_empty() {
            // The entry exists, so this fails only if the port is closed.
            let _ = ffi::arm_signal(port);
        }
        match queued {
            Queued::Sent(events, user) => Some(Record::sent(events, user)),
            Queued::Seen(fd, serial, events) => {
                let association = self.end(fd, serial)?;
                Some(Record::of(fd, events, association.user))
            }
        }
    }

    /// Ends the association of an event.
    fn end(&mut self, fd: c_int, serial: u32) -> Option<Association> {
        let association = self.associations.get(&fd)?;
        (association.serial == serial)
            .then(|| self.associations.remove(&fd))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    const IN: c_int = libc::POLLIN as c_int;
    const OUT: c_int = libc::POLLOUT as c_int;

    /// Takes the available events.
    fn events(port: c_int) -> Vec<Record> {
        getn(port, 8, 1, Some(Duration::ZERO)).unwrap().records
    }

    fn associate_fd(port: c_int, fd: c_int, events: c_int, user: usize) {
        associate(port, PORT_SOURCE_FD, fd, events, user).unwrap();
    }

    #[test]
    fn an_event_ends_the_association() {
        let (port, (one, mut two)) = (create().unwrap(), UnixStream::pair().unwrap());
        let fd = one.as_raw_fd();
        associate_fd(port, fd, IN, 7);
        assert_eq!(events(port), []);
        two.write_all(b"hello").unwrap();
        assert_eq!(events(port), [Record::of(fd, IN, 7)]);
        assert_eq!(events(port), []);
        assert_eq!(dissociate(port, PORT_SOURCE_FD, fd), Err(libc::ENOENT));
        associate_fd(port, fd, IN, 8);
        assert_eq!(events(port), [Record::of(fd, IN, 8)]);
    }

    #[test]
    fn associating_again_replaces_flags_and_user() {
        let (port, (one, _two)) = (create().unwrap(), UnixStream::pair().unwrap());
        let fd = one.as_raw_fd();
        associate_fd(port, fd, OUT, 1);
        associate_fd(port, fd, IN, 2);
        assert_eq!(events(port), []);
        associate_fd(port, fd, IN | OUT, 3);
        assert_eq!(events(port), [Record::of(fd, OUT, 3)]);
    }

    #[test]
    fn dissociating_discards_an_event() {
        let (port, (one, _two)) = (create().unwrap(), UnixStream::pair().unwrap());
        let file = File::open("Cargo.toml").unwrap();
        for fd in [one.as_raw_fd(), file.as_raw_fd()] {
            associate_fd(port, fd, OUT, 1);
            dissociate(port, PORT_SOURCE_FD, fd).unwrap();
            assert_eq!(events(port), []);
        }
    }

    #[test]
    fn a_regular_file_is_always_ready() {
        let port = create().unwrap();
        let file = File::open("Cargo.toml").unwrap();
        let fd = file.as_raw_fd();
        for _ in 0..2 {
            associate_fd(port, fd, IN, 1);
            assert_eq!(events(port), [Record::of(fd, IN, 1)]);
            assert_eq!(events(port), []);
        }
    }

    #[test]
    fn sent_events_come_in_order() {
        let port = create().unwrap();
        send(port, 1, 10).unwrap();
        send(port, 2, 20).unwrap();
        let mut taken = events(port);
        taken.extend(events(port));
        assert_eq!(taken, [Record::sent(1, 10), Record::sent(2, 20)]);
        assert_eq!(events(port), []);
    }

    #[test]
    fn errors_are_those_of_the_manuals() {
        let (port, (one, two)) = (create().unwrap(), UnixStream::pair().unwrap());
        let (fd, closed) = (one.as_raw_fd(), c_int::MAX);
        let result = associate(port, PORT_SOURCE_FD, closed, IN, 0);
        assert_eq!(result, Err(libc::EBADFD));
        let result = associate(two.as_raw_fd(), PORT_SOURCE_FD, fd, IN, 0);
        assert_eq!(result, Err(libc::EBADF));
        let result = associate(port, PORT_SOURCE_USER, fd, IN, 0);
        assert_eq!(result, Err(libc::EINVAL));
        let result = dissociate(port, PORT_SOURCE_FD, closed);
        assert_eq!(result, Err(libc::EBADFD));
        let taken = getn(port, 8, 1, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(taken.error, Some(libc::ETIME));
    }
}
