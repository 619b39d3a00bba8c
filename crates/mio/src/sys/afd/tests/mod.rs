//! Tests of the registrations with a fake device. They run on every platform.

mod deadline;
mod fake;
mod interleavings;
mod registrations;
