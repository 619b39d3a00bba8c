//! What a timer is made of, by system.
//!
//! Each has the same methods, which the public types call: `new`, `set`, `cancel`, `read`, and
//! those of a source. A system that gets waitable timers later (Windows) gets a file here.

#[cfg(kqueue)]
mod kqueue;
#[cfg(not(any(timerfd, kqueue)))]
mod none;
#[cfg(any(kqueue, test))]
mod schedule;
#[cfg(timerfd)]
mod timerfd;
#[cfg(not(cancel_on_set))]
mod wall_none;
#[cfg(cancel_on_set)]
mod wall_timerfd;

#[cfg(kqueue)]
pub(super) use self::kqueue::Monotonic;
#[cfg(not(any(timerfd, kqueue)))]
pub(super) use self::none::Monotonic;
#[cfg(timerfd)]
pub(super) use self::timerfd::Monotonic;
#[cfg(not(cancel_on_set))]
pub(super) use self::wall_none::Wall;
#[cfg(cancel_on_set)]
pub(super) use self::wall_timerfd::Wall;
