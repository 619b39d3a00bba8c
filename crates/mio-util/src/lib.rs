//! The code that every program on a bare [`mio::Poll`] repeats: accepting, connecting, buffers,
//! connections and tokens.
//!
//! Each part works alone, on any selector, in edge, level and oneshot mode, and with any
//! `Read + Write`.
//!
//! | instead of | write |
//! |---|---|
//! | a loop around `accept`, with a list of errors | [`Acceptor`] |
//! | a loop around `read`, and a `Vec` to collect in | [`ReadBuffer`] |
//! | a `Vec` of unsent bytes, and a loop around `write` | [`WriteQueue`] |
//! | a connect with a list of addresses and timeouts | `Connector`, with the feature `net` |
//! | both loops, and the rule when to call them | [`Connection`] |
//! | `reregister` in the right places | [`Registration`] |
//! | a `HashMap<Token, _>` and a counter | [`Sources`] |
//! | a list of sources that stopped at their budget | [`ReadyList`] |
//! | `recvmmsg`, `sendmmsg` and their structures | `Datagrams`, with the feature `udp` |
//! | `sendmsg` with `SCM_RIGHTS` | `send_with_fds`, `receive_with_fds`, with the feature `ancillary` |
//!
//! The crate contains no unsafe code, and allocates only while a buffer or list grows to its limit.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod acceptor;
#[cfg(all(ancillary, feature = "ancillary"))]
mod ancillary;
mod bytes_queue;
mod connection;
#[cfg(feature = "net")]
mod connector;
#[cfg(feature = "udp")]
mod datagrams;
mod read_buffer;
mod ready_list;
mod registration;
mod sources;
mod stream;
mod write_queue;

pub use self::acceptor::{Accept, Accepted, Acceptor};
#[cfg(all(peercred, feature = "ancillary"))]
#[cfg_attr(docsrs, doc(cfg(feature = "ancillary")))]
pub use self::ancillary::{Credentials, peer_credentials};
#[cfg(all(ancillary, feature = "ancillary"))]
#[cfg_attr(docsrs, doc(cfg(feature = "ancillary")))]
pub use self::ancillary::{MAX_FDS, receive_with_fds, send_with_fds};
pub use self::connection::{Connection, Exchange, Next};
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub use self::connector::{ConnectError, Connecting, Connector};
#[cfg(feature = "udp")]
#[cfg_attr(docsrs, doc(cfg(feature = "udp")))]
pub use self::datagrams::Datagrams;
pub use self::read_buffer::{Fill, ReadBuffer};
pub use self::ready_list::ReadyList;
pub use self::registration::{Mode, Registration};
pub use self::sources::{Drain, Iter, IterMut, Sources};
pub use self::stream::Stream;
pub use self::write_queue::{Flush, WriteQueue};
#[cfg(feature = "udp")]
#[cfg_attr(docsrs, doc(cfg(feature = "udp")))]
pub use quinn_udp;

#[doc = include_str!("options.md")]
pub mod options {}

/// The README's program, so that the doc tests compile it.
#[cfg(all(doctest, feature = "net"))]
#[doc = include_str!("../README.md")]
mod readme {}
