//! What every program on a bare [`mio::Poll`] writes by hand, written once.
//!
//! Each part works alone, on any selector, in edge, level and oneshot mode, and with any
//! `Read + Write`.
//!
//! | instead of | write |
//! |---|---|
//! | a loop around `accept`, with a list of errors | [`Acceptor`] |
//! | a loop around `read`, and a `Vec` to collect in | [`ReadBuffer`] |
//! | a `Vec` of unsent bytes, and a loop around `write` | [`WriteQueue`] |
//! | a connect with a list of addresses and timeouts | [`Connector`] |
//! | both loops, and who calls them when | [`Connection`] |
//! | `reregister` in the right places | [`Registration`] |
//! | a `HashMap<Token, _>` and a counter | [`Sources`] |
//! | a list of sources that were left to be fair | [`ReadyList`] |
//!
//! The crate contains no unsafe code, and allocates only while a buffer or list grows to its limit.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod acceptor;
mod bytes_queue;
mod connection;
#[cfg(feature = "net")]
mod connector;
mod read_buffer;
mod ready_list;
mod registration;
mod sources;
mod write_queue;

pub use self::acceptor::{Accept, Accepted, Acceptor};
pub use self::connection::{Connection, Exchange, Next, Stream};
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub use self::connector::{ConnectError, Connecting, Connector};
pub use self::read_buffer::{Fill, ReadBuffer};
pub use self::ready_list::ReadyList;
pub use self::registration::{Mode, Registration};
pub use self::sources::{Drain, Iter, IterMut, Sources};
pub use self::write_queue::{Flush, WriteQueue};
