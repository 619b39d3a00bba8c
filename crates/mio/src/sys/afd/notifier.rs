//! A notifier that posts a packet to the completion port.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::interest::Mode;
use crate::io_source::mistake;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::operation::{Complete, Operation};
use crate::sys::afd::selector::Shared as Poll;
use crate::sys::pending::Pending;
use crate::sys::{self, Selector};
use crate::{Interest, Registry, SelectorKind, Token};

#[derive(Debug)]
pub(crate) struct Notifier {
    handle: NotifierHandle,
}

#[derive(Debug, Clone)]
pub(crate) struct NotifierHandle {
    shared: Arc<Shared>,
}

/// Shared by the notifier, by its handles, and by its packet while that packet is in the port.
struct Shared {
    pending: Pending,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    registration: Option<Registration>,
    /// The number of registrations so far. Each registration has a packet of its own, because the
    /// packet of an earlier one may still be in the port of another poll, and may never be taken.
    generation: u64,
    /// The packet of this registration; `None` while it is in the port.
    idle: Option<Box<Operation<Notice>>>,
}

struct Registration {
    /// Weak, so that a packet in a port does not keep the port alive.
    poll: Weak<Poll>,
    token: Token,
    mode: Mode,
    /// An event was delivered and the next one is suppressed: until `clear` in edge mode, until
    /// `reregister` in oneshot mode.
    is_told: bool,
}

/// The data of the packet.
struct Notice {
    generation: u64,
    /// The owner; `None` while the packet is idle.
    owner: Option<Arc<Shared>>,
}

impl Notifier {
    // Fallible on other platforms.
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new() -> io::Result<Notifier> {
        let shared = Arc::new(Shared {
            pending: Pending::default(),
            state: Mutex::default(),
        });
        Ok(Notifier {
            handle: NotifierHandle { shared },
        })
    }

    pub(crate) fn handle(&self) -> NotifierHandle {
        self.handle.clone()
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        self.handle.notify()
    }

    // Fallible on other platforms.
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn clear(&self) -> io::Result<bool> {
        let shared = self.shared();
        let mut state = shared.lock();
        if let Some(registration) = &mut state.registration {
            registration.is_told &= registration.mode == Mode::Oneshot;
        }
        // Under the lock, so that an event that is being created for this notification is created
        // first.
        Ok(shared.pending.take())
    }

    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        sys::check_supported(SelectorKind::Afd, interests)?;
        let poll = poll(registry);
        let mut state = self.shared().lock();
        if let Some(registration) = &state.registration {
            return Err(mistake::registered_twice(registration.is_with(poll)));
        }
        let generation = state.generation.wrapping_add(1);
        state.generation = generation;
        state.idle = Some(Operation::new(Notice {
            generation,
            owner: None,
        }));
        state.registration = Some(Registration::new(poll, token, interests));
        let posted = self.shared().post_if_pending(&mut state, poll);
        posted.inspect_err(|_| state.registration = None)
    }

    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        sys::check_supported(SelectorKind::Afd, interests)?;
        let poll = poll(registry);
        let mut state = self.shared().lock();
        let registration = state.registration_with(poll)?;
        let before = std::mem::replace(registration, Registration::new(poll, token, interests));
        let posted = self.shared().post_if_pending(&mut state, poll);
        posted.inspect_err(|_| state.registration = Some(before))
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let mut state = self.shared().lock();
        state.registration_with(poll(registry))?;
        state.registration = None;
        Ok(())
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

/// Makes sure that the packet produces no event from now on.
impl Drop for Notifier {
    fn drop(&mut self) {
        self.shared().lock().registration = None;
    }
}

impl NotifierHandle {
    /// Sets the flag and posts the packet: the wake-up that [`pending`](crate::sys::pending)
    /// describes. An unregistered notifier has no packet; registration posts one for a pending
    /// notification.
    pub(crate) fn notify(&self) -> io::Result<()> {
        let shared = &self.shared;
        shared.pending.wake(|| {
            let mut state = shared.lock();
            let registration = state.registration.as_ref();
            let poll = registration.and_then(|registration| registration.poll.upgrade());
            let Some(poll) = poll else {
                return Ok(());
            };
            let posted = shared.post(&mut state, &poll);
            // Unlock before `poll` is dropped. If that is the last reference, the port takes the
            // packet, which needs the lock.
            drop(state);
            posted
        })
    }
}

impl Shared {
    fn post_if_pending(self: &Arc<Self>, state: &mut State, poll: &Poll) -> io::Result<()> {
        if !self.pending.is_set() {
            return Ok(());
        }
        self.post(state, poll)
    }

    /// Posts the packet, unless it is in the port already or would produce no event.
    fn post(self: &Arc<Self>, state: &mut State, poll: &Poll) -> io::Result<()> {
        let registration = state.registration.as_ref();
        if registration.is_none_or(|registration| registration.is_told) {
            return Ok(());
        }
        let Some(mut notice) = state.idle.take() else {
            return Ok(());
        };
        notice.data.owner = Some(Arc::clone(self));
        poll.port().post(notice).map_or_else(
            |(mut notice, err)| {
                notice.data.owner = None;
                state.idle = Some(notice);
                Err(err)
            },
            |_| Ok(()),
        )
    }

    /// Handles the packet after it was taken from the port.
    fn take(self: &Arc<Self>, notice: Box<Operation<Notice>>) -> Option<NativeEvent> {
        let mut state = self.lock();
        if notice.data.generation != state.generation {
            return None;
        }
        state.idle = Some(notice);
        // A notification after this load finds the packet idle, and posts it.
        let is_pending = self.pending.is_set();
        let registration = state.registration.as_mut()?;
        if registration.is_told || !is_pending {
            return None;
        }
        registration.is_told = registration.mode != Mode::Level;
        let event = NativeEvent::readable(registration.token);
        // In level mode the next poll delivers another event. If `poll` is gone, the port is being
        // closed. If posting fails for lack of memory, at least this event is delivered.
        if let Some(poll) = registration.poll.upgrade() {
            let _ = self.post(&mut state, &poll);
        }
        Some(event)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Complete for Notice {
    fn complete(mut notice: Box<Operation<Notice>>) -> Option<NativeEvent> {
        let shared = notice.data.owner.take()?;
        shared.take(notice)
    }
}

impl State {
    fn registration_with(&mut self, poll: &Arc<Poll>) -> io::Result<&mut Registration> {
        let registration = self.registration.as_mut();
        let registration = registration.ok_or_else(|| mistake::not_registered(false))?;
        if !registration.is_with(poll) {
            return Err(mistake::not_registered(true));
        }
        Ok(registration)
    }
}

impl Registration {
    fn new(poll: &Arc<Poll>, token: Token, interests: Interest) -> Registration {
        Registration {
            poll: Arc::downgrade(poll),
            token,
            mode: interests.mode(),
            is_told: false,
        }
    }

    fn is_with(&self, poll: &Arc<Poll>) -> bool {
        std::ptr::eq(self.poll.as_ptr(), Arc::as_ptr(poll))
    }
}

fn poll(registry: &Registry) -> &Arc<Poll> {
    let Selector::Afd(selector) = registry.selector();
    selector.shared()
}

// Never format user data while holding the lock.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shared = f.debug_struct("Shared");
        shared
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}
