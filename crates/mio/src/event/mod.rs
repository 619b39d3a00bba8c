//! Readiness events, and the trait of the sources that cause them.
//!
//! [`Source`] is implemented by every type that can be registered with a
//! [`Registry`](crate::Registry): the types of `mio::net`, pipes, raw descriptors, and your own
//! types. [`Events`] is the buffer that [`Poll::poll`](crate::Poll::poll) fills, and an [`Event`]
//! is one entry in it.

#[allow(clippy::module_inception)] // `event` holds `Event`, as `events` holds `Events`.
mod event;
mod events;
mod source;

pub use self::event::Event;
pub use self::events::{Events, Iter};
pub use self::source::Source;
