use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_ALREADY_EXISTS, ERROR_INVALID_PARAMETER};

use crate::event::Events;
use crate::sys::RawSource;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::group::Groups;
use crate::sys::afd::port::Port;
use crate::sys::afd::raw::{self, RawSockets};
use crate::sys::afd::socket::{Changes, Socket};
use crate::sys::afd::wait::Waits;
use crate::sys::deadline::Deadline;
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::{Interest, SelectorKind, Token};

/// A handle on what all handles, sources and the waker share.
#[derive(Debug)]
pub(crate) struct Selector {
    shared: Arc<Shared>,
}

/// The registration of a source. Dropping it ends the registration.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    registration: Option<(Arc<Shared>, Arc<Socket>)>,
}

pub(crate) struct Shared {
    port: Port,
    groups: Arc<Groups>,
    changes: Arc<Changes>,
    raw: RawSockets,
    waits: Waits,
    pending: Pending,
    waker_token: AtomicUsize,
}

impl selector::Selector for Selector {
    const KIND: SelectorKind = SelectorKind::Afd;

    type State = SourceState;

    fn new() -> io::Result<Selector> {
        Ok(Selector {
            shared: Arc::new(Shared {
                port: Port::new()?,
                groups: Arc::default(),
                changes: Arc::default(),
                raw: RawSockets::default(),
                waits: Waits::default(),
                pending: Pending::default(),
                waker_token: AtomicUsize::new(0),
            }),
        })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        Ok(Selector {
            shared: Arc::clone(&self.shared),
        })
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.shared.select(events, timeout)
    }

    fn register(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let shared = &self.shared;
        let register = || shared.register(source, token, interests);
        match io {
            SourceIo::Seen(state) => {
                if state.registration.is_some() {
                    return Err(error(ERROR_ALREADY_EXISTS));
                }
                state.registration = Some((Arc::clone(shared), register()?));
                Ok(())
            }
            SourceIo::Unseen => {
                raw::check_mode(interests)?;
                shared.raw.insert(source, register)
            }
        }
    }

    fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let socket = self.find(source, &io)?;
        if let SourceIo::Unseen = io {
            raw::check_mode(interests)?;
        }
        socket.reregister(&self.shared.port, token, interests)
    }

    fn deregister(&self, source: RawSource, io: SourceIo<'_, SourceState>) -> io::Result<()> {
        let socket = self.find(source, &io)?;
        match io {
            SourceIo::Seen(state) => state.registration = None,
            SourceIo::Unseen => self.shared.raw.remove(source, &socket),
        }
        socket.deregister();
        Ok(())
    }
}

impl Selector {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A source that is registered here.
    fn find(&self, source: RawSource, io: &SourceIo<'_, SourceState>) -> io::Result<Arc<Socket>> {
        let socket = match io {
            SourceIo::Seen(SourceState {
                registration: Some((shared, socket)),
            }) if Arc::ptr_eq(shared, &self.shared) => Some(Arc::clone(socket)),
            SourceIo::Seen(_) => None,
            SourceIo::Unseen => self.shared.raw.find(source),
        };
        // `ERROR_NOT_FOUND` is of no kind that std knows.
        socket.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = true;

    fn would_block(&self, direction: Direction) {
        if let Some((shared, socket)) = &self.registration {
            socket.would_block(&shared.port, direction);
        }
    }
}

impl Drop for SourceState {
    fn drop(&mut self) {
        if let Some((_, socket)) = &self.registration {
            socket.deregister();
        }
    }
}

impl Shared {
    /// Where the operations of other sources than sockets end.
    pub(crate) fn port(&self) -> &Port {
        &self.port
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    fn register(
        &self,
        socket: RawSource,
        token: Token,
        interests: Interest,
    ) -> io::Result<Arc<Socket>> {
        let place = self.groups.place(&self.port)?;
        Socket::register(&self.port, place, &self.changes, socket, token, interests)
    }

    pub(super) fn set_waker(&self, token: Token) {
        self.waker_token.store(token.0, Ordering::Relaxed);
    }

    /// Only the first of several wakes that no poll has delivered yet makes a system call.
    pub(super) fn wake(&self) -> io::Result<()> {
        self.pending.wake(|| self.port.post_wake())
    }

    /// Takes back a wake that was not delivered.
    pub(super) fn unwake(&self) {
        self.pending.take();
    }

    /// The packet of a wake was taken, or one that only ends the wait.
    fn take_wake(&self) -> Option<NativeEvent> {
        // The flag first: the token of a waker is set before it wakes.
        let is_woken = self.pending.take();
        let token = Token(self.waker_token.load(Ordering::Relaxed));
        is_woken.then(|| NativeEvent::readable(token))
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let events = events.buffer();
        events.clear();
        if events.capacity() == 0 {
            return Err(error(ERROR_INVALID_PARAMETER));
        }
        let deadline = Deadline::after(timeout);
        loop {
            // Some socket could not be asked about. The others have their events first.
            let waits = self.waits.begin_poll(&self.port);
            let refused = self.changes.begin_poll(&self.port).and(waits).err();
            let timeout = match refused {
                Some(_) => Some(Duration::ZERO),
                None => deadline.left(),
            };
            let packets = self.port.wait(events, timeout);
            self.changes.end_poll();
            let packets = packets?;
            // One that is no event may have made room for a request whose answer is one.
            let is_last = packets.is_empty();
            let waited = |id| self.waits.take(id);
            self.port.deliver(packets, || self.take_wake(), waited);
            if !events.is_empty() {
                return Ok(());
            }
            match refused {
                Some(err) if is_last => return Err(err),
                // The system's clock may be a little early.
                None if is_last && deadline.is_over() => return Ok(()),
                _ => {}
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.raw.clear();
        self.waits.clear();
        self.changes.clear();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shared = f.debug_struct("Shared");
        shared.field("port", &self.port).finish_non_exhaustive()
    }
}

fn error(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code as i32)
}
