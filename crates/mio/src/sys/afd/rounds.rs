//! The loop of one poll: takes packets until one of them is an event, or until the deadline.
//!
//! Many packets are not events: those of cancelled requests, of requests whose result was delivered
//! already, and of the reads and writes of pipes.

use std::io;
use std::time::Duration;

use crate::sys::deadline::Deadline;

/// The steps of one round.
pub(super) trait Rounds {
    /// Starts the requests that changed since the last wait.
    fn begin(&mut self) -> io::Result<()>;

    /// Waits for packets, and turns them into events.
    fn take(&mut self, timeout: Option<Duration>) -> io::Result<Taken>;

    /// Returns the number of operations in flight. Each of them ends with one packet.
    fn under_way(&self) -> usize;
}

/// An allowance for packets that belong to no operation, such as wakes that were taken back.
const UNCOUNTED: usize = 8;

pub(super) struct Taken {
    /// The number of packets that were taken.
    pub(super) packets: usize,
    pub(super) has_events: bool,
}

/// Takes packets until there is an event, or until the deadline.
///
/// A packet that is not an event may allow a new request that has an event, so even a poll with a
/// zero timeout goes on after such a packet. But such packets may never stop. So after the deadline
/// this takes at most two packets for each operation in flight at that time, one for a cancelled
/// request and one for its replacement, and [`UNCOUNTED`] more.
///
/// Returns the error of a request that could not be started, if there are no events.
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
        // The platform's clock may be slightly early.
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
