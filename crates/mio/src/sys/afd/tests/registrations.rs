//! The guarantees of a registration, one at a time.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::sys::Direction;
use crate::sys::afd::event::{ABORT, CONNECT_FAIL, DISCONNECT, RECEIVE, SEND};
use crate::sys::afd::socket::Registration;
use crate::sys::afd::tests::fake::{Fake, Poller};
use crate::{Interest, Token};

const READ: Interest = Interest::READABLE;
const WRITE: Interest = Interest::WRITABLE;

impl Poller {
    fn register(&self, handle: usize, token: usize, interests: Interest) -> Registration<Fake> {
        let registered = self
            .sockets
            .register(&self.fake, handle, Token(token), interests);
        registered.unwrap()
    }

    fn register_raw(
        &self,
        handle: usize,
        token: usize,
        interests: Interest,
    ) -> std::io::Result<()> {
        self.sockets
            .register_raw(&self.fake, handle, Token(token), interests)
    }

    /// Polls until there are no more events. Returns all of them.
    fn poll_all(&mut self) -> Vec<(usize, u32)> {
        let mut all = Vec::new();
        for _ in 0..8 {
            all.extend(self.poll());
        }
        all.sort_unstable();
        all
    }
}

#[test]
fn reader_and_writer_of_a_socket_share_a_request() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let clone = fake.duplicate(socket);
    let reader = poller.register(clone, 1, READ);
    let writer = poller.register(socket, 2, WRITE);
    for _ in 0..5 {
        assert_eq!(poller.poll(), []);
        fake.set(socket, RECEIVE);
        assert_eq!(poller.poll(), [(1, RECEIVE)]);
        fake.set(socket, RECEIVE | SEND);
        assert_eq!(poller.poll(), [(2, SEND)]);
        assert_eq!(poller.poll(), []);
        fake.set(socket, 0);
        writer.would_block(&fake, Direction::Write);
        reader.would_block(&fake, Direction::Read);
    }
    assert_eq!(fake.kernel().doubled, 0);
}

#[test]
fn one_answer_is_split_between_registrations() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    poller.register(socket, 1, READ);
    poller.register(fake.duplicate(socket), 2, READ | WRITE);
    poller.register_raw(socket, 3, READ.level()).unwrap();
    assert_eq!(poller.poll(), []);
    fake.set(socket, RECEIVE | DISCONNECT);
    let both = RECEIVE | DISCONNECT;
    assert_eq!(poller.poll(), [(1, both), (2, both), (3, both)]);
    // The level persists.
    assert_eq!(poller.poll(), [(3, both)]);
    fake.set(socket, RECEIVE | DISCONNECT | ABORT);
    let events = poller.poll_all();
    assert!(events.contains(&(1, ABORT)) && events.contains(&(2, ABORT)));
    assert_eq!(fake.kernel().doubled, 0);
}

#[test]
fn events_that_do_not_fit_come_with_the_next_poll() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let registrations = [0, 1, 2, 3].map(|token| poller.register(socket, token, READ));
    poller.capacity = 1;
    assert_eq!(poller.poll(), []);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll(), [(0, RECEIVE)]);
    // Meanwhile one is deregistered, and another one gets a new token.
    poller.sockets.deregister(&fake, &registrations[1]);
    registrations[2].reregister(&fake, Token(12), READ).unwrap();
    let mut events = Vec::new();
    for _ in 0..8 {
        events.extend(poller.poll());
        assert!(poller.events.len() <= 1);
    }
    events.sort_unstable();
    assert_eq!(events, [(3, RECEIVE), (12, RECEIVE)]);
}

#[test]
fn oneshot_that_did_not_fit_is_reported_once_after_reregister() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    poller.register(socket, 0, READ);
    let oneshot = poller.register(socket, 1, (READ | WRITE).oneshot());
    poller.capacity = 1;
    assert_eq!(poller.poll(), []);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll(), [(0, RECEIVE)]);
    let both = (READ | WRITE).oneshot();
    oneshot.reregister(&fake, Token(2), both).unwrap();
    assert_eq!(poller.poll_all(), [(2, RECEIVE)]);
}

#[test]
fn duplicate_stays_watched_after_first_handle_is_closed() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let clone = fake.duplicate(socket);
    let first = poller.register(socket, 1, READ);
    let second = poller.register(clone, 2, READ);
    assert_eq!(poller.poll(), []);
    poller.sockets.deregister(&fake, &first);
    fake.close(socket);
    // A stranger's socket, with the number of the first handle.
    let stranger = fake.socket();
    assert_eq!(stranger, socket);
    let third = poller.register(stranger, 3, READ);
    assert_eq!(poller.poll(), []);
    fake.set(clone, RECEIVE);
    assert_eq!(poller.poll(), [(2, RECEIVE)]);
    fake.set(stranger, RECEIVE);
    assert_eq!(poller.poll(), [(3, RECEIVE)]);
    for registration in [second, third] {
        poller.sockets.deregister(&fake, &registration);
    }
    assert_eq!(poller.poll(), []);
    assert_eq!(fake.kernel().doubled, 0);
}

#[test]
fn layered_socket_shares_the_request_of_its_base() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let layer = fake.layer(fake.layer(socket));
    let one = poller.register(layer, 1, READ);
    let two = poller.register(socket, 2, READ);
    poller.sockets.deregister(&fake, &one);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll(), [(2, RECEIVE)]);
    poller.sockets.deregister(&fake, &two);
    let no_socket = poller.sockets.register(&fake, 99, Token(1), READ);
    assert_eq!(no_socket.unwrap_err().raw_os_error(), Some(10038));
    assert_eq!(fake.kernel().doubled, 0);
}

#[test]
fn closed_raw_number_can_be_registered_at_once() {
    for interests in [READ.level(), READ.oneshot()] {
        // The socket is closed before any poll, after a poll without events, after an event, and
        // after two.
        for polls in 0..4 {
            let mut poller = Poller::new();
            let fake = poller.fake.clone();
            for round in 0..5 {
                let old = fake.socket();
                let tokens = (10 * round, 10 * round + 1);
                poller.register_raw(old, tokens.0, interests).unwrap();
                for poll in 0..polls {
                    if poll == 1 {
                        fake.set(old, RECEIVE);
                    }
                    poller.poll();
                }
                fake.close(old);
                let new = fake.socket();
                assert_eq!(old, new);
                poller.register_raw(new, tokens.1, interests).unwrap();
                fake.set(new, RECEIVE);
                let events = poller.poll();
                assert_eq!(events, [(tokens.1, RECEIVE)], "{interests:?}, {polls}");
                fake.close(new);
                assert_eq!(poller.poll(), []);
            }
            assert_eq!(fake.kernel().doubled, 0);
        }
    }
}

#[test]
fn closed_raw_number_reports_no_new_socket() {
    for interests in [READ.level(), READ.oneshot()] {
        for polls in 0..4 {
            let mut poller = Poller::new();
            let fake = poller.fake.clone();
            let old = fake.socket();
            poller.register_raw(old, 1, interests).unwrap();
            for poll in 0..polls {
                if poll == 1 {
                    fake.set(old, RECEIVE);
                }
                poller.poll();
            }
            fake.close(old);
            let new = fake.socket();
            assert_eq!(old, new);
            fake.set(new, RECEIVE | SEND);
            assert_eq!(poller.poll_all(), [], "{interests:?}, {polls}");
            // A socket that is registered meanwhile has its own events.
            let registration = poller.register(new, 2, READ);
            assert_eq!(poller.poll_all(), [(2, RECEIVE)]);
            poller.sockets.deregister(&fake, &registration);
            assert_eq!(poller.poll_all(), []);
        }
    }
}

#[test]
fn reregistered_raw_number_follows_its_new_socket() {
    for interests in [READ.level(), READ.oneshot()] {
        for has_event in [false, true] {
            let mut poller = Poller::new();
            let fake = poller.fake.clone();
            let old = fake.socket();
            poller.register_raw(old, 1, interests).unwrap();
            fake.set(old, if has_event { RECEIVE } else { 0 });
            poller.poll();
            fake.close(old);
            assert_eq!(fake.socket(), old);
            let registration = poller.sockets.find_raw(old).unwrap();
            registration.reregister(&fake, Token(2), interests).unwrap();
            assert_eq!(poller.poll_all(), []);
            fake.set(old, RECEIVE);
            assert_eq!(poller.poll(), [(2, RECEIVE)]);
        }
    }
}

#[test]
fn open_raw_socket_registered_twice_is_already_exists() {
    for interests in [READ.level(), READ.oneshot()] {
        let mut poller = Poller::new();
        let fake = poller.fake.clone();
        let socket = fake.socket();
        poller.register_raw(socket, 1, interests).unwrap();
        for _ in 0..3 {
            for _ in 0..2 {
                let err = poller.register_raw(socket, 2, interests).unwrap_err();
                assert_eq!(err.kind(), ErrorKind::AlreadyExists);
            }
            assert_eq!(poller.poll(), []);
        }
        fake.set(socket, RECEIVE);
        assert_eq!(poller.poll(), [(1, RECEIVE)]);
        let err = poller.register_raw(socket, 2, interests).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fake.kernel().doubled, 0);
    }
}

#[test]
fn reused_number_is_watched_before_the_next_poll() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    for round in 0..4 {
        let socket = fake.socket();
        let old = poller.register(socket, 1, READ);
        if round % 2 == 0 {
            poller.poll();
        }
        poller.sockets.deregister(&fake, &old);
        fake.close(socket);
        // The packet of the old socket has not been taken.
        assert_eq!(fake.socket(), socket);
        let new = poller.register(socket, 2, READ);
        fake.close(socket);
        assert_eq!(fake.socket(), socket);
        fake.set(socket, RECEIVE);
        assert_eq!(poller.poll(), []);
        poller.sockets.deregister(&fake, &new);
    }
}

#[test]
fn change_while_a_poll_begins_acts_at_once() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    poller.register(socket, 1, READ);
    let other = poller.register(fake.socket(), 2, READ);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll(), [(1, RECEIVE)]);
    let before = fake.kernel().cancelled;
    other.reregister(&fake, Token(3), WRITE).unwrap();
    assert_eq!(fake.kernel().cancelled, before, "a poll is not near");
    assert_eq!(poller.poll(), []);
    fake.set(socket, RECEIVE | DISCONNECT);
    assert_eq!(poller.poll(), [(1, DISCONNECT)]);
    // The list was taken before the first request starts, and is not read again.
    let has_acted = Arc::new(AtomicBool::new(false));
    let hook = {
        let (fake, has_acted) = (fake.clone(), Arc::clone(&has_acted));
        move || {
            let before = fake.kernel().cancelled;
            other.reregister(&fake, Token(4), READ).unwrap();
            has_acted.store(fake.kernel().cancelled == before + 1, Relaxed);
        }
    };
    fake.kernel().on_poll = Some(Box::new(hook));
    assert_eq!(poller.poll(), []);
    assert!(has_acted.load(Relaxed));
}

#[test]
fn refused_request_stops_no_other() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let handles = [(); 3].map(|()| fake.socket());
    for handle in handles {
        fake.set(handle, RECEIVE);
        poller.register(handle, handle, READ);
    }
    assert_eq!(poller.poll().len(), 3);
    // The next request waits for a failure only, and the first two requests fail.
    fake.kernel().refused = vec![(handles[0], 8), (handles[1], 14)];
    let started = fake.kernel().started;
    let changes = poller.sockets.changes();
    let err = changes.begin_poll(&fake).unwrap_err();
    assert_eq!(err.raw_os_error(), Some(8));
    changes.end_poll();
    assert_eq!(fake.kernel().started, started + 1);
    // Only the failed requests are tried again.
    fake.kernel().refused.clear();
    changes.begin_poll(&fake).unwrap();
    changes.end_poll();
    assert_eq!(fake.kernel().started, started + 3);
}

#[test]
fn refused_registration_changes_nothing() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    fake.kernel().refusals.push_back(8);
    let refused = poller.sockets.register(&fake, socket, Token(1), READ);
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(8));
    fake.kernel().refusals.push_back(8);
    assert!(poller.register_raw(socket, 1, READ.level()).is_err());
    assert!(poller.sockets.find_raw(socket).is_none());
    let registration = poller.register(socket, 2, READ);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll_all(), [(2, RECEIVE)]);
    poller.sockets.deregister(&fake, &registration);
    assert_eq!(poller.poll_all(), []);
}

#[test]
fn refused_registration_keeps_the_others_of_its_socket() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    poller.register(socket, 1, READ);
    assert_eq!(poller.poll(), []);
    // The request is replaced, and the new one fails.
    fake.kernel().refusals.push_back(8);
    assert!(poller.register_raw(socket, 2, READ.level()).is_err());
    assert_eq!(poller.poll(), []);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll_all(), [(1, RECEIVE)]);
}

#[test]
fn device_open_error_names_the_device() {
    let poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    fake.kernel().open_fails = Some(ErrorKind::PermissionDenied);
    let err = poller
        .sockets
        .register(&fake, socket, Token(1), READ)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::PermissionDenied);
    assert!(err.to_string().contains(r"\Device\Afd"), "{err}");
    fake.kernel().open_fails = None;
    poller.register(socket, 1, READ);
}

#[test]
fn edge_reports_a_lasting_failure_once() {
    for failure in [ABORT, CONNECT_FAIL] {
        let mut poller = Poller::new();
        let fake = poller.fake.clone();
        let socket = fake.socket();
        poller.register(socket, 1, READ);
        assert_eq!(poller.poll(), []);
        fake.set(socket, failure);
        assert_eq!(poller.poll_all(), [(1, failure)]);
    }
}

#[test]
fn failed_operation_arms_its_direction_again() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let registration = poller.register(socket, 1, READ | WRITE);
    fake.set(socket, RECEIVE);
    for _ in 0..5 {
        assert_eq!(poller.poll_all(), [(1, RECEIVE)]);
        registration.failed(&fake, Direction::Read);
    }
    fake.set(socket, RECEIVE | ABORT);
    assert!(
        poller
            .poll_all()
            .iter()
            .any(|(_, flags)| flags & ABORT != 0)
    );
    registration.failed(&fake, Direction::Unknown);
    assert_eq!(poller.poll_all(), [], "a failure that lasts");
}

#[test]
fn deregistered_sockets_are_forgotten() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    for round in 0..100 {
        let socket = fake.socket();
        let clone = fake.duplicate(socket);
        let one = poller.register(socket, 1, READ);
        let two = poller.register(clone, 2, READ);
        if round % 2 == 0 {
            poller.poll();
        }
        let (first, last) = if round % 3 == 0 {
            (one, two)
        } else {
            (two, one)
        };
        poller.sockets.deregister(&fake, &first);
        poller.sockets.deregister(&fake, &last);
        fake.close(socket);
        fake.close(clone);
    }
    assert_eq!(poller.poll_all(), []);
    assert_eq!(poller.sockets.known(), 0);
    assert_eq!(fake.kernel().doubled, 0);
}

#[test]
fn refused_duplicate_leaves_its_number_to_others() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let socket = fake.socket();
    let first = poller.register(socket, 1, READ);
    let clone = fake.duplicate(socket);
    fake.kernel().refusals.push_back(8);
    assert!(poller.register_raw(clone, 2, READ.level()).is_err());
    assert_eq!(poller.poll(), []);
    fake.close(clone);
    // A stranger's socket, with the number whose request failed.
    let stranger = fake.socket();
    assert_eq!(stranger, clone);
    let other = poller.register(stranger, 3, READ);
    assert_eq!(poller.poll(), []);
    fake.set(stranger, RECEIVE);
    assert_eq!(poller.poll(), [(3, RECEIVE)]);
    fake.set(socket, RECEIVE);
    assert_eq!(poller.poll(), [(1, RECEIVE)]);
    for registration in [first, other] {
        poller.sockets.deregister(&fake, &registration);
    }
    assert_eq!(poller.poll_all(), []);
    assert_eq!(poller.sockets.known(), 0);
}

#[test]
fn duplicate_registered_in_place_of_the_first_leaves_its_number_to_others() {
    for is_raw in [false, true] {
        let mut poller = Poller::new();
        let fake = poller.fake.clone();
        let socket = fake.socket();
        let clone = fake.duplicate(socket);
        let first = poller.register(socket, 1, READ);
        poller.sockets.deregister(&fake, &first);
        // The packet of the first registration has not been taken.
        let second = if is_raw {
            poller.register_raw(clone, 2, READ.level()).unwrap();
            poller.sockets.find_raw(clone).unwrap()
        } else {
            poller.register(clone, 2, READ)
        };
        fake.close(socket);
        let stranger = fake.socket();
        assert_eq!(stranger, socket);
        let third = poller.register(stranger, 3, READ);
        assert_eq!(poller.poll(), []);
        fake.set(stranger, RECEIVE);
        assert_eq!(poller.poll(), [(3, RECEIVE)]);
        for registration in [second, third] {
            poller.sockets.deregister(&fake, &registration);
        }
        assert_eq!(poller.poll_all(), []);
        assert_eq!(poller.sockets.known(), 0);
    }
}

#[test]
fn number_closed_with_open_duplicate_watches_its_new_socket() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let old = fake.socket();
    let _clone = fake.duplicate(old);
    poller.register_raw(old, 1, READ.level()).unwrap();
    assert_eq!(poller.poll(), []);
    fake.close(old);
    assert_eq!(fake.socket(), old);
    let new = poller.register(old, 2, READ);
    assert_eq!(poller.poll(), []);
    fake.set(old, RECEIVE);
    assert!(poller.poll().contains(&(2, RECEIVE)));
    poller.sockets.deregister(&fake, &new);
}

#[test]
fn raw_duplicate_is_guarded_after_the_other_is_deregistered() {
    for is_polled in [false, true] {
        let mut poller = Poller::new();
        let fake = poller.fake.clone();
        let socket = fake.socket();
        let clone = fake.duplicate(socket);
        poller.register_raw(socket, 1, READ.level()).unwrap();
        poller.register_raw(clone, 2, READ.level()).unwrap();
        if is_polled {
            assert_eq!(poller.poll(), []);
        }
        let first = poller.sockets.find_raw(socket).unwrap();
        poller.sockets.remove_raw(socket, &first);
        poller.sockets.deregister(&fake, &first);
        fake.close(socket);
        fake.close(clone);
        let strangers = [fake.socket(), fake.socket()];
        assert_eq!(strangers, [socket, clone]);
        fake.set(clone, RECEIVE);
        assert_eq!(poller.poll_all(), []);
        poller.register_raw(clone, 3, READ.level()).unwrap();
        assert_eq!(poller.poll(), [(3, RECEIVE)]);
        assert_eq!(fake.kernel().doubled, 0);
    }
}

#[test]
fn closed_raw_number_can_be_registered_while_a_poll_begins() {
    let mut poller = Poller::new();
    let fake = poller.fake.clone();
    let old = fake.socket();
    poller.register_raw(old, 1, READ.level()).unwrap();
    fake.set(old, RECEIVE);
    assert_eq!(poller.poll(), [(1, RECEIVE)]);
    fake.close(old);
    assert_eq!(fake.socket(), old);
    // The poll has not taken the packet that reports the close.
    poller.sockets.changes().begin_poll(&fake).unwrap();
    poller.register_raw(old, 2, READ.level()).unwrap();
    poller.sockets.changes().end_poll();
    fake.set(old, RECEIVE);
    assert_eq!(poller.poll(), [(2, RECEIVE)]);
    assert_eq!(fake.kernel().doubled, 0);
}
