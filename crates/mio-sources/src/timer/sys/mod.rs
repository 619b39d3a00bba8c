//! The timer mechanism of each platform.
//!
//! Each has the methods that the public types call: `new`, `set`, `cancel`, `read`, and those of a
//! source.

#[cfg(kqueue)]
mod kqueue;
#[cfg(not(any(timerfd, kqueue, waitable_timer)))]
mod none;
#[cfg(any(kqueue, waitable_timer, test))]
mod schedule;
#[cfg(timerfd)]
mod timerfd;
#[cfg(waitable_timer)]
mod waitable;
#[cfg(not(cancel_on_set))]
mod wall_none;
#[cfg(cancel_on_set)]
mod wall_timerfd;

#[cfg(kqueue)]
pub(super) use self::kqueue::Monotonic;
#[cfg(not(any(timerfd, kqueue, waitable_timer)))]
pub(super) use self::none::Monotonic;
#[cfg(timerfd)]
pub(super) use self::timerfd::Monotonic;
#[cfg(waitable_timer)]
pub(super) use self::waitable::Monotonic;
#[cfg(not(cancel_on_set))]
pub(super) use self::wall_none::Wall;
#[cfg(cancel_on_set)]
pub(super) use self::wall_timerfd::Wall;
