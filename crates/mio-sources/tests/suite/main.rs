//! The public behaviour; that of sources over each selector.

#![allow(unused_macros, dead_code)] // With fewer features some of the support has no user.

#[macro_use]
mod support;

#[cfg(feature = "channel")]
mod channel;
#[cfg(any(feature = "timer", feature = "channel"))]
mod examples;
#[cfg(all(feature = "timer", any(timerfd, kqueue, waitable_timer)))]
mod timer;
#[cfg(all(feature = "timer", not(cancel_on_set)))]
mod timer_unsupported;
#[cfg(all(feature = "timer", cancel_on_set))]
mod wall_timer;
#[cfg(all(feature = "timer", unix, any(timerfd, kqueue)))]
mod watched;
#[cfg(feature = "timer")]
mod wheel;
#[cfg(feature = "timer")]
mod wheel_and_poll;
#[cfg(feature = "timer")]
mod wheel_model;
