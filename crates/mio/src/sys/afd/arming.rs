//! The armed events of a registration: the events that the next AFD request needs.

use crate::Interest;
use crate::interest::Mode;
use crate::sys::Direction;
use crate::sys::afd::event::{FAILURE, LOCAL_CLOSE, READ, WRITE};

#[derive(Debug, Clone, Copy)]
pub(super) struct Arming {
    interests: u32,
    mode: Mode,
    /// The armed flags: the interests that were not reported since an operation last returned
    /// `WouldBlock`. In level mode always all interests.
    armed: u32,
    /// No further event is reported. In edge mode a failure was reported; it persists, so it is
    /// reported once, until an operation returns `WouldBlock`. In oneshot mode the oneshot has
    /// fired.
    silent: bool,
}

impl Arming {
    /// Creates the state of a new registration, in which every ready direction is reported.
    pub(super) fn new(interests: Interest) -> Arming {
        let mut flags = 0;
        if interests.is_readable() {
            flags |= READ;
        }
        if interests.is_writable() {
            flags |= WRITE;
        }
        Arming {
            interests: flags,
            mode: interests.mode(),
            armed: flags,
            silent: false,
        }
    }

    /// Creates the state of a socket that no longer exists: nothing is armed, and nothing is
    /// reported.
    pub(super) fn over() -> Arming {
        Arming {
            interests: 0,
            mode: Mode::Oneshot,
            armed: 0,
            silent: true,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.interests == 0
    }

    /// Returns the events for the next AFD request. AFD reports `LOCAL_CLOSE` anyway; the flag
    /// makes that explicit.
    pub(super) fn question(&self) -> u32 {
        let failure = if self.silent { 0 } else { FAILURE };
        match self.armed | failure {
            0 => 0,
            flags => flags | LOCAL_CLOSE,
        }
    }

    /// Returns the flags of a result to report, or 0. They count as delivered from now on.
    pub(super) fn take(&mut self, answer: u32) -> u32 {
        let failure = if self.silent { 0 } else { answer & FAILURE };
        let fresh = answer & self.armed;
        let is_last = match self.mode {
            Mode::Level => return fresh | failure,
            // After a failure, the only further events are those that an operation re-arms.
            Mode::Edge => failure != 0,
            Mode::Oneshot => fresh | failure != 0,
        };
        if is_last {
            self.silent = true;
            self.armed = 0;
        }
        self.armed &= !fresh;
        fresh | failure
    }

    /// Re-arms a direction after `WouldBlock`. Returns `true` if the next request needs more flags.
    pub(super) fn would_block(&mut self, direction: Direction) -> bool {
        if self.mode != Mode::Edge {
            // A level is always armed, and a fired oneshot stays disarmed until `reregister`.
            return false;
        }
        let before = self.question();
        self.armed |= flags(direction) & self.interests;
        // The socket is in use again, for instance for another connection.
        self.silent = false;
        self.question() & !before != 0
    }

    /// Re-arms a direction after an error other than `WouldBlock`. Returns `true` if the next
    /// request needs more flags.
    ///
    /// The error may be one of several, such as a refused datagram. After a reported failure, which
    /// persists, nothing is re-armed: each request would complete at once.
    pub(super) fn failed(&mut self, direction: Direction) -> bool {
        if self.mode != Mode::Edge || self.silent {
            return false;
        }
        let before = self.question();
        self.armed |= flags(direction) & self.interests;
        self.question() & !before != 0
    }
}

fn flags(direction: Direction) -> u32 {
    match direction {
        Direction::Read => READ,
        Direction::Write => WRITE,
        Direction::Unknown => READ | WRITE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::afd::event::{ABORT, ACCEPT, CONNECT_FAIL, DISCONNECT, RECEIVE, SEND};

    fn both() -> Arming {
        Arming::new(Interest::READABLE | Interest::WRITABLE)
    }

    #[test]
    fn what_was_delivered_is_not_asked_for_until_it_blocks() {
        let mut arming = both();
        assert_eq!(arming.take(RECEIVE | SEND), RECEIVE | SEND);
        assert_eq!(arming.question() & (RECEIVE | SEND), 0);
        assert_eq!(arming.take(RECEIVE), 0);
        assert!(arming.would_block(Direction::Read));
        assert_eq!(arming.question() & (RECEIVE | SEND), RECEIVE);
        assert_eq!(arming.take(RECEIVE), RECEIVE);
    }

    #[test]
    fn only_the_direction_that_blocked_is_armed() {
        let mut arming = both();
        arming.take(RECEIVE | SEND);
        assert!(arming.would_block(Direction::Write));
        assert_eq!(arming.question() & (RECEIVE | ACCEPT | SEND), ACCEPT | SEND);
        assert!(!arming.would_block(Direction::Write), "nothing new");
    }

    #[test]
    fn the_end_is_told_though_data_was_delivered_before() {
        let mut arming = both();
        arming.take(RECEIVE | SEND);
        assert_ne!(arming.question() & DISCONNECT, 0);
        assert_eq!(arming.take(RECEIVE | DISCONNECT), DISCONNECT);
        assert_eq!(arming.take(RECEIVE | DISCONNECT), 0);
    }

    #[test]
    fn a_failure_is_told_once_whatever_was_asked() {
        for failure in [ABORT, CONNECT_FAIL] {
            let mut arming = Arming::new(Interest::READABLE);
            assert_ne!(arming.question() & failure, 0);
            assert_eq!(arming.take(failure), failure);
            assert_eq!(
                arming.question(),
                0,
                "the kernel would answer it at once, again and again"
            );
            assert_eq!(arming.take(failure), 0);
            assert!(arming.would_block(Direction::Read));
            assert_ne!(arming.question() & failure, 0);
        }
    }

    #[test]
    fn failed_operation_arms_its_direction() {
        let mut arming = both();
        assert_eq!(arming.take(RECEIVE | SEND), RECEIVE | SEND);
        assert!(arming.failed(Direction::Read));
        assert_eq!(arming.question() & (RECEIVE | SEND), RECEIVE);
        assert!(!arming.failed(Direction::Read), "nothing new");
        assert_eq!(arming.take(RECEIVE), RECEIVE);
        assert!(arming.failed(Direction::Unknown));
        assert_eq!(arming.take(RECEIVE | SEND), RECEIVE | SEND);
    }

    #[test]
    fn failed_operation_after_a_lasting_failure_arms_nothing() {
        let mut arming = both();
        assert_eq!(arming.take(ABORT), ABORT);
        assert!(!arming.failed(Direction::Unknown));
        assert_eq!(
            arming.question(),
            0,
            "the kernel would answer it at once, again and again"
        );
        for interests in [Interest::READABLE.level(), Interest::READABLE.oneshot()] {
            let mut arming = Arming::new(interests);
            arming.take(RECEIVE);
            let question = arming.question();
            assert!(!arming.failed(Direction::Read));
            assert_eq!(arming.question(), question);
        }
    }

    #[test]
    fn a_level_is_asked_about_and_told_each_time() {
        let mut arming = Arming::new((Interest::READABLE | Interest::WRITABLE).level());
        let question = arming.question();
        assert_eq!(question & (READ | WRITE | FAILURE), READ | WRITE | FAILURE);
        for answer in [RECEIVE, RECEIVE | SEND, RECEIVE | DISCONNECT, ABORT, SEND] {
            for _ in 0..3 {
                assert_eq!(arming.take(answer), answer);
                assert_eq!(arming.question(), question);
            }
        }
        assert!(!arming.would_block(Direction::Unknown), "nothing new");
        assert_eq!(arming.question(), question);
    }

    #[test]
    fn a_level_says_nothing_of_what_nobody_asked_for() {
        let mut arming = Arming::new(Interest::WRITABLE.level());
        assert_eq!(arming.question() & READ, 0);
        assert_eq!(arming.take(RECEIVE | DISCONNECT), 0);
        assert_eq!(arming.take(RECEIVE | SEND), SEND);
    }

    #[test]
    fn once_is_over_after_any_event() {
        for answer in [
            RECEIVE,
            SEND,
            RECEIVE | SEND,
            DISCONNECT,
            ABORT,
            CONNECT_FAIL,
        ] {
            let mut arming = Arming::new((Interest::READABLE | Interest::WRITABLE).oneshot());
            assert_ne!(arming.question() & FAILURE, 0);
            assert_eq!(arming.take(0), 0, "a packet that says nothing is no event");
            assert_eq!(arming.take(answer), answer);
            assert_eq!(arming.question(), 0);
            // Results that are already in the port, and a later `WouldBlock`.
            assert_eq!(arming.take(RECEIVE | SEND | ABORT), 0);
            assert!(!arming.would_block(Direction::Unknown));
            assert_eq!(arming.question(), 0);
        }
    }

    #[test]
    fn once_and_level_is_once() {
        let mut arming = Arming::new(Interest::READABLE.level().oneshot());
        assert_eq!(arming.take(RECEIVE), RECEIVE);
        assert_eq!(arming.question(), 0);
    }

    #[test]
    fn directions_that_nobody_asked_for_stay_silent() {
        let mut arming = Arming::new(Interest::READABLE);
        assert_eq!(arming.question() & SEND, 0);
        assert_eq!(arming.take(SEND), 0);
        arming.would_block(Direction::Unknown);
        assert_eq!(arming.question() & SEND, 0);
    }
}
