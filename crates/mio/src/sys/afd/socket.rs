//! A socket, its registrations, and its one AFD request in flight.
//!
//! # One request at a time
//!
//! With two requests in flight for one socket, Windows may complete the wrong one and never the
//! other. So all registrations of a socket with one `Poll` share a request. The request asks for
//! the events that any of them needs, and each registration takes its part of the result. A
//! duplicate handle refers to the same socket, so its registrations share the request too. If a
//! request asks for too little, it is cancelled, and the next request starts when its packet has
//! been taken.
//!
//! # Sockets that are closed without being deregistered
//!
//! Windows may reuse the number of a closed socket at once. A request reports a socket that was
//! closed while the request was in flight (`LOCAL_CLOSE`). A *guarded* registration is one that was
//! made by number, for a socket that the user owns and may close at any time. It needs a request in
//! flight whenever user code runs. If nothing else is armed, [`Socket::guard`] asks for
//! `LOCAL_CLOSE` alone. For the same reason a cancelled request of a guarded socket is replaced at
//! once, by a request with memory of its own.
//!
//! Until the packet of the closed socket is taken, a new registration of the same number joins the
//! old registrations. The packet ends only the registrations that are older than the request; see
//! [`State::clock`].

use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::Direction;
use crate::sys::afd::arming::Arming;
use crate::sys::afd::device::{Device, SocketHandle};
use crate::sys::afd::event::{LOCAL_CLOSE, NativeEvent};
use crate::sys::afd::few::Few;
use crate::sys::afd::group::Place;
use crate::sys::afd::sockets::Sockets;
use crate::{Interest, Token};

/// Shared by its registrations, by the list of changes, and by the kernel while a request is in
/// flight.
pub(super) struct Socket<D: Device> {
    place: Place<D>,
    sockets: Arc<Sockets<D>>,
    state: Mutex<State<D>>,
}

pub(super) struct State<D: Device> {
    registered: Few<Registered>,
    /// Counts registrations and reregistrations.
    clock: u64,
    /// The memory of requests that are not in flight: one, and more with guarded registrations.
    idle: Few<D::Memory>,
    under_way: Option<UnderWay<D>>,
    /// Requests that ended before `under_way` was started, and whose packets are still in the port.
    replaced: Few<UnderWay<D>>,
    /// The handle of the registration that ended last.
    last_base: SocketHandle,
    is_in_changes: bool,
    is_in_undelivered: bool,
}

/// One registration of the socket.
#[derive(Clone)]
struct Registered {
    /// The clock at the registration.
    id: u64,
    /// The clock at the last registration or reregistration.
    since: u64,
    /// The base handle of the registration.
    base: SocketHandle,
    is_guarded: bool,
    token: Token,
    arming: Arming,
    /// The flags of an event that did not fit into the buffer of events.
    undelivered: u32,
}

/// A request in flight.
struct UnderWay<D: Device> {
    id: D::Id,
    base: SocketHandle,
    asked: u32,
    is_cancelled: bool,
    /// The clock at the start of the request.
    clock: u64,
}

/// A handle to one registration.
pub(super) struct Registration<D: Device> {
    socket: Arc<Socket<D>>,
    id: u64,
}

/// The state of a handle after one of its registrations has ended.
pub(super) struct Left {
    pub(super) base: SocketHandle,
    /// The handle still maps to this socket: for another registration, or until the packet of a
    /// cancelled request is taken.
    pub(super) is_named: bool,
}

impl<D: Device> Socket<D> {
    pub(super) fn new(place: Place<D>, sockets: Arc<Sockets<D>>) -> Arc<Socket<D>> {
        let mut idle = Few::default();
        idle.push(D::memory());
        Arc::new(Socket {
            place,
            sockets,
            state: Mutex::new(State {
                registered: Few::default(),
                clock: 0,
                idle,
                under_way: None,
                replaced: Few::default(),
                last_base: 0,
                is_in_changes: false,
                is_in_undelivered: false,
            }),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a registration.
    pub(super) fn join(
        self: &Arc<Self>,
        device: &D,
        state: &mut State<D>,
        base: SocketHandle,
        token: Token,
        interests: Interest,
        is_guarded: bool,
    ) -> io::Result<Registration<D>> {
        self.sockets.changes().make_room(is_guarded);
        let id = state.tick();
        state.registered.push(Registered {
            id,
            since: id,
            base,
            is_guarded,
            token,
            arming: Arming::new(interests),
            undelivered: 0,
        });
        // Replace a cancelled request, because it reports nothing. If any registration is guarded,
        // replace every request: it is older than the new registration, so it can't report that the
        // new socket is closed. It may even be for another socket, if the number was closed and a
        // duplicate is open.
        let has_guard = state.is_guarded();
        let is_cancelled = |under_way: &UnderWay<D>| under_way.is_cancelled;
        if has_guard || state.under_way.as_ref().is_some_and(is_cancelled) {
            // A guarded socket replaces the request of this registration later.
            state.add_memory(if has_guard { 2 } else { 1 });
            self.cancel(state);
            state.replace();
        }
        if let Err(err) = self.update(device, state) {
            state.registered.remove(|one| one.id == id);
            self.sockets.changes().give_up_room(is_guarded);
            // If the request of other registrations was replaced, its packet puts the socket into
            // the list of changes.
            return Err(err);
        }
        Ok(Registration {
            socket: Arc::clone(self),
            id,
        })
    }

    /// Removes a registration. From now on no packet produces an event for it.
    pub(super) fn leave(
        self: &Arc<Self>,
        device: &D,
        state: &mut State<D>,
        id: u64,
    ) -> Option<Left> {
        let gone = state.registered.remove(|one| one.id == id)?;
        state.last_base = gone.base;
        self.sockets.changes().give_up_room(gone.is_guarded);
        let is_shared = state.is_named(gone.base);
        let is_asked = |under_way: &UnderWay<D>| under_way.base == gone.base;
        if !is_shared && state.under_way.as_ref().is_some_and(is_asked) {
            // The handle may be closed from now on. The other registrations use a request by their
            // own handle; a guarded one starts it at once.
            self.cancel(state);
            if state.is_guarded() {
                state.add_memory(1);
                state.replace();
                if self.update(device, state).is_err() {
                    self.put_into_changes(state);
                }
            }
        }
        // Each request uses the handle of a registration, so this request was cancelled.
        let is_cancelling = state.registered.is_empty() && state.under_way.is_some();
        Some(Left {
            base: gone.base,
            is_named: is_shared || is_cancelling,
        })
    }

    /// Updates the request of a socket that was in the list of changes. After an error the socket
    /// is in the list again.
    pub(super) fn update_listed(self: &Arc<Self>, device: &D) -> io::Result<()> {
        let mut state = self.lock();
        state.is_in_changes = false;
        match self.update(device, &mut state) {
            // The socket was closed without being deregistered, which ended the registration.
            Err(err) if D::is_closed(&err) => Ok(()),
            Err(err) => {
                self.put_into_changes(&mut state);
                Err(err)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Starts a request for a guarded socket that has none, for `LOCAL_CLOSE` alone.
    pub(super) fn guard(self: &Arc<Self>, device: &D) {
        let mut state = self.lock();
        if state.under_way.is_none() && state.is_guarded() {
            // If this fails, the next poll tries again, and returns the error if it persists.
            let _ = self.ask(device, &mut state, LOCAL_CLOSE);
        }
    }

    /// Returns `true` if the socket is open: the kernel has just confirmed that the request has not
    /// ended. After `false` the socket may be open or closed. The next request does not wait for
    /// the packet of the current one.
    pub(super) fn is_surely_open(self: &Arc<Self>, device: &D) -> bool {
        let mut state = self.lock();
        let is_open = self.cancel(&mut state);
        state.add_memory(1);
        state.replace();
        if is_open && self.update(device, &mut state).is_err() {
            self.put_into_changes(&mut state);
        }
        is_open
    }

    /// Handles a request that has completed. `answer` is 0 if the request was cancelled.
    ///
    /// Returns the event of one registration. The events of other registrations go to the list of
    /// undelivered events.
    pub(super) fn take(
        self: &Arc<Self>,
        request: D::Id,
        memory: D::Memory,
        answer: u32,
    ) -> Option<NativeEvent> {
        let mut state = self.lock();
        if state.idle.has_room() {
            state.idle.push(memory);
        }
        let under_way = state.returned(request)?;
        #[cfg(debug_assertions)]
        if !under_way.is_cancelled {
            self.sockets.changes().end_request(under_way.base);
        }
        if state.registered.is_empty() {
            let base = state.last_base;
            drop(state);
            self.sockets.forget_unused(base, self);
            return None;
        }
        let (event, has_more) = state.split(answer, under_way.clock);
        if has_more && !state.is_in_undelivered {
            state.is_in_undelivered = true;
            self.sockets.push_undelivered(self);
        }
        self.put_into_changes(&mut state);
        event
    }

    /// Passes undelivered events to `push`, up to `room`. Returns `true` if all of them are
    /// delivered.
    pub(super) fn deliver(&self, room: &mut usize, push: &mut impl FnMut(NativeEvent)) -> bool {
        let mut state = self.lock();
        for one in state.registered.iter_mut() {
            if one.undelivered == 0 {
                continue;
            }
            if *room == 0 {
                return false;
            }
            *room -= 1;
            push(NativeEvent::new(one.token, mem::take(&mut one.undelivered)));
        }
        state.is_in_undelivered = false;
        true
    }

    /// Updates the request: at once if a thread is polling, otherwise before the next wait.
    fn changed(self: &Arc<Self>, device: &D, state: &mut State<D>) -> io::Result<()> {
        let changes = self.sockets.changes();
        if changes.push_unless_polling(self, &mut state.is_in_changes) {
            return Ok(());
        }
        self.update(device, state)
    }

    fn put_into_changes(self: &Arc<Self>, state: &mut State<D>) {
        self.sockets.changes().push(self, &mut state.is_in_changes);
    }

    /// Updates the request to the events that the registrations need.
    fn update(self: &Arc<Self>, device: &D, state: &mut State<D>) -> io::Result<()> {
        let question = state.question();
        if question == 0 {
            return Ok(());
        }
        self.ask(device, state, question)
    }

    fn ask(self: &Arc<Self>, device: &D, state: &mut State<D>, events: u32) -> io::Result<()> {
        if let Some(under_way) = &state.under_way {
            // A request that asks for more costs at most one packet without an event.
            if events & !under_way.asked == 0 {
                return Ok(());
            }
            let was_cancelled = under_way.is_cancelled;
            let has_ended = !self.cancel(state) && !was_cancelled;
            // The packet of an ended request may report that the socket is closed. Then the number
            // may already belong to another socket, so the next request waits for that packet.
            if has_ended || !self.make_place(state) {
                return Ok(());
            }
        }
        loop {
            let Some(base) = state.open_base() else {
                return Ok(());
            };
            let Some(memory) = state.idle.pop() else {
                return Ok(());
            };
            #[cfg(debug_assertions)]
            self.sockets.changes().begin_request(base);
            match device.poll(self.place.afd(), memory, self, base, events) {
                Ok(id) => {
                    state.under_way = Some(UnderWay {
                        id,
                        base,
                        asked: events,
                        is_cancelled: false,
                        clock: state.clock,
                    });
                    return Ok(());
                }
                Err((memory, err)) => {
                    #[cfg(debug_assertions)]
                    self.sockets.changes().end_request(base);
                    state.idle.push(memory);
                    let is_closed = D::is_closed(&err);
                    if is_closed {
                        state.end(|one| one.base == base);
                    }
                    // A duplicate may still be open.
                    if !is_closed || state.open_base().is_none() {
                        return Err(err);
                    }
                }
            }
        }
    }

    /// Cancels the request of a guarded socket and makes room for another one, which need not wait
    /// for the packet of the first. Returns `false` if the socket has no spare memory, or no
    /// guarded registration.
    fn make_place(&self, state: &mut State<D>) -> bool {
        let may_replace = state.is_guarded() && !state.idle.is_empty();
        if may_replace {
            self.cancel(state);
            state.replace();
        }
        may_replace
    }

    /// Cancels the request, so that its packet arrives soon. Returns `false` if the request has
    /// ended already.
    fn cancel(&self, state: &mut State<D>) -> bool {
        match &mut state.under_way {
            Some(under_way) if !under_way.is_cancelled => {
                under_way.is_cancelled = true;
                #[cfg(debug_assertions)]
                self.sockets.changes().end_request(under_way.base);
                D::cancel(self.place.afd(), under_way.id)
            }
            _ => false,
        }
    }
}

impl<D: Device> State<D> {
    pub(super) fn is_unused(&self) -> bool {
        self.registered.is_empty() && self.under_way.is_none()
    }

    /// Returns the handle of the registration that ended last, if there is none now.
    pub(super) fn last_base(&self) -> Option<SocketHandle> {
        self.registered.is_empty().then_some(self.last_base)
    }

    /// Returns `true` if a registration uses this handle.
    pub(super) fn is_named(&self, base: SocketHandle) -> bool {
        self.registered.iter().any(|one| one.base == base)
    }

    /// Allocates the memory of `requests` requests, beside the one in flight.
    fn add_memory(&mut self, requests: usize) {
        while self.idle.iter().count() < requests {
            self.idle.push(D::memory());
        }
        // Room for the request in flight to come back, and to be replaced.
        self.idle.reserve(2);
        self.replaced.reserve(2);
    }

    /// Moves the cancelled request aside, to make room for another.
    fn replace(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            self.replaced.push(under_way);
        }
    }

    /// Removes the request whose packet was taken.
    fn returned(&mut self, request: D::Id) -> Option<UnderWay<D>> {
        let is_it = |under_way: &UnderWay<D>| under_way.id == request;
        let current = self.under_way.take_if(|under_way| is_it(under_way));
        current.or_else(|| self.replaced.remove(is_it))
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn find(&mut self, id: u64) -> Option<&mut Registered> {
        self.registered.iter_mut().find(|one| one.id == id)
    }

    fn is_guarded(&self) -> bool {
        self.registered.iter().any(Registered::needs_guard)
    }

    /// Returns a handle for the next request.
    fn open_base(&self) -> Option<SocketHandle> {
        let mut open = self.registered.iter().filter(|one| !one.arming.is_over());
        open.next().map(|one| one.base)
    }

    /// Returns the events for the next request.
    fn question(&self) -> u32 {
        let registered = self.registered.iter();
        registered.fold(0, |events, one| {
            let close = if one.needs_guard() { LOCAL_CLOSE } else { 0 };
            events | one.arming.question() | close
        })
    }

    /// Passes the result of a request, started at `clock`, to each registration.
    ///
    /// Returns the first event, and `true` if there are more. Those are kept for
    /// [`deliver`](Socket::deliver).
    fn split(&mut self, answer: u32, clock: u64) -> (Option<NativeEvent>, bool) {
        if answer & LOCAL_CLOSE != 0 {
            // The socket was closed without being deregistered. As on epoll, that ends the
            // registration.
            self.end(|one| one.since <= clock);
        }
        let (mut event, mut has_more) = (None, false);
        for one in self.registered.iter_mut().filter(|one| one.id <= clock) {
            let fresh = one.arming.take(answer);
            if fresh == 0 {
                continue;
            }
            one.undelivered |= fresh;
            if event.is_none() {
                let flags = mem::take(&mut one.undelivered);
                event = Some(NativeEvent::new(one.token, flags));
            } else {
                has_more = true;
            }
        }
        (event, has_more)
    }

    /// Ends the registrations that match, and drops their undelivered events.
    fn end(&mut self, is_over: impl Fn(&Registered) -> bool) {
        for one in self.registered.iter_mut().filter(|one| is_over(one)) {
            one.arming = Arming::over();
            one.undelivered = 0;
        }
    }
}

impl Registered {
    fn needs_guard(&self) -> bool {
        self.is_guarded && !self.arming.is_over()
    }
}

impl<D: Device> Registration<D> {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn socket(&self) -> &Arc<Socket<D>> {
        &self.socket
    }

    pub(super) fn is_same(&self, other: &Registration<D>) -> bool {
        Arc::ptr_eq(&self.socket, &other.socket) && self.id == other.id
    }

    /// Returns `true` if the socket was found closed.
    pub(super) fn is_over(&self) -> bool {
        let mut state = self.socket.lock();
        state.find(self.id).is_none_or(|one| one.arming.is_over())
    }

    /// Changes the token and the interests. A direction that is ready is reported again.
    pub(super) fn reregister(
        &self,
        device: &D,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let socket = &self.socket;
        let mut state = socket.lock();
        // The request in flight was started before, so its result may be about an earlier socket
        // with this number.
        let is_renewed = socket.make_place(&mut state);
        let since = state.tick();
        let Some(one) = state.find(self.id) else {
            return Ok(());
        };
        let before = one.clone();
        (one.token, one.arming) = (token, Arming::new(interests));
        one.undelivered = 0;
        let result = if is_renewed {
            one.since = since;
            socket.update(device, &mut state)
        } else {
            socket.changed(device, &mut state)
        };
        result.inspect_err(|_| {
            if let Some(one) = state.find(self.id) {
                *one = before;
            }
            if is_renewed {
                socket.put_into_changes(&mut state);
            }
        })
    }

    pub(super) fn would_block(&self, device: &D, direction: Direction) {
        self.rearm(device, |arming| arming.would_block(direction));
    }

    pub(super) fn failed(&self, device: &D, direction: Direction) {
        self.rearm(device, |arming| arming.failed(direction));
    }

    fn rearm(&self, device: &D, has_news: impl FnOnce(&mut Arming) -> bool) {
        let mut state = self.socket.lock();
        let Some(one) = state.find(self.id) else {
            return;
        };
        if has_news(&mut one.arming) {
            // If this request fails, the next poll tries again, and returns the error if it
            // persists.
            if self.socket.changed(device, &mut state).is_err() {
                self.socket.put_into_changes(&mut state);
                // End a wait that has already begun. If that fails, the next poll handles the
                // change.
                let _ = device.interrupt();
            }
        }
    }
}

impl<D: Device> Clone for Registration<D> {
    fn clone(&self) -> Registration<D> {
        Registration {
            socket: Arc::clone(&self.socket),
            id: self.id,
        }
    }
}

impl<D: Device> fmt::Debug for Registration<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut registration = f.debug_struct("Registration");
        registration.field("id", &self.id).finish_non_exhaustive()
    }
}
