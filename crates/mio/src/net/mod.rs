//! Sockets that never block.
//!
//! Each type wraps the one of std with the same name and has its methods; what differs is that an
//! operation that can't be done now fails with [`WouldBlock`](std::io::ErrorKind::WouldBlock)
//! instead of waiting, and that it is an [`event::Source`](crate::event::Source).
//!
//! Sockets are non-blocking and close-on-exec from the start, and closed when dropped. They convert
//! from and to std's types, owned and raw descriptors (on Windows: sockets), which is also how an
//! option that is missing here is set.
//!
//! # On registered sockets
//!
//! Some selectors learn from the operations of these types that a socket was used up. Do I/O with
//! their methods, or inside `try_io`, and not behind their back through the raw descriptor.
//!
//! Deregister a socket before you turn it into another type. What happens otherwise depends on the
//! selector: on epoll and kqueue it stays registered until it is closed, on poll(2) and event ports
//! it does not.
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
