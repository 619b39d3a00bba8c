//! Timers: a single deadline as a source, or millions of deadlines in a wheel.
//!
//! | | for | cost |
//! |---|---|---|
//! | [`Timer`] | one deadline or interval, with nanosecond resolution | a descriptor or handle; a system call to set |
//! | [`WallTimer`] | a time of the wall clock, which may be set | the same |
//! | [`TimerWheel`] | any number of deadlines on one thread | memory |
//!
//! [`Poll::poll`](mio::Poll::poll) waits for all of them. For a wheel pass its next deadline to
//! [`Poll::poll_until`](mio::Poll::poll_until).
//!
//! Needs the feature `timer`.

mod single;
mod sys;
mod wall;
mod wheel;

pub use self::single::Timer;
pub use self::wall::{WallEvent, WallTimer};
pub use self::wheel::{Expired, TimerHandle, TimerWheel};
