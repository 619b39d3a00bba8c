//! Time as an event: one deadline as a source, or millions of them in a wheel.

mod wheel;

pub use self::wheel::{Expired, TimerHandle, TimerWheel};
