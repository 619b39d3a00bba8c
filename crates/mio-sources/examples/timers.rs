//! The timers of a server, without the server: a heartbeat, and a timeout for each of some
//! connections.
//!
//! Three connections may be idle for 80 milliseconds. One of them receives data at each beat, which
//! moves its timeout, until the heartbeat stops. Ends by itself when all have timed out.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use mio_sources::timer::{Timer, TimerWheel};

const HEARTBEAT: Token = Token(0);
const IDLE: Duration = Duration::from_millis(80);
const BEATS: u64 = 5;

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);

    let mut heart = heartbeat(&poll)?;
    // After the heartbeat was set: however long that took, the first beats come before the
    // timeouts.
    let start = Instant::now();
    let mut timeouts = TimerWheel::new();
    for name in ["mute", "silent"] {
        timeouts.insert(start + IDLE, name);
    }
    let talker = timeouts.insert(start + IDLE, "talker");

    let mut beats = 0;
    while !timeouts.is_empty() {
        match poll.poll_until(&mut events, timeouts.next_deadline()) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        let now = Instant::now();
        let since = |moment: Instant| (moment - start).as_millis();
        for _ in &events {
            let Some(timer) = &mut heart else { continue };
            // More than one, if the beats were faster than this loop.
            beats += timer.read()?.unwrap_or(0);
            println!("{:3} ms: beat {beats}", since(now));
            timeouts.reschedule(talker, now + IDLE);
            if beats >= BEATS {
                timer.cancel()?;
            }
        }
        for name in timeouts.expire(now) {
            println!("{:3} ms: {name} has been idle for too long", since(now));
        }
    }
    Ok(())
}

/// Starts a beat every 25 milliseconds, if the platform has timers that can be watched.
fn heartbeat(poll: &Poll) -> io::Result<Option<Timer>> {
    let mut timer = match Timer::new() {
        Err(err) if err.kind() == ErrorKind::Unsupported => {
            println!("no heartbeat: {err}");
            return Ok(None);
        }
        timer => timer?,
    };
    let period = Duration::from_millis(25);
    timer.set_interval(period, period)?;
    poll.registry()
        .register(&mut timer, HEARTBEAT, Interest::READABLE)?;
    Ok(Some(timer))
}
