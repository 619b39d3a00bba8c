#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod again;
mod batch;
mod builder;
mod context;
mod deadlines;
mod event_loop;
mod handler;
mod metrics;
mod reserved;
mod shutdown;
mod timeout;

pub mod choosing;

// The types in the signatures of this crate, so that a program needs no dependency for them.
pub use mio_sources::channel::{Sender, TrySendError};
pub use mio_sources::signal::{Delivered, Signal};

pub use self::builder::Builder;
pub use self::context::Context;
pub use self::event_loop::EventLoop;
pub use self::handler::Handler;
pub use self::metrics::Metrics;
pub use self::shutdown::ShutdownHandle;
pub use self::timeout::{Timeout, When};
pub use mio_util::{Drain, Iter, IterMut, Sources};
