//! A registered socket, and the one request to AFD that may be under way for it.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::windows::io::RawSocket;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, STATUS_CANCELLED};
use windows_sys::Win32::Networking::WinSock::{
    SIO_BASE_HANDLE, SIO_BSP_HANDLE, SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE_SELECT, WSAENOTSOCK,
};

use crate::sys::Direction;
use crate::sys::afd::arming::Arming;
use crate::sys::afd::event::{ABORT, LOCAL_CLOSE, NativeEvent};
use crate::sys::afd::ffi::{self, PollInfo};
use crate::sys::afd::group::Place;
use crate::sys::afd::operation::{Complete, Operation, OperationId};
use crate::sys::afd::port::Port;
use crate::{Interest, Token};

/// Shared by the source, by the list of changes, and by the kernel while a request is under way.
pub(super) struct Socket {
    base: RawSocket,
    place: Place,
    changes: Arc<Changes>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    token: Token,
    arming: Arming,
    /// The memory of the request, unless the kernel has it.
    idle: Option<Box<Operation<Request>>>,
    under_way: Option<UnderWay>,
    is_deregistered: bool,
    is_in_changes: bool,
}

/// A request that the kernel has.
#[derive(Debug)]
struct UnderWay {
    id: OperationId,
    asked: u32,
    is_cancelled: bool,
}

/// What the kernel has while a request is under way.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) info: PollInfo,
    /// Whose it is; `None` while it is idle.
    socket: Option<Arc<Socket>>,
}

/// The sockets whose requests are to be looked at before the next wait.
///
/// A socket's lock is taken before this one, never after it.
#[derive(Default)]
pub(super) struct Changes {
    list: Mutex<ChangeList>,
}

#[derive(Default)]
struct ChangeList {
    sockets: VecDeque<Arc<Socket>>,
    /// Those of them whose request could not be made when this poll began. They are put back when
    /// all have been looked at.
    refused: VecDeque<Arc<Socket>>,
    /// A thread waits for packets, or is about to, and will not look at the list before.
    is_polling: bool,
    /// How many sockets may be put into the list.
    registered: usize,
}

impl Socket {
    /// Starts watching a socket.
    pub(super) fn register(
        port: &Port,
        place: Place,
        changes: &Arc<Changes>,
        socket: RawSocket,
        token: Token,
        interests: Interest,
    ) -> io::Result<Arc<Socket>> {
        let request = Operation::new(Request {
            info: PollInfo::new(),
            socket: None,
        });
        let socket = Arc::new(Socket {
            base: base(socket, ffi::socket_below)?,
            place,
            changes: Arc::clone(changes),
            state: Mutex::new(State {
                token,
                arming: Arming::new(interests),
                idle: Some(request),
                under_way: None,
                is_deregistered: false,
                is_in_changes: false,
            }),
        });
        changes.make_room();
        if let Err(err) = socket.update(port, &mut socket.lock()) {
            changes.give_up_room();
            return Err(err);
        }
        Ok(socket)
    }

    /// What is ready is reported again.
    pub(super) fn reregister(
        self: &Arc<Self>,
        port: &Port,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let mut state = self.lock();
        let before = (state.token, state.arming);
        (state.token, state.arming) = (token, Arming::new(interests));
        self.changed(port, &mut state)
            .inspect_err(|_| (state.token, state.arming) = before)
    }

    /// It was seen that the socket was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().arming.is_over()
    }

    /// From now on no packet of this socket is an event.
    pub(super) fn deregister(&self) {
        let mut state = self.lock();
        if state.is_deregistered {
            return;
        }
        state.is_deregistered = true;
        self.cancel(&mut state);
        self.changes.give_up_room();
    }

    pub(super) fn would_block(self: &Arc<Self>, port: &Port, direction: Direction) {
        let mut state = self.lock();
        if !state.is_deregistered && state.arming.would_block(direction) {
            // A request that fails now is tried again, and its error told, by the next poll.
            if self.changed(port, &mut state).is_err() {
                self.put_into_changes(&mut state);
                // For a poll that waits already. That it can't be woken leaves it for the next.
                let _ = port.post_wake();
            }
        }
    }

    /// Looks at the request at once if a thread is waiting, and otherwise before the next wait.
    fn changed(self: &Arc<Self>, port: &Port, state: &mut State) -> io::Result<()> {
        let mut list = self.changes.lock();
        if list.is_polling {
            drop(list);
            return self.update(port, state);
        }
        // Under the same lock: a poll that begins after this finds it in the list.
        if !state.is_in_changes {
            state.is_in_changes = true;
            list.sockets.push_back(Arc::clone(self));
        }
        Ok(())
    }

    fn put_into_changes(self: &Arc<Self>, state: &mut State) {
        if !state.is_in_changes {
            state.is_in_changes = true;
            self.changes.lock().sockets.push_back(Arc::clone(self));
        }
    }

    /// Makes the request ask what is to be asked now.
    fn update(self: &Arc<Self>, port: &Port, state: &mut State) -> io::Result<()> {
        let question = state.arming.question();
        if state.is_deregistered || question == 0 {
            return Ok(());
        }
        if let Some(under_way) = &state.under_way {
            // What is asked beyond the question does no harm but a packet without an event.
            if question & !under_way.asked != 0 {
                self.cancel(state);
            }
            return Ok(());
        }
        let Some(mut request) = state.idle.take() else {
            return Ok(());
        };
        request.data.info.ask(self.base, question);
        request.data.socket = Some(Arc::clone(self));
        match self.place.poll(port, request) {
            Ok(id) => {
                state.under_way = Some(UnderWay {
                    id,
                    asked: question,
                    is_cancelled: false,
                });
                Ok(())
            }
            Err((mut request, err)) => {
                request.data.socket = None;
                state.idle = Some(request);
                Err(err)
            }
        }
    }

    /// Makes the packet of the request come now.
    fn cancel(&self, state: &mut State) {
        if let Some(under_way) = &mut state.under_way {
            if !under_way.is_cancelled {
                under_way.is_cancelled = true;
                self.place.cancel(under_way.id);
            }
        }
    }

    /// The request has come back.
    fn take(self: &Arc<Self>, request: Box<Operation<Request>>) -> Option<NativeEvent> {
        let mut state = self.lock();
        let answer = match request.status() {
            STATUS_CANCELLED => 0,
            // AFD could not do it, for instance because the network is gone.
            status if status < 0 => ABORT,
            _ => request.data.info.answer(),
        };
        state.idle = Some(request);
        state.under_way = None;
        if state.is_deregistered {
            return None;
        }
        if answer & LOCAL_CLOSE != 0 {
            // Closed without being deregistered: as on epoll, that ends the registration.
            state.arming = Arming::over();
            return None;
        }
        let fresh = state.arming.take(answer);
        self.put_into_changes(&mut state);
        (fresh != 0).then(|| NativeEvent::new(state.token, fresh))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Complete for Request {
    fn complete(mut operation: Box<Operation<Request>>) -> Option<NativeEvent> {
        let socket = operation.data.socket.take()?;
        socket.take(operation)
    }
}

impl Changes {
    /// Makes every request ask what is to be asked now. From then on until
    /// [`end_poll`](Self::end_poll) changes act at once.
    ///
    /// The first error is handed back, and keeps no other socket from being asked about.
    pub(super) fn begin_poll(&self, port: &Port) -> io::Result<()> {
        self.begin(|socket, state| socket.update(port, state))
    }

    fn begin(&self, update: impl Fn(&Arc<Socket>, &mut State) -> io::Result<()>) -> io::Result<()> {
        let mut result = Ok(());
        loop {
            let mut list = self.lock();
            let Some(socket) = list.sockets.pop_front() else {
                let ChangeList {
                    sockets, refused, ..
                } = &mut *list;
                std::mem::swap(sockets, refused);
                list.is_polling = true;
                return result;
            };
            drop(list);
            let mut state = socket.lock();
            state.is_in_changes = false;
            match update(&socket, &mut state) {
                // Closed without being deregistered, which ends the registration.
                Err(err) if err.raw_os_error() == Some(ERROR_INVALID_HANDLE as i32) => {
                    state.arming = Arming::over();
                }
                Err(err) => {
                    // Nothing is lost: it is tried again by the next poll.
                    state.is_in_changes = true;
                    self.lock().refused.push_back(Arc::clone(&socket));
                    result = result.and(Err(err));
                }
                Ok(()) => {}
            }
        }
    }

    pub(super) fn end_poll(&self) {
        self.lock().is_polling = false;
    }

    /// Lets go of all sockets in the list.
    pub(super) fn clear(&self) {
        let mut list = self.lock();
        let sockets = std::mem::take(&mut list.sockets);
        let refused = std::mem::take(&mut list.refused);
        drop(list);
        drop((sockets, refused));
    }

    /// Each socket is in the list once at most, so that nothing but this allocates.
    fn make_room(&self) {
        let mut list = self.lock();
        list.registered += 1;
        let registered = list.registered;
        list.sockets.reserve(registered);
        list.refused.reserve(registered);
    }

    fn give_up_room(&self) {
        self.lock().registered -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, ChangeList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// A lock is not held while a stranger's writer runs.
impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut socket = f.debug_struct("Socket");
        socket.field("base", &self.base).finish_non_exhaustive()
    }
}

/// The socket that AFD knows, below all that is layered above it.
///
/// `below` is the system call that answers such questions. Some layered providers refuse the
/// question for the base and answer those for the next socket below, which are Winsock's own; so we
/// go down one step by one of them and ask again.
fn base(
    socket: RawSocket,
    below: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
) -> io::Result<RawSocket> {
    const STEPS: [u32; 3] = [SIO_BSP_HANDLE_SELECT, SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE];
    /// More layers than anybody has. Two that name each other would be passed for ever.
    const LAYERS: usize = 64;
    let mut socket = socket;
    for _ in 0..LAYERS {
        let err = match below(socket, SIO_BASE_HANDLE) {
            Ok(base) => return Ok(base),
            Err(err) if err.raw_os_error() == Some(WSAENOTSOCK) => return Err(err),
            Err(err) => err,
        };
        let mut steps = STEPS.iter().filter_map(|step| below(socket, *step).ok());
        match steps.find(|next| *next != socket) {
            Some(next) => socket = next,
            None => return Err(err),
        }
    }
    let message = "this socket is layered on providers that do not end";
    Err(io::Error::other(message))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::UdpSocket;
    use std::os::windows::io::AsRawSocket;

    use super::*;
    use crate::sys::afd::group::Groups;

    #[test]
    fn a_socket_that_is_refused_keeps_no_other_from_being_asked_about() {
        let port = Port::new().unwrap();
        let (groups, changes) = (Arc::<Groups>::default(), Arc::<Changes>::default());
        let sources = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let sockets: Vec<_> = (0..3)
            .map(|number| {
                let (place, source) = (groups.place(&port).unwrap(), &sources[number]);
                let (source, token) = (source.as_raw_socket(), Token(number));
                Socket::register(&port, place, &changes, source, token, Interest::READABLE).unwrap()
            })
            .collect();
        for socket in &sockets {
            socket.put_into_changes(&mut socket.lock());
        }
        let asked = RefCell::new(Vec::new());
        let error = |number| io::Error::from_raw_os_error(1 + number as i32);
        let result = changes.begin(|_, state| {
            asked.borrow_mut().push(state.token.0);
            match state.token.0 {
                2 => Ok(()),
                number => Err(error(number)),
            }
        });
        assert_eq!(result.unwrap_err().raw_os_error(), error(0).raw_os_error());
        assert_eq!(asked.take(), [0, 1, 2]);
        assert!(changes.lock().is_polling);
        changes.end_poll();
        // Those that were refused, and they alone, are tried again.
        let result = changes.begin(|_, state| {
            asked.borrow_mut().push(state.token.0);
            Ok(())
        });
        result.unwrap();
        assert_eq!(asked.take(), [0, 1]);
        for socket in &sockets {
            socket.deregister();
        }
    }

    fn refused() -> io::Error {
        io::Error::from_raw_os_error(windows_sys::Win32::Networking::WinSock::WSAEOPNOTSUPP)
    }

    #[test]
    fn the_base_is_asked_for_first() {
        let below = |_, code| {
            assert_eq!(code, SIO_BASE_HANDLE);
            Ok(7)
        };
        assert_eq!(base(9, below).unwrap(), 7);
    }

    #[test]
    fn layers_that_hide_the_base_are_passed_step_by_step() {
        // 9 is layered on 8, 8 on 7; only 7 tells its base.
        let below = |socket, code| match (socket, code) {
            (7, SIO_BASE_HANDLE) => Ok(7),
            (_, SIO_BASE_HANDLE) => Err(refused()),
            (9, SIO_BSP_HANDLE_POLL) => Ok(8),
            (8, SIO_BSP_HANDLE_SELECT) => Ok(8),
            (8, SIO_BSP_HANDLE) => Ok(7),
            _ => Err(refused()),
        };
        assert_eq!(base(9, below).unwrap(), 7);
    }

    #[test]
    fn a_layer_that_tells_nothing_is_an_error() {
        assert_eq!(
            base(9, |_, _| Err(refused())).unwrap_err().raw_os_error(),
            refused().raw_os_error()
        );
        let itself = |socket, code| match code {
            SIO_BASE_HANDLE => Err(refused()),
            _ => Ok(socket),
        };
        assert!(base(9, itself).is_err(), "a step that leads nowhere");
        let each_other = |socket, code| match code {
            SIO_BASE_HANDLE => Err(refused()),
            _ => Ok(socket ^ 1),
        };
        assert!(base(8, each_other).is_err(), "steps that lead in a circle");
    }
}
