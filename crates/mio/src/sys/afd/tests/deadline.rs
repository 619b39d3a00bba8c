//! The end of a poll.

use std::io;
use std::time::{Duration, Instant};

use crate::sys::afd::rounds::{self, Rounds, Taken};
use crate::sys::deadline::Deadline;

/// A device whose packets a function of the round produces.
struct Packets<F> {
    rounds: usize,
    under_way: usize,
    refusal: Option<i32>,
    take: F,
}

impl<F: FnMut(usize) -> Taken> Rounds for Packets<F> {
    fn begin(&mut self) -> io::Result<()> {
        self.refusal
            .map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }

    fn take(&mut self, _: Option<Duration>) -> io::Result<Taken> {
        self.rounds += 1;
        Ok((self.take)(self.rounds))
    }

    fn under_way(&self) -> usize {
        self.under_way
    }
}

fn packets<F: FnMut(usize) -> Taken>(under_way: usize, take: F) -> Packets<F> {
    Packets {
        rounds: 0,
        under_way,
        refusal: None,
        take,
    }
}

/// One packet without an event.
fn nothing(_: usize) -> Taken {
    Taken {
        packets: 1,
        has_events: false,
    }
}

#[test]
fn poll_ends_at_deadline_while_packets_keep_coming() {
    let timeout = Duration::from_millis(50);
    let mut endless = packets(1, nothing);
    let start = Instant::now();
    rounds::run(&mut endless, &Deadline::after(Some(timeout))).unwrap();
    assert!(start.elapsed() >= timeout);
    // Only the deadline ends this poll.
    let many = endless.rounds;
    let mut endless = packets(1, nothing);
    rounds::run(&mut endless, &Deadline::Now).unwrap();
    assert!(endless.rounds < 20 && endless.rounds < many);
}

#[test]
fn zero_timeout_poll_passes_packets_without_events() {
    // A hundred requests are cancelled, with one packet each. The last of the replacements has an
    // event.
    let mut looks = packets(100, |round| Taken {
        packets: 1,
        has_events: round == 200,
    });
    rounds::run(&mut looks, &Deadline::Now).unwrap();
    assert_eq!(looks.rounds, 200);
}

#[test]
fn zero_timeout_poll_ends_without_packets() {
    let mut empty = packets(100, |_| Taken {
        packets: 0,
        has_events: false,
    });
    rounds::run(&mut empty, &Deadline::Now).unwrap();
    assert_eq!(empty.rounds, 1);
}

#[test]
fn refused_request_is_an_error_while_packets_keep_coming() {
    for deadline in [Deadline::Never, Deadline::Now] {
        let mut endless = packets(1, nothing);
        endless.refusal = Some(8);
        let err = rounds::run(&mut endless, &deadline).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(8));
        assert!(endless.rounds < 20);
    }
    let mut events = packets(1, |round| Taken {
        packets: 1,
        has_events: round == 2,
    });
    events.refusal = Some(8);
    rounds::run(&mut events, &Deadline::Never).unwrap();
}
