//! Every order of the steps of users and of the kernel, up to a number of steps, with one or two
//! registrations. In each order:
//!
//! * no event is lost, and none is repeated without a change;
//! * no event is reported for a registration that has ended, or with a token that was replaced;
//! * at most one request is in flight for a socket;
//! * nothing is left when all registrations have ended.
//!
//! A world can't be cloned, so each order is played from its beginning.

use crate::interest::Mode;
use crate::sys::Direction;
use crate::sys::afd::event::{self, ABORT, FAILURE, READ, RECEIVE, SEND, WRITE};
use crate::sys::afd::rounds::Rounds;
use crate::sys::afd::socket::Registration;
use crate::sys::afd::tests::fake::{Fake, Poller};
use crate::{Interest, Token};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The options of a registration.
#[derive(Debug, Clone, Copy)]
struct Plan {
    interests: Interest,
    /// Registered by number.
    is_raw: bool,
    handle: Handle,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Handle {
    /// A socket of its own.
    Own,
    /// The handle of the first registration.
    First,
    /// A duplicate of that handle.
    Duplicate,
}

/// The faults of the device.
#[derive(Debug, Clone, Copy, Default)]
struct Device {
    has_late_packets: bool,
    cancelled_report: bool,
    has_small_buffer: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// A poll begins to wait.
    Begin,
    /// The poll takes the packets in the port, and ends.
    Take,
    /// A late packet arrives.
    Arrive(usize),
    /// The socket of a registration becomes ready.
    Ready(usize, u32),
    /// The user reads or writes until `WouldBlock`.
    Drain(usize),
    Reregister(usize),
    Deregister(usize),
    Register(usize),
    /// The socket of a registration is closed, and its number is reused. A tracked registration is
    /// deregistered before; a registration by number is not. If the flag is set, the new socket is
    /// registered.
    Reopen(usize, bool),
    /// One of two handles of a socket is closed, and its number is reused. The handle is
    /// deregistered before, and the new socket is registered.
    Replace(usize),
}

struct World {
    poller: Poller,
    users: Vec<User>,
    is_polling: bool,
    last_token: usize,
}

struct User {
    plan: Plan,
    handle: usize,
    token: usize,
    is_registered: bool,
    registration: Option<Registration<Fake>>,
    /// The events that must be reported if they are ready.
    due: u32,
    events: usize,
}

impl World {
    fn new(plans: &[Plan], device: Device) -> World {
        let poller = Poller::new();
        let mut world = World {
            poller,
            users: Vec::new(),
            is_polling: false,
            last_token: 0,
        };
        if device.has_small_buffer {
            world.poller.capacity = 1;
        }
        let fake = world.poller.fake.clone();
        fake.kernel().has_late_packets = device.has_late_packets;
        fake.kernel().cancelled_report = device.cancelled_report;
        for plan in plans {
            let handle = match plan.handle {
                Handle::Own => fake.socket(),
                Handle::First => world.users[0].handle,
                Handle::Duplicate => fake.duplicate(world.users[0].handle),
            };
            world.users.push(User {
                plan: *plan,
                handle,
                token: 0,
                is_registered: false,
                registration: None,
                due: 0,
                events: 0,
            });
            world.register(world.users.len() - 1);
        }
        world
    }

    /// Returns the possible next steps.
    fn steps(&self) -> Vec<Step> {
        let mut steps = vec![if self.is_polling {
            Step::Take
        } else {
            Step::Begin
        }];
        let late = self.poller.fake.late();
        steps.extend((late > 0).then_some(Step::Arrive(0)));
        steps.extend((late > 1).then(|| Step::Arrive(late - 1)));
        let is_shared = self
            .users
            .iter()
            .any(|user| user.plan.handle != Handle::Own);
        let is_duplicated = self
            .users
            .iter()
            .any(|user| user.plan.handle == Handle::Duplicate);
        for (index, user) in self.users.iter().enumerate() {
            if user.plan.handle == Handle::Own {
                for events in [RECEIVE, SEND, ABORT] {
                    let is_new = !self.poller.fake.is_ready(user.handle, events);
                    let is_of_interest = events == ABORT || user.watched() & events != 0;
                    if is_new && (is_of_interest || is_shared) {
                        steps.push(Step::Ready(index, events));
                    }
                }
                if !is_shared {
                    steps.push(Step::Reopen(index, true));
                    // While its event is in the port, a closed number looks like an open one.
                    let is_known = !self.poller.fake.has_packet(user.handle);
                    if user.plan.is_raw && user.is_registered && is_known {
                        steps.push(Step::Reopen(index, false));
                    }
                }
            }
            if is_duplicated {
                steps.push(Step::Replace(index));
            }
            if self.poller.fake.is_ready(user.handle, user.watched()) {
                steps.push(Step::Drain(index));
            }
            if user.is_registered {
                steps.extend([Step::Reregister(index), Step::Deregister(index)]);
            } else {
                steps.push(Step::Register(index));
            }
        }
        steps
    }

    fn play(&mut self, step: Step) {
        let fake = self.poller.fake.clone();
        match step {
            Step::Begin => {
                self.poller.events.clear();
                self.poller.begin().unwrap();
                self.is_polling = true;
            }
            Step::Take => self.take(),
            Step::Arrive(index) => fake.arrive(index),
            Step::Ready(index, events) => self.add_ready(index, events),
            Step::Drain(index) => self.drain(index),
            Step::Reregister(index) => {
                let token = self.token();
                let user = &mut self.users[index];
                let raw = self.poller.sockets.find_raw(user.handle);
                let registration = user.registration.as_ref().or(raw.as_ref()).unwrap();
                let interests = user.plan.interests;
                registration
                    .reregister(&fake, Token(token), interests)
                    .unwrap();
                user.begin(token);
            }
            Step::Deregister(index) => self.deregister(index),
            Step::Register(index) => self.register(index),
            Step::Reopen(index, register) => {
                if !self.users[index].plan.is_raw && self.users[index].is_registered {
                    self.deregister(index);
                }
                fake.close(self.users[index].handle);
                assert_eq!(fake.socket(), self.users[index].handle);
                self.users[index].is_registered = false;
                if register {
                    self.register(index);
                }
            }
            Step::Replace(index) => {
                if self.users[index].is_registered {
                    self.deregister(index);
                }
                fake.close(self.users[index].handle);
                assert_eq!(fake.socket(), self.users[index].handle);
                for user in &mut self.users {
                    user.plan.handle = Handle::Own;
                }
                self.register(index);
            }
        }
    }

    fn add_ready(&mut self, index: usize, events: u32) {
        let handle = self.users[index].handle;
        let fake = &self.poller.fake;
        let all = [RECEIVE, SEND, ABORT].into_iter();
        let before = all.filter(|event| fake.is_ready(handle, *event));
        fake.set(handle, before.sum::<u32>() | events);
    }

    fn drain(&mut self, index: usize) {
        let fake = self.poller.fake.clone();
        let user = &mut self.users[index];
        let watched = user.watched();
        let left = [RECEIVE, SEND]
            .into_iter()
            .filter(|event| watched & event == 0 && fake.is_ready(user.handle, *event));
        fake.set(user.handle, left.sum());
        if let Some(registration) = &user.registration {
            for (direction, events) in [(Direction::Read, READ), (Direction::Write, WRITE)] {
                if watched & events != 0 {
                    registration.would_block(&fake, direction);
                }
            }
            if user.plan.interests.mode() == Mode::Edge {
                user.due = watched;
            }
        }
    }

    fn register(&mut self, index: usize) {
        let token = self.token();
        let Poller { fake, sockets, .. } = &self.poller;
        let user = &mut self.users[index];
        let (handle, interests) = (user.handle, user.plan.interests);
        if user.plan.is_raw {
            sockets
                .register_raw(fake, handle, Token(token), interests)
                .unwrap();
        } else {
            let registration = sockets.register(fake, handle, Token(token), interests);
            user.registration = Some(registration.unwrap());
        }
        user.begin(token);
    }

    fn deregister(&mut self, index: usize) {
        let Poller { fake, sockets, .. } = &self.poller;
        let user = &mut self.users[index];
        user.is_registered = false;
        if let Some(registration) = user.registration.take() {
            sockets.deregister(fake, &registration);
        } else {
            let registration = sockets.find_raw(user.handle).unwrap();
            sockets.remove_raw(user.handle, &registration);
            sockets.deregister(fake, &registration);
        }
    }

    fn token(&mut self) -> usize {
        self.last_token += 1;
        self.last_token
    }

    fn take(&mut self) {
        self.poller.take(None).unwrap();
        self.poller.sockets.changes().guard(&self.poller.fake);
        self.is_polling = false;
        self.note_events();
    }

    fn note_events(&mut self) {
        for event in &self.poller.events {
            let (token, flags) = (event::token(event).0, event::flags(event));
            let mut users = self.users.iter_mut().filter(|user| user.is_registered);
            let user = users.find(|user| user.token == token);
            let user = user.unwrap_or_else(|| panic!("an event of nobody: {token}, {flags:#x}"));
            assert!(flags != 0 && flags & !user.watched() == 0, "{flags:#x}");
            user.events += 1;
            match user.plan.interests.mode() {
                Mode::Level => {}
                // A failure is an event in both directions, and the last one.
                Mode::Edge if flags & FAILURE != 0 => user.due = 0,
                Mode::Edge => user.due &= !flags,
                Mode::Oneshot => {
                    assert_eq!(user.events, 1, "once is once");
                    user.due = 0;
                }
            }
        }
    }

    fn poll(&mut self) {
        self.poller.poll();
        self.note_events();
    }

    /// Runs until nothing changes any more, and checks the final state.
    fn settle(&mut self) {
        if self.is_polling {
            self.take();
        }
        self.poller.fake.kernel().has_late_packets = false;
        while self.poller.fake.late() > 0 {
            self.poller.fake.arrive(0);
        }
        for _ in 0..6 {
            self.poll();
        }
        for user in &mut self.users {
            user.events = if user.plan.interests.is_oneshot() {
                user.events
            } else {
                0
            };
        }
        let fired: Vec<_> = self.users.iter().map(|user| user.events).collect();
        const POLLS: usize = 4;
        for _ in 0..POLLS {
            self.poll();
        }
        for (user, fired) in self.users.iter().zip(fired) {
            let is_level = user.plan.interests.mode() == Mode::Level;
            if !is_level && user.is_registered {
                let is_lost = self.poller.fake.is_ready(user.handle, user.due);
                assert!(!is_lost, "an event was lost: {:?}", user.plan);
            }
            let ready = self.poller.fake.is_ready(user.handle, user.watched());
            let repeated = user.events - fired;
            if is_level && ready && user.is_registered {
                assert!(repeated >= POLLS / 2, "a level lasts: {:?}", user.plan);
            } else {
                assert_eq!(repeated, 0, "no news: {:?}", user.plan);
            }
        }
        assert_eq!(
            self.poller.fake.kernel().doubled,
            0,
            "one request at a time"
        );
        self.end();
    }

    fn end(&mut self) {
        for index in 0..self.users.len() {
            if self.users[index].is_registered {
                self.deregister(index);
            }
        }
        for _ in 0..2 {
            self.poll();
        }
        let Poller { fake, sockets, .. } = &self.poller;
        sockets.clear(fake);
        self.poll();
        assert_eq!(self.poller.sockets.known(), 0, "nothing is known");
        assert_eq!(self.poller.under_way(), 0, "nothing is under way");
    }
}

impl User {
    fn begin(&mut self, token: usize) {
        self.token = token;
        self.is_registered = true;
        self.events = 0;
        self.due = self.watched();
    }

    fn watched(&self) -> u32 {
        let interests = self.plan.interests;
        let read = if interests.is_readable() { READ } else { 0 };
        let write = if interests.is_writable() { WRITE } else { 0 };
        read | write | FAILURE
    }
}

/// Plays every order of `depth` steps. Returns the number of orders.
fn explore(plans: &[Plan], device: Device, depth: usize) -> usize {
    fn go(plans: &[Plan], device: Device, path: &mut Vec<Step>, left: usize) -> usize {
        let mut world = World::new(plans, device);
        for step in &*path {
            world.play(*step);
        }
        if left == 0 {
            world.settle();
            return 1;
        }
        let mut count = 0;
        for step in world.steps() {
            path.push(step);
            count += go(plans, device, path, left - 1);
            path.pop();
        }
        count
    }
    let mut path = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        go(plans, device, &mut path, depth)
    }));
    result.unwrap_or_else(|panic| {
        eprintln!("{plans:?} {device:?} after {path:?}");
        std::panic::resume_unwind(panic)
    })
}

const DEVICES: [Device; 4] = [
    Device {
        has_late_packets: false,
        cancelled_report: false,
        has_small_buffer: false,
    },
    Device {
        has_late_packets: false,
        cancelled_report: true,
        has_small_buffer: true,
    },
    Device {
        has_late_packets: true,
        cancelled_report: false,
        has_small_buffer: true,
    },
    Device {
        has_late_packets: true,
        cancelled_report: true,
        has_small_buffer: false,
    },
];

/// Windows runs in an emulator in CI, where more steps take long and show nothing more.
const DEPTH: usize = if cfg!(windows) { 3 } else { 5 };

fn explore_all(plans: &[Plan], depth: usize) {
    let orders = DEVICES.map(|device| explore(plans, device, depth));
    let fewest = 4_usize.pow(depth as u32);
    assert!(orders.iter().all(|count| *count > fewest), "{orders:?}");
}

fn ours(interests: Interest, handle: Handle) -> Plan {
    Plan {
        interests,
        is_raw: false,
        handle,
    }
}

fn raw(interests: Interest, handle: Handle) -> Plan {
    Plan {
        interests,
        is_raw: true,
        handle,
    }
}

#[test]
fn one_edge() {
    explore_all(&[ours(BOTH, Handle::Own)], DEPTH);
}

#[test]
fn one_level_or_oneshot() {
    for interests in [Interest::READABLE.level(), Interest::READABLE.oneshot()] {
        explore_all(&[ours(interests, Handle::Own)], DEPTH);
    }
}

#[test]
fn one_raw_level_or_oneshot() {
    for interests in [Interest::READABLE.level(), Interest::READABLE.oneshot()] {
        explore_all(&[raw(interests, Handle::Own)], DEPTH);
    }
}

#[test]
fn a_reader_and_a_writer_of_one_socket() {
    let reader = ours(Interest::READABLE, Handle::Own);
    explore_all(
        &[reader, ours(Interest::WRITABLE, Handle::Duplicate)],
        DEPTH - 1,
    );
    explore_all(
        &[reader, ours(Interest::WRITABLE, Handle::First)],
        DEPTH - 1,
    );
}

#[test]
fn an_edge_and_a_raw_level_of_one_socket() {
    let edge = ours(Interest::READABLE, Handle::Own);
    explore_all(
        &[edge, raw(Interest::READABLE.level(), Handle::First)],
        DEPTH - 1,
    );
    explore_all(&[edge, raw(BOTH.oneshot(), Handle::Duplicate)], DEPTH - 1);
}

#[test]
fn two_raw_handles_of_one_socket() {
    let level = raw(Interest::READABLE.level(), Handle::Own);
    explore_all(
        &[level, raw(Interest::READABLE.oneshot(), Handle::Duplicate)],
        4,
    );
}

#[test]
fn two_sockets() {
    let level = raw(Interest::READABLE.level(), Handle::Own);
    explore_all(&[ours(Interest::READABLE, Handle::Own), level], DEPTH - 1);
}
