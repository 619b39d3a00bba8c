//! The state and the operations of one pipe.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_OPERATION_ABORTED, ERROR_PIPE_LISTENING,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::io_source::mistake;
use crate::sys::afd;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::operation::{Complete, Operation, OperationId};
use crate::sys::afd::port::{Lingering, Port};
use crate::sys::afd::selector::Shared;
use crate::sys::afd::users::Key;
use crate::sys::windows::named_pipe::connection::Connection;
use crate::sys::windows::named_pipe::ffi;
use crate::sys::windows::named_pipe::incoming::{self, Incoming};
use crate::sys::windows::named_pipe::operations::{Connect, Job, Notice, Read, Write, outcome};
use crate::sys::windows::named_pipe::reporting::{Directions, Reporting};
use crate::sys::windows::named_pipe::slot::{Slot, Started};
use crate::{Interest, Token};

/// The state that the user's pipe shares with its operations in flight.
pub(super) struct Background {
    /// The user owns the handle; operations do not keep it open.
    handle: Weak<OwnedHandle>,
    /// The owner of the port that the handle is attached to, and the completion key. Set once.
    attached: OnceLock<(Weak<Shared>, Key)>,
    state: Mutex<State>,
}

/// The arguments for starting an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct System<'a> {
    pub(super) port: &'a Port,
    /// The completion key of the handle.
    pub(super) key: Key,
    pub(super) handle: BorrowedHandle<'a>,
}

impl System<'_> {
    /// See [`Port::start`].
    pub(super) fn start<T: Complete>(
        &self,
        operation: Box<Operation<T>>,
        call: impl FnOnce(*mut OVERLAPPED, *mut T) -> io::Result<()>,
    ) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
        self.port.start_for_user(self.key, operation, call)
    }
}

#[derive(Debug)]
struct State {
    /// `None` while the pipe is not registered.
    token: Option<Token>,
    reporting: Reporting,
    /// Directions that became ready, or may have, since the last event.
    news: Directions,
    /// The port's batch of the last event.
    last_batch: Option<usize>,
    notice: Slot<Notice>,

    connection: Connection,
    /// The user has called `connect` and there is no client yet.
    wants_client: bool,
    connect: Slot<Connect>,
    connect_error: Option<io::Error>,

    read: Slot<Read>,
    /// The length of the next read.
    read_length: usize,
    /// The handle is not a pipe but, for example, a serial port. Then a read may wait until its
    /// buffer is full.
    is_device: bool,
    incoming: Incoming,

    write: Slot<Write>,
    write_error: Option<io::Error>,
    /// The handle, if the pipe was dropped before all accepted data was written.
    kept_open: Option<Arc<OwnedHandle>>,
}

/// The user's calls. `system` is `None` before the first registration.
impl Background {
    pub(super) fn new(handle: &Arc<OwnedHandle>) -> Arc<Background> {
        Arc::new(Background {
            handle: Arc::downgrade(handle),
            attached: OnceLock::new(),
            state: Mutex::new(State {
                token: None,
                reporting: Reporting::new(Interest::READABLE),
                news: Directions::default(),
                last_batch: None,
                notice: Slot::new(Notice),
                connection: Connection::default(),
                wants_client: false,
                connect: Slot::new(Connect),
                connect_error: None,
                read: Slot::new(Read::default()),
                read_length: incoming::FIRST,
                is_device: false,
                incoming: Incoming::default(),
                write: Slot::new(Write::default()),
                write_error: None,
                kept_open: None,
            }),
        })
    }

    pub(super) fn is_registered(&self) -> bool {
        self.lock().is_registered()
    }

    /// Records that the handle was attached to the port of `shared`.
    pub(super) fn attached(&self, handle: BorrowedHandle<'_>, shared: &Arc<Shared>, key: Key) {
        if !ffi::is_pipe(handle) {
            let mut state = self.lock();
            state.is_device = true;
            // Reading one byte is enough to make the device readable. The length of the user's
            // reads is not known yet.
            state.read_length = 1;
        }
        // The handle is attached only once.
        let _ = self.attached.set((Arc::downgrade(shared), key));
    }

    /// Registers the pipe with a token. A direction that is already ready is reported.
    pub(super) fn register(
        self: &Arc<Self>,
        system: System<'_>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let mut state = self.lock();
        let before = (state.token, state.reporting);
        (state.token, state.reporting) = (Some(token), Reporting::new(interests));
        if state.read.is_idle() {
            // Allocate now, because a packet may start the first read.
            state.incoming.make_room();
        }
        self.read_ahead(&mut state, system);
        let ready = state.ready();
        state.news.readable |= ready.readable;
        state.news.writable |= ready.writable;
        self.tell(&mut state, system)
            .inspect_err(|_| (state.token, state.reporting) = before)
    }

    /// Ends the registration. From now on no packet produces an event.
    pub(super) fn deregister(&self) {
        let mut state = self.lock();
        state.token = None;
        state.news = Directions::default();
    }

    pub(super) fn connect(self: &Arc<Self>, system: Option<System<'_>>) -> io::Result<()> {
        let mut state = self.lock();
        let system = state.check_registered(system)?;
        if let Some(err) = state.connect_error.take() {
            return Err(err);
        }
        self.start_connect(&mut state, system)?;
        state.connection = Connection::Made { is_told: true };
        self.tell_later(&mut state, system);
        Ok(())
    }

    pub(super) fn disconnect(&self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        let mut state = self.lock();
        // This ends the operations in flight.
        ffi::disconnect(handle)?;
        state.forget_peer();
        state.connection = Connection::Ended;
        state.connect.make_stale();
        state.connect_error = None;
        state.wants_client = false;
        Ok(())
    }

    pub(super) fn take_error(&self) -> Option<io::Error> {
        let mut state = self.lock();
        let connect_error = state.connect_error.take();
        connect_error.or_else(|| state.write_error.take())
    }

    pub(super) fn read(
        self: &Arc<Self>,
        system: Option<System<'_>>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> io::Result<usize> {
        let room = bufs
            .iter()
            .map(|buf| buf.len())
            .fold(0, usize::saturating_add);
        let mut state = self.lock();
        if room == 0 {
            return state.check_registered(system).map(|_| 0);
        }
        state.read_like(room);
        if let Some(result) = state.incoming.take(bufs) {
            // After `deregister`, data that was read ahead can still be read.
            if let (Ok(_), Ok(system)) = (&result, state.check_registered(system)) {
                self.read_ahead(&mut state, system);
                self.tell_later(&mut state, system);
            }
            return result;
        }
        let system = state.check_registered(system)?;
        state.connection.check()?;
        let Err(err) = self.start_read(&mut state, system) else {
            self.tell_later(&mut state, system);
            return would_block();
        };
        if is(&err, ERROR_PIPE_LISTENING) {
            return would_block();
        }
        // Report the end as if it had been read ahead.
        state.incoming.failed(err);
        let result = state.incoming.take(bufs).unwrap_or_else(would_block);
        // The end persists, and each poll of a level reports it.
        self.tell_later(&mut state, system);
        result
    }

    pub(super) fn write(
        self: &Arc<Self>,
        system: Option<System<'_>>,
        bufs: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let mut state = self.lock();
        let system = state.check_registered(system)?;
        if let Some(err) = state.write_error.take() {
            return Err(err);
        }
        state.connection.check()?;
        let Some(write) = state.write.work() else {
            return would_block();
        };
        // An empty write sends an empty message. Without messages, the reader would see the end of
        // the stream.
        let is_empty = bufs.iter().all(|buf| buf.is_empty());
        if is_empty && !ffi::writes_messages(system.handle).unwrap_or(false) {
            return Ok(0);
        }
        let length = write.fill(bufs);
        if let Err(err) = self.start_write(&mut state, system) {
            return if is(&err, ERROR_PIPE_LISTENING) {
                would_block()
            } else {
                Err(err)
            };
        }
        // The packet reports that the pipe is writable.
        if state.connection.made() {
            self.read_ahead(&mut state, system);
            self.tell_later(&mut state, system);
        }
        Ok(length)
    }

    /// Closes the pipe, because the user has dropped it. Data that was accepted is still written.
    pub(super) fn close(self: &Arc<Self>, handle: &Arc<OwnedHandle>, shared: Option<&Arc<Shared>>) {
        let mut state = self.lock();
        state.token = None;
        // Prevents new operations.
        state.connection = Connection::Ended;
        state.wants_client = false;
        let unfinished = [state.connect.unfinished(), state.read.unfinished()];
        for operation in unfinished.into_iter().flatten() {
            afd::cancel(handle.as_handle(), operation);
        }
        state.connect.make_stale();
        state.read.make_stale();
        if let (Some(_), Some(shared)) = (state.write.unfinished(), shared) {
            state.kept_open = Some(Arc::clone(handle));
            let lingering = Arc::downgrade(self);
            shared.port().linger(lingering);
        }
    }
}

/// The results of packets. Each method returns the event to deliver, if there is one.
impl Background {
    pub(super) fn connect_ended(self: &Arc<Self>, job: Job<Connect>) -> Option<NativeEvent> {
        let mut state = self.lock();
        let result = outcome(&job);
        let is_stale = state.connect.ended(job);
        if !is_stale {
            state.wants_client = false;
            match result {
                Ok(_) => _ = state.connection.made(),
                Err(err) => {
                    state.connection = Connection::Unknown;
                    state.connect_error = Some(err);
                }
            }
        }
        // Also for a stale result, to wake a user who waits for the client of the ended connection.
        state.news.writable = true;
        self.with_system(|system| {
            if state.wants_client {
                self.connect_unasked(&mut state, system);
            }
            self.read_ahead(&mut state, system);
        });
        self.event(&mut state)
    }

    pub(super) fn read_ended(self: &Arc<Self>, mut job: Job<Read>) -> Option<NativeEvent> {
        let mut state = self.lock();
        let result = outcome(&job);
        let buffer = std::mem::take(&mut job.data.work.buffer);
        state.incoming.give_back(buffer);
        let is_stale = state.read.ended(job);
        match result {
            // Also for a stale result, to wake a user who waits for data of the ended connection.
            _ if is_stale => state.news.readable = true,
            Ok(0) if !self.reads_messages() => {
                // The peer has written nothing, which has no meaning in a pipe without messages.
            }
            // Somebody else has cancelled the read, through a duplicate of the handle. The user's
            // next read starts another one.
            Err(err) if is(&err, ERROR_OPERATION_ABORTED) => {
                state.news.readable = true;
                return self.event(&mut state);
            }
            Ok(length) => state.incoming.arrived(length),
            Err(err) => state.incoming.failed(err),
        }
        state.news.readable |= !state.incoming.is_empty();
        self.with_system(|system| self.read_ahead(&mut state, system));
        self.event(&mut state)
    }

    pub(super) fn write_ended(self: &Arc<Self>, job: Job<Write>) -> Option<NativeEvent> {
        let mut state = self.lock();
        let result = outcome(&job);
        let is_stale = state.write.ended(job);
        match (result, state.write.work()) {
            (Ok(length), Some(write)) if !is_stale => match write.wrote(length) {
                Ok(true) => {}
                Ok(false) => {
                    let rest = self.with_system(|system| self.start_write(&mut state, system));
                    match rest {
                        Some(Ok(())) => return self.event(&mut state),
                        Some(Err(err)) => state.write_error = Some(err),
                        // The port is being closed.
                        None => {}
                    }
                }
                Err(err) => state.write_error = Some(err),
            },
            (Err(err), _) if !is_stale => state.write_error = Some(err),
            _ => {}
        }
        state.write_is_over();
        // Also for a stale result, to wake a user who waits to write to the ended connection.
        state.news.writable = true;
        self.event(&mut state)
    }

    pub(super) fn notice_ended(self: &Arc<Self>, job: Job<Notice>) -> Option<NativeEvent> {
        let mut state = self.lock();
        state.notice.ended(job);
        self.event(&mut state)
    }
}

/// The steps that calls and packets share. The caller holds the lock.
impl Background {
    /// Starts to wait for a client. Returns `Ok` if there is one already.
    fn start_connect(self: &Arc<Self>, state: &mut State, system: System<'_>) -> io::Result<()> {
        let started = state.connect.start(self, |job| ffi::connect(system, job));
        match started {
            Ok(is_new) => {
                state.wants_client = true;
                if is_new {
                    // The previous peer, if there was one, is gone.
                    state.forget_peer();
                    state.connection = Connection::Connecting;
                }
                would_block()
            }
            Err(err) => {
                state.wants_client = false;
                state.connection.refused(err)?;
                state.has_peer();
                self.read_ahead(state, system);
                Ok(())
            }
        }
    }

    /// As [`start_connect`](Self::start_connect), after `connect` has returned to the user. The
    /// error is stored.
    fn connect_unasked(self: &Arc<Self>, state: &mut State, system: System<'_>) {
        match self.start_connect(state, system) {
            Err(err) if err.kind() != io::ErrorKind::WouldBlock => {
                state.connect_error = Some(err);
                state.news.writable = true;
            }
            _ => {}
        }
    }

    /// Starts a read for the user's next `read`.
    fn read_ahead(self: &Arc<Self>, state: &mut State, system: System<'_>) {
        if !state.incoming.is_empty() || !state.connection.can_read() {
            return;
        }
        match self.start_read(state, system) {
            // The pipe is write-only.
            Err(err) if is(&err, ERROR_ACCESS_DENIED) => {}
            Err(err) if !is(&err, ERROR_PIPE_LISTENING) => {
                state.incoming.failed(err);
                state.news.readable = true;
            }
            _ => {}
        }
    }

    /// Starts a read, unless one is in flight.
    fn start_read(self: &Arc<Self>, state: &mut State, system: System<'_>) -> io::Result<()> {
        if let Some(read) = state.read.work() {
            read.length = state.read_length;
            read.buffer = state.incoming.lend(read.length);
        }
        let started = state.read.start(self, |job| ffi::read(system, job));
        match started {
            Ok(true) => state.has_peer(),
            Ok(false) => {}
            Err(err) => {
                if let Some(read) = state.read.work() {
                    state.incoming.give_back(std::mem::take(&mut read.buffer));
                }
                if is(&err, ERROR_PIPE_LISTENING) {
                    state.connection.is_listening();
                }
                return Err(err);
            }
        }
        Ok(())
    }

    /// Starts to write the unwritten data.
    fn start_write(self: &Arc<Self>, state: &mut State, system: System<'_>) -> io::Result<()> {
        let started = state.write.start(self, |job| ffi::write(system, job));
        if let Err(err) = &started {
            state.write_is_over();
            if is(err, ERROR_PIPE_LISTENING) {
                state.connection.is_listening();
            }
        }
        started.map(drop)
    }

    /// Posts a notice if an event is due.
    fn tell(self: &Arc<Self>, state: &mut State, system: System<'_>) -> io::Result<()> {
        if state.owed().is_none() {
            state.news = Directions::default();
            return Ok(());
        }
        self.post_notice(state, system)
    }

    fn post_notice(self: &Arc<Self>, state: &mut State, system: System<'_>) -> io::Result<()> {
        let posted = state.notice.start(self, |job| {
            let id = system.port.post(job)?;
            Ok(Started { id, is_done: true })
        });
        posted.map(drop)
    }

    /// As [`tell`](Self::tell), but ignores an error, which would hide the result of the user's
    /// call. The event is delivered with the next packet.
    fn tell_later(self: &Arc<Self>, state: &mut State, system: System<'_>) {
        let _ = self.tell(state, system);
    }

    /// Returns the event that is due, and clears it.
    fn event(self: &Arc<Self>, state: &mut State) -> Option<NativeEvent> {
        let owed = state.owed();
        state.news = Directions::default();
        let (token, Directions { readable, writable }) = owed?;
        let ready = state.ready();
        if state.reporting.told(ready) {
            // If posting fails for lack of memory, at least this event is delivered.
            self.with_system(|system| _ = self.post_notice(state, system));
        }
        let event = NativeEvent::directions(token, readable, writable);
        let Some((batch, key)) = self.with_system(|system| (system.port.batch(), system.key))
        else {
            return Some(event);
        };
        let merges = state.last_batch.replace(batch) == Some(batch);
        Some(event.of_user(key, merges))
    }

    /// Calls `f`, or returns `None` if the port or the handle is being closed.
    fn with_system<R>(&self, f: impl FnOnce(System<'_>) -> R) -> Option<R> {
        let (shared, key) = self.attached.get()?;
        let (shared, handle) = (shared.upgrade()?, self.handle.upgrade()?);
        Some(f(System {
            port: shared.port(),
            key: *key,
            handle: handle.as_handle(),
        }))
    }

    fn reads_messages(&self) -> bool {
        let handle = self.handle.upgrade();
        handle.is_some_and(|handle| ffi::reads_messages(handle.as_handle()).unwrap_or(false))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No operation is in flight here, because an operation in flight owns a reference.
impl Drop for Background {
    fn drop(&mut self) {
        let attached = self.attached.get();
        if let Some((Some(shared), key)) = attached.map(|(shared, key)| (shared.upgrade(), key)) {
            shared.port().forget_user(*key);
        }
    }
}

/// The write of a dropped pipe.
impl Lingering for Background {
    fn cancel(&self) {
        let state = self.lock();
        if let (Some(write), Some(handle)) = (state.write.unfinished(), &state.kept_open) {
            afd::cancel(handle.as_handle(), write);
        }
    }
}

impl State {
    fn is_registered(&self) -> bool {
        self.token.is_some()
    }

    fn check_registered<'a>(&self, system: Option<System<'a>>) -> io::Result<System<'a>> {
        match system {
            Some(system) if self.is_registered() => Ok(system),
            _ => Err(mistake::not_registered(false)),
        }
    }

    /// Makes the next read as long as the user's buffer.
    ///
    /// A read from a pipe never waits to fill its buffer. So a longer read costs nothing, and keeps
    /// a message together.
    fn read_like(&mut self, room: usize) {
        let least = if self.is_device { 1 } else { incoming::FIRST };
        self.read_length = room.clamp(least, incoming::LONGEST);
    }

    /// Returns `true` if a write would not block, or would return an error.
    fn can_write(&self) -> bool {
        let can_write = self.write.is_idle() && self.connection.can_write();
        can_write || self.write_error.is_some() || self.connect_error.is_some()
    }

    fn has_peer(&mut self) {
        self.news.writable |= self.connection.made();
    }

    /// Discards the data and the errors of a peer that is gone, because they do not apply to the
    /// next peer.
    fn forget_peer(&mut self) {
        self.read.make_stale();
        self.incoming.forget();
        self.write.make_stale();
        self.write_error = None;
    }

    fn write_is_over(&mut self) {
        if let Some(write) = self.write.work() {
            write.empty();
        }
        self.kept_open = None;
    }

    /// Returns the ready directions.
    fn ready(&self) -> Directions {
        Directions {
            readable: !self.incoming.is_empty(),
            writable: self.can_write(),
        }
    }

    fn owed(&self) -> Option<(Token, Directions)> {
        let owed = self.reporting.owed(self.news, self.ready());
        let token = self.token?;
        owed.any().then_some((token, owed))
    }
}

fn is(err: &io::Error, code: u32) -> bool {
    err.raw_os_error() == Some(code as i32)
}

fn would_block<T>() -> io::Result<T> {
    Err(io::ErrorKind::WouldBlock.into())
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}
