//! The registrations over a device of the tests' own. On any platform.

mod deadline;
mod fake;
mod interleavings;
mod registrations;
