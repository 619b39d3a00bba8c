//! A fake device, which behaves as the real one is known to behave:
//!
//! * A request completes at once if one of its events is already there.
//! * With two requests in flight for one socket, the wrong one completes without events, and the
//!   other one never does.
//! * A cancelled request may complete with events that came just before.
//! * A packet may be late, and packets may be reordered.
//! * Closing the last handle of a socket completes its request with `LOCAL_CLOSE`, whatever events
//!   it asked for. The number of the socket is then reused.
//! * A layered socket refuses the query for its base.
//!
//! The fake counts requests for a socket that has one in flight already, so that tests can detect
//! them.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::sys::afd::device::{Device, SocketHandle};
use crate::sys::afd::event::{self, LOCAL_CLOSE, NativeEvent};
use crate::sys::afd::layers::{self, Below};
use crate::sys::afd::rounds::{Rounds, Taken};
use crate::sys::afd::socket::Socket;
use crate::sys::afd::sockets::Sockets;

/// The error codes of Windows.
const ERROR_INVALID_HANDLE: i32 = 6;
const WSAENOTSOCK: i32 = 10038;
const WSAEOPNOTSUPP: i32 = 10045;

#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<Kernel>>);

#[derive(Default)]
pub(super) struct Kernel {
    /// The ready events of each file. Files are never reused.
    pub(super) ready: Vec<u32>,
    handles: BTreeMap<SocketHandle, usize>,
    /// Layered handles, with the handle below each.
    layered: BTreeMap<SocketHandle, SocketHandle>,
    requests: Vec<Request>,
    /// Packets that have not reached the port yet.
    late: Vec<Packet>,
    port: VecDeque<Packet>,
    last_id: usize,
    /// Holds packets back until [`Fake::arrive`].
    pub(super) has_late_packets: bool,
    /// A cancelled request completes with the events that are ready by then.
    pub(super) cancelled_report: bool,
    /// The next requests fail with these codes.
    pub(super) refusals: VecDeque<i32>,
    /// Handles whose requests fail, and the error of each.
    pub(super) refused: Vec<(SocketHandle, i32)>,
    pub(super) open_fails: Option<io::ErrorKind>,
    /// Called once, when the next request is about to be started.
    pub(super) on_poll: Option<Box<dyn FnOnce() + Send>>,
    /// The number of requests for a socket that had one in flight already.
    pub(super) doubled: usize,
    pub(super) started: usize,
    pub(super) cancelled: usize,
    pub(super) interrupts: usize,
}

struct Request {
    id: usize,
    file: usize,
    asked: u32,
    socket: Arc<Socket<Fake>>,
    /// The request never completes, unless it is cancelled.
    is_stuck: bool,
}

struct Packet {
    request: Request,
    answer: u32,
}

impl Fake {
    pub(super) fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.0.lock().unwrap()
    }

    /// Creates a socket, with the lowest free number.
    pub(super) fn socket(&self) -> SocketHandle {
        let mut kernel = self.kernel();
        kernel.ready.push(0);
        let file = kernel.ready.len() - 1;
        kernel.handle(file)
    }

    /// Creates a duplicate of the handle.
    pub(super) fn duplicate(&self, handle: SocketHandle) -> SocketHandle {
        let mut kernel = self.kernel();
        let file = kernel.handles[&handle];
        kernel.handle(file)
    }

    /// Creates a handle that is layered above another one.
    pub(super) fn layer(&self, below: SocketHandle) -> SocketHandle {
        let mut kernel = self.kernel();
        let handle = kernel.free_number();
        kernel.layered.insert(handle, below);
        handle
    }

    pub(super) fn close(&self, handle: SocketHandle) {
        let mut kernel = self.kernel();
        let file = kernel.handles.remove(&handle).expect("an open handle");
        if !kernel.handles.values().any(|other| *other == file) {
            kernel.end_requests(file, LOCAL_CLOSE, true);
        }
    }

    /// Sets the ready events.
    pub(super) fn set(&self, handle: SocketHandle, ready: u32) {
        let mut kernel = self.kernel();
        let file = kernel.handles[&handle];
        kernel.ready[file] = ready;
        kernel.end_requests(file, ready, false);
    }

    pub(super) fn is_ready(&self, handle: SocketHandle, events: u32) -> bool {
        let kernel = self.kernel();
        let file = kernel.handles.get(&handle);
        file.is_some_and(|file| kernel.ready[*file] & events != 0)
    }

    /// Returns `true` if the port has a packet with an event of this socket.
    pub(super) fn has_packet(&self, handle: SocketHandle) -> bool {
        let kernel = self.kernel();
        let file = kernel.handles[&handle];
        let mut packets = kernel.late.iter().chain(&kernel.port);
        packets.any(|packet| {
            let reported = kernel.answer(packet);
            packet.request.file == file && reported != 0
        })
    }

    /// Returns the number of late packets.
    pub(super) fn late(&self) -> usize {
        self.kernel().late.len()
    }

    /// Moves a late packet to the port.
    pub(super) fn arrive(&self, index: usize) {
        let mut kernel = self.kernel();
        let packet = kernel.late.remove(index);
        kernel.port.push_back(packet);
    }

    /// Takes a packet, and creates its event. The inner `None` is a packet without an event.
    pub(super) fn take(&self) -> Option<Option<NativeEvent>> {
        let packet = {
            let mut kernel = self.kernel();
            let mut packet = kernel.port.pop_front()?;
            packet.answer = kernel.answer(&packet);
            packet
        };
        let Request { id, socket, .. } = packet.request;
        Some(socket.take(id, (), packet.answer))
    }
}

impl Kernel {
    fn handle(&mut self, file: usize) -> SocketHandle {
        let number = self.free_number();
        self.handles.insert(number, file);
        number
    }

    /// Returns the events of a packet at the time it is taken.
    fn answer(&self, packet: &Packet) -> u32 {
        let Request { file, asked, .. } = packet.request;
        if packet.answer == 0 && self.cancelled_report {
            return self.ready[file] & asked;
        }
        packet.answer
    }

    fn free_number(&self) -> SocketHandle {
        let mut numbers = 1..;
        let is_free = |number: &usize| {
            !self.handles.contains_key(number) && !self.layered.contains_key(number)
        };
        numbers.find(is_free).expect("a free number")
    }

    /// Completes the request that must end because of these events.
    fn end_requests(&mut self, file: usize, events: u32, whatever_asked: bool) {
        let is_due = |request: &Request| {
            let is_met = whatever_asked || request.asked & events != 0;
            request.file == file && is_met && !request.is_stuck
        };
        while let Some(due) = self.requests.iter().position(is_due) {
            let mut others = self.requests.iter().enumerate();
            let other = others.find(|(index, request)| *index != due && request.file == file);
            if let Some((wrong, _)) = other {
                self.requests[due].is_stuck = true;
                let request = self.requests.remove(wrong);
                self.end(request, 0);
                continue;
            }
            let request = self.requests.remove(due);
            let asked = if whatever_asked {
                events
            } else {
                request.asked
            };
            self.end(request, events & asked);
        }
    }

    fn end(&mut self, request: Request, answer: u32) {
        let packet = Packet { request, answer };
        if self.has_late_packets {
            self.late.push(packet);
        } else {
            self.port.push_back(packet);
        }
    }
}

impl Device for Fake {
    type Afd = Fake;
    type Memory = ();
    type Id = usize;

    fn memory() {}

    fn open(&self) -> io::Result<Fake> {
        match self.kernel().open_fails {
            Some(kind) => Err(kind.into()),
            None => Ok(self.clone()),
        }
    }

    fn base(&self, socket: SocketHandle) -> io::Result<SocketHandle> {
        layers::base(socket, |socket, question| {
            let kernel = self.kernel();
            let code = match kernel.layered.get(&socket) {
                Some(below) if question == Below::Poll => return Ok(*below),
                Some(_) => WSAEOPNOTSUPP,
                None if !kernel.handles.contains_key(&socket) => WSAENOTSOCK,
                None => return Ok(socket),
            };
            Err(io::Error::from_raw_os_error(code))
        })
    }

    fn has_duplicates(&self, base: SocketHandle) -> bool {
        let kernel = self.kernel();
        let file = kernel.handles.get(&base);
        kernel
            .handles
            .values()
            .filter(|other| Some(*other) == file)
            .count()
            > 1
    }

    fn is_same(&self, one: SocketHandle, other: SocketHandle) -> bool {
        let kernel = self.kernel();
        let file = kernel.handles.get(&one);
        file.is_some() && file == kernel.handles.get(&other)
    }

    fn poll(
        &self,
        _: &Fake,
        (): (),
        socket: &Arc<Socket<Fake>>,
        base: SocketHandle,
        asked: u32,
    ) -> Result<usize, ((), io::Error)> {
        let on_poll = self.kernel().on_poll.take();
        if let Some(on_poll) = on_poll {
            on_poll();
        }
        let mut kernel = self.kernel();
        let refused = kernel.refused.iter().find(|(handle, _)| *handle == base);
        let refusal = refused.map(|(_, code)| *code);
        if let Some(code) = refusal.or_else(|| kernel.refusals.pop_front()) {
            return Err(((), io::Error::from_raw_os_error(code)));
        }
        let Some(file) = kernel.handles.get(&base).copied() else {
            return Err(((), io::Error::from_raw_os_error(ERROR_INVALID_HANDLE)));
        };
        kernel.started += 1;
        kernel.last_id += 1;
        let id = kernel.last_id;
        if kernel.requests.iter().any(|other| other.file == file) {
            kernel.doubled += 1;
        }
        kernel.requests.push(Request {
            id,
            file,
            asked,
            socket: Arc::clone(socket),
            is_stuck: false,
        });
        let ready = kernel.ready[file];
        kernel.end_requests(file, ready, false);
        Ok(id)
    }

    fn cancel(fake: &Fake, request: usize) -> bool {
        let mut kernel = fake.kernel();
        kernel.cancelled += 1;
        let position = kernel.requests.iter().position(|other| other.id == request);
        let Some(index) = position else {
            return false;
        };
        let request = kernel.requests.remove(index);
        kernel.end(request, 0);
        true
    }

    fn interrupt(&self) -> io::Result<()> {
        self.kernel().interrupts += 1;
        Ok(())
    }

    fn is_closed(err: &io::Error) -> bool {
        err.raw_os_error() == Some(ERROR_INVALID_HANDLE)
    }
}

/// A poll with the fake device.
pub(super) struct Poller {
    pub(super) fake: Fake,
    pub(super) sockets: Arc<Sockets<Fake>>,
    pub(super) events: Vec<NativeEvent>,
    /// The size of the buffer of events.
    pub(super) capacity: usize,
}

impl Poller {
    pub(super) fn new() -> Poller {
        Poller {
            fake: Fake::default(),
            sockets: Sockets::new(),
            events: Vec::new(),
            capacity: 64,
        }
    }

    /// Polls without waiting. Returns the tokens and flags of the events, by token.
    pub(super) fn poll(&mut self) -> Vec<(usize, u32)> {
        use crate::sys::deadline::Deadline;
        self.events.clear();
        self.deliver_more();
        if self.events.is_empty() {
            crate::sys::afd::rounds::run(self, &Deadline::Now).unwrap();
            self.sockets.changes().guard(&self.fake);
        }
        self.reported()
    }

    pub(super) fn reported(&self) -> Vec<(usize, u32)> {
        let reported = |event| (event::token(event).0, event::flags(event));
        let mut reported: Vec<_> = self.events.iter().map(reported).collect();
        reported.sort_unstable();
        reported
    }

    fn deliver_more(&mut self) {
        let room = self.capacity - self.events.len();
        let events = &mut self.events;
        self.sockets.deliver(room, |event| events.push(event));
    }
}

impl Rounds for Poller {
    fn begin(&mut self) -> io::Result<()> {
        self.sockets.changes().begin_poll(&self.fake)
    }

    fn take(&mut self, _: Option<Duration>) -> io::Result<Taken> {
        self.sockets.changes().end_poll();
        let mut packets = 0;
        while packets < self.capacity {
            let Some(event) = self.fake.take() else {
                break;
            };
            packets += 1;
            self.events.extend(event);
        }
        self.deliver_more();
        Ok(Taken {
            packets,
            has_events: !self.events.is_empty(),
        })
    }

    fn under_way(&self) -> usize {
        let kernel = self.fake.kernel();
        kernel.requests.len() + kernel.late.len() + kernel.port.len()
    }
}
