//! The parts over real sockets, on each selector of this build and in each mode.

mod acceptor;
mod allocations;
#[cfg(all(unix, feature = "ancillary"))]
mod ancillary;
mod connection;
mod connector;
#[cfg(feature = "udp")]
mod datagrams;
mod options;
mod support;
#[cfg(all(rustls, feature = "net"))]
mod tls;
