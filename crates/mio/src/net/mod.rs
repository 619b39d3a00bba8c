//! Non-blocking sockets.
//!
//! Each type wraps the std type of the same name and has its methods, with two differences. An
//! operation that cannot complete now fails with [`WouldBlock`](std::io::ErrorKind::WouldBlock)
//! instead of waiting, and the type is an [`event::Source`](crate::event::Source).
//!
//! Sockets are created non-blocking and close-on-exec, and closed when dropped. They convert from
//! and to the std types and to owned and raw descriptors (on Windows: sockets). Use these
//! conversions to set an option that is missing here.
//!
//! # On registered sockets
//!
//! On some selectors, `WouldBlock` from an operation of these types re-arms the socket. Do I/O with
//! their methods or inside `try_io`, not on the raw descriptor.
//!
//! Deregister a socket before you convert it into another type. Otherwise it stays registered until
//! it is closed on epoll and kqueue, and is deregistered on poll(2) and event ports.
//!
#![doc = include_str!("options.md")]

mod tcp;
mod udp;
#[cfg(unix)]
mod unix;

pub use self::tcp::{TcpListener, TcpStream};
pub use self::udp::UdpSocket;
#[cfg(unix)]
pub use self::unix::{UnixDatagram, UnixListener, UnixStream};
