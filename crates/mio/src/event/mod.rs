//! Events, and the trait of what can cause them.
//!
//! [`Source`] is implemented by everything that can be registered with a
//! [`Registry`](crate::Registry): the types of `mio::net`, pipes, raw descriptors, and
//! your own. [`Events`] is the buffer that [`Poll::poll`](crate::Poll::poll) fills, and an
//! [`Event`] is one entry in it.

#[allow(clippy::module_inception)] // `event` holds `Event`, as `events` holds `Events`.
mod event;
mod events;
mod source;

pub use self::event::Event;
pub use self::events::{Events, Iter};
pub use self::source::Source;
