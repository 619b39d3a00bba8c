use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_ALREADY_EXISTS, ERROR_INVALID_PARAMETER};

use crate::event::{Event, Events};
use crate::sys::RawSource;
use crate::sys::afd::device::SocketHandle;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::port::Port;
use crate::sys::afd::rounds::{self, Rounds, Taken};
use crate::sys::afd::socket::Registration;
use crate::sys::afd::sockets::{self, Sockets};
use crate::sys::afd::wait::Waits;
use crate::sys::deadline::Deadline;
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::{Interest, SelectorKind, Token};

/// A handle to the state that all registries, sources and the waker share.
#[derive(Debug)]
pub(crate) struct Selector {
    shared: Arc<Shared>,
}

/// The registration of a source. Dropping it ends the registration.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    registration: Option<(Arc<Shared>, Registration<Port>)>,
    /// The number of consecutive failed operations.
    failures: AtomicUsize,
}

/// The maximum number of consecutive failures that re-arm their direction. Without a limit, an
/// `accept` that always fails would be a busy loop in a program that calls it at each event.
const MOST_FAILURES: usize = 1000;

pub(crate) struct Shared {
    port: Port,
    sockets: Arc<Sockets<Port>>,
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
                sockets: Sockets::new(),
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
        let Shared { port, sockets, .. } = &**shared;
        let socket = source as SocketHandle;
        match io {
            SourceIo::Seen(state) => {
                if state.registration.is_some() {
                    return Err(error(ERROR_ALREADY_EXISTS));
                }
                let registration = sockets.register(port, socket, token, interests)?;
                state.registration = Some((Arc::clone(shared), registration));
                state.failures = AtomicUsize::new(0);
                Ok(())
            }
            SourceIo::Unseen => sockets.register_raw(port, socket, token, interests),
        }
    }

    fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let registration = self.find(source, &io)?;
        if let SourceIo::Unseen = io {
            sockets::check_mode(interests)?;
        }
        registration.reregister(&self.shared.port, token, interests)
    }

    fn deregister(&self, source: RawSource, io: SourceIo<'_, SourceState>) -> io::Result<()> {
        let registration = self.find(source, &io)?;
        let Shared { port, sockets, .. } = &*self.shared;
        match io {
            SourceIo::Seen(state) => state.registration = None,
            SourceIo::Unseen => sockets.remove_raw(source as SocketHandle, &registration),
        }
        sockets.deregister(port, &registration);
        Ok(())
    }
}

impl Selector {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Finds the registration of a source.
    fn find(
        &self,
        source: RawSource,
        io: &SourceIo<'_, SourceState>,
    ) -> io::Result<Registration<Port>> {
        let registration = match io {
            SourceIo::Seen(SourceState {
                registration: Some((shared, registration)),
                ..
            }) if Arc::ptr_eq(shared, &self.shared) => Some(registration.clone()),
            SourceIo::Seen(_) => None,
            SourceIo::Unseen => self.shared.sockets.find_raw(source as SocketHandle),
        };
        // std has no error kind for `ERROR_NOT_FOUND`.
        registration.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = true;

    fn would_block(&self, direction: Direction) {
        if let Some((shared, registration)) = &self.registration {
            self.succeeded(direction);
            registration.would_block(&shared.port, direction);
        }
    }

    #[inline]
    fn succeeded(&self, _: Direction) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    fn failed(&self, direction: Option<Direction>) {
        if let Some((shared, registration)) = &self.registration {
            if self.failures.fetch_add(1, Ordering::Relaxed) < MOST_FAILURES {
                let direction = direction.unwrap_or(Direction::Unknown);
                registration.failed(&shared.port, direction);
            }
        }
    }
}

impl Drop for SourceState {
    fn drop(&mut self) {
        if let Some((shared, registration)) = &self.registration {
            shared.sockets.deregister(&shared.port, registration);
        }
    }
}

impl Shared {
    /// Returns the port, for the operations of sources other than sockets.
    pub(crate) fn port(&self) -> &Port {
        &self.port
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    pub(super) fn set_waker(&self, token: Token) {
        self.waker_token.store(token.0, Ordering::Relaxed);
    }

    /// Wakes the poll. Wakes are coalesced: only the first of several makes a system call.
    pub(super) fn wake(&self) -> io::Result<()> {
        self.pending.wake(|| self.port.post_wake())
    }

    /// Cancels a wake that was not delivered.
    pub(super) fn unwake(&self) {
        self.pending.take();
    }

    /// Handles the packet of a wake, or a packet that only ends the wait.
    fn take_wake(&self) -> Option<NativeEvent> {
        // Take the flag first: `wake` is called after the token was set.
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
        self.deliver_more(events);
        if !events.is_empty() {
            return Ok(());
        }
        let mut turn = Turn {
            shared: self,
            events,
        };
        let result = rounds::run(&mut turn, &Deadline::after(timeout));
        self.sockets.changes().guard(&self.port);
        result
    }

    /// Delivers the events that did not come with a packet of their own.
    fn deliver_more(&self, events: &mut Vec<Event>) {
        let room = events.capacity() - events.len();
        self.sockets
            .deliver(room, |event| events.push(Event::from_native(event)));
    }
}

/// One poll.
struct Turn<'a> {
    shared: &'a Shared,
    events: &'a mut Vec<Event>,
}

impl Rounds for Turn<'_> {
    fn begin(&mut self) -> io::Result<()> {
        let Shared {
            port,
            waits,
            sockets,
            ..
        } = self.shared;
        let waits = waits.begin_poll(port);
        sockets.changes().begin_poll(port).and(waits)
    }

    fn take(&mut self, timeout: Option<Duration>) -> io::Result<Taken> {
        let Turn { shared, events } = self;
        let packets = shared.port.wait(events, timeout);
        shared.sockets.changes().end_poll();
        let packets = packets?;
        let count = packets.count();
        let waited = |id| shared.waits.take(id);
        shared.port.deliver(packets, || shared.take_wake(), waited);
        shared.deliver_more(events);
        Ok(Taken {
            packets: count,
            has_events: !events.is_empty(),
        })
    }

    fn under_way(&self) -> usize {
        self.shared.port.under_way()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.sockets.clear(&self.port);
        self.waits.clear();
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Instant;

    use super::*;
    use crate::sys::afd::operation::{Complete, Operation};

    /// An operation whose packet is never an event, and which starts again after each packet.
    struct Endless {
        shared: Arc<Shared>,
        is_stopped: Arc<AtomicBool>,
        until: Instant,
    }

    impl Complete for Endless {
        fn complete(operation: Box<Operation<Endless>>) -> Option<NativeEvent> {
            let Endless {
                shared,
                is_stopped,
                until,
            } = &operation.data;
            if Instant::now() > *until {
                is_stopped.store(true, Ordering::Relaxed);
            }
            if !is_stopped.load(Ordering::Relaxed) {
                let shared = Arc::clone(shared);
                assert!(shared.port.post(operation).is_ok());
            }
            None
        }
    }

    #[test]
    fn poll_ends_at_deadline_while_packets_keep_coming() {
        let selector = <Selector as selector::Selector>::new().unwrap();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let operation = Operation::new(Endless {
            shared: Arc::clone(selector.shared()),
            is_stopped: Arc::clone(&is_stopped),
            until: Instant::now() + Duration::from_secs(30),
        });
        assert!(selector.shared().port.post(operation).is_ok());
        let mut events = Events::with_capacity(8);
        let timeout = Duration::from_millis(50);
        for timeout in [timeout, Duration::ZERO] {
            let start = Instant::now();
            selector
                .shared()
                .select(&mut events, Some(timeout))
                .unwrap();
            assert!(events.is_empty() && start.elapsed() >= timeout);
            assert!(!is_stopped.load(Ordering::Relaxed), "it was waited for");
        }
        // The packet in the port holds a reference to the shared state.
        is_stopped.store(true, Ordering::Relaxed);
        selector
            .shared()
            .select(&mut events, Some(timeout))
            .unwrap();
    }
}
