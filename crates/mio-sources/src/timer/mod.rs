//! Time as an event: a deadline as a source, or millions of them in a wheel.
//!
//! | | for | costs |
//! |---|---|---|
//! | [`Timer`] | one deadline or interval, exact to nanoseconds | a descriptor or handle; a system call to set |
//! | [`WallTimer`] | a time of the wall clock, which may be set | the same |
//! | [`TimerWheel`] | any number of deadlines on one thread | memory |
//!
//! What waits is always [`Poll::poll`](mio::Poll::poll). For a wheel it is told until when, by
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
