//! Time as an event.
