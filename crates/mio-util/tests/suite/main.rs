//! The parts over real sockets, on each selector of this build and in each mode.

mod acceptor;
mod allocations;
mod connection;
mod connector;
mod support;
