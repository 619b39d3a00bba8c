//! The loop of one poll: packets are taken until one of them is an event, or the timeout is over.
//!
//! Many packets are no events: those of cancelled requests, of requests that bring a source nothing
//! new, and of the reads and writes of pipes.

use std::io;
use std::time::Duration;

use crate::sys::deadline::Deadline;

/// The steps of a round.
pub(super) trait Rounds {
    /// Makes the requests that are to be made before the wait.
    fn begin(&mut self) -> io::Result<()>;

    /// Waits for packets, and makes events of them.
    fn take(&mut self, timeout: Option<Duration>) -> io::Result<Taken>;

    /// How many operations are under way, each of which ends with a packet.
    fn under_way(&self) -> usize;
}

/// More packets that a poll may have to pass: wakes that were taken back, and the like.
const UNCOUNTED: usize = 8;

pub(super) struct Taken {
    /// How many packets were taken.
    pub(super) packets: usize,
    pub(super) has_events: bool,
}

/// Takes packets until there is an event, or until the deadline.
///
/// A packet that is no event may make room for a request whose answer is one, so a poll that only
/// looks must go on after it. But such packets may keep coming. After the deadline it takes two
/// packets for each operation that was under way by then, that of a cancelled request and that of
/// the request in its place, and some more.
///
/// A request that could not be made is an error if there are no events. The other sources have
/// theirs first.
pub(super) fn run(rounds: &mut impl Rounds, deadline: &Deadline) -> io::Result<()> {
    let mut left = None;
    loop {
        let refused = rounds.begin().err();
        let timeout = match refused {
            Some(_) => Some(Duration::ZERO),
            None => deadline.left(),
        };
        let under_way = rounds.under_way();
        let taken = rounds.take(timeout)?;
        if taken.has_events {
            return Ok(());
        }
        // The platform's clock may be a little early.
        if refused.is_none() && !deadline.is_over() {
            continue;
        }
        let most = left.unwrap_or(2 * under_way + UNCOUNTED);
        match most.checked_sub(taken.packets.max(1)) {
            Some(rest) if taken.packets > 0 => left = Some(rest),
            _ => return refused.map_or(Ok(()), Err),
        }
    }
}
