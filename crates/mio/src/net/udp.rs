use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Interest;
use crate::io_impls::{impl_into_std, impl_raw, impl_source};
use crate::io_source::IoSource;
use crate::sys::socket;

/// A UDP socket.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UdpSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
///
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
/// sender.send_to(b"hello", receiver.local_addr()?)?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 1500];
/// let (length, from) = receiver.recv_from(&mut buffer)?;
/// assert_eq!((&buffer[..length], from), (&b"hello"[..], sender.local_addr()?));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
///
#[doc = include_str!("batches.md")]
pub struct UdpSocket {
    inner: IoSource<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to this address. For port 0 the OS chooses the port.
    ///
    /// See [`net`](crate::net#options-before-binding) for options that must be set before binding.
    ///
    /// # Errors
    ///
    /// The OS error, such as [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
        socket::udp_bind(addr).map(UdpSocket::from)
    }

    /// Wraps the std type, which must already be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = mio::net::UdpSocket::from_std(socket);
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(socket: net::UdpSocket) -> UdpSocket {
        UdpSocket {
            inner: IoSource::new(socket),
        }
    }

    /// Returns the address that the socket is bound to.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// println!("bound to {}", socket.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns the address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) before [`connect`](UdpSocket::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.connect(peer.local_addr()?)?;
    /// # peer.connect(socket.local_addr()?)?;
    /// assert_eq!(socket.peer_addr()?, peer.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Sends a datagram to `target`. Returns the number of bytes sent, which is always all of them.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full; `EMSGSIZE` if `buf` is
    /// too long for a datagram; an error of an earlier datagram, such as
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.send_to(b"hello", peer.local_addr()?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.inner.write_with(|socket| socket.send_to(buf, target))
    }

    /// Receives a datagram. Returns its length and the sender's address.
    ///
    /// Data that does not fit into `buf` is discarded.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.send_to(b"hello", peer.local_addr()?)?;
    /// # let mut buf = [0; 64];
    /// let nothing = socket.recv_from(&mut buf).unwrap_err();
    /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner.read_with(|socket| socket.recv_from(buf))
    }

    /// Receives a datagram like [`recv_from`](UdpSocket::recv_from), but leaves it in the queue.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # peer.send_to(b"hello", socket.local_addr()?)?;
    /// # let mut buf = [0; 64];
    /// # let (length, from) = loop {
    /// #     match socket.peek_from(&mut buf) {
    /// #         Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => continue,
    /// #         result => break result?,
    /// #     }
    /// # };
    /// // let (length, from) = socket.peek_from(&mut buf)?;
    /// assert_eq!((length, from), (5, peer.local_addr()?));
    /// assert_eq!(socket.recv_from(&mut buf)?, (5, peer.local_addr()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner.read_with(|socket| socket.peek_from(buf))
    }

    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// Those of [`send_to`](UdpSocket::send_to), and an error if the socket is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.connect(peer.local_addr()?)?;
    /// # peer.connect(socket.local_addr()?)?;
    /// assert_eq!(socket.send(b"hello")?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner.write_with(|socket| socket.send(buf))
    }

    /// Receives a datagram from the address that the socket is connected to. Returns its length.
    ///
    /// Data that does not fit into `buf` is discarded.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.connect(peer.local_addr()?)?;
    /// # peer.connect(socket.local_addr()?)?;
    /// # let mut buf = [0; 64];
    /// let nothing = socket.recv(&mut buf).unwrap_err();
    /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_with(|socket| socket.recv(buf))
    }

    /// Receives a datagram like [`recv`](UdpSocket::recv), but leaves it in the queue.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.connect(peer.local_addr()?)?;
    /// # peer.connect(socket.local_addr()?)?;
    /// # let mut buf = [0; 64];
    /// let nothing = socket.peek(&mut buf).unwrap_err();
    /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_with(|socket| socket.peek(buf))
    }

    /// Connects the socket to this address: [`send`](UdpSocket::send) sends to it, and only
    /// datagrams from it are received.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.connect(peer.local_addr()?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(&self, addr: SocketAddr) -> io::Result<()> {
        self.inner.connect(addr)
    }

    /// Allows or forbids sending to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_broadcast(true)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.inner.set_broadcast(on)
    }

    /// Returns `true` if sending to broadcast addresses is allowed (`SO_BROADCAST`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        self.inner.broadcast()
    }

    /// Enables or disables the loopback of sent IPv4 multicast datagrams (`IP_MULTICAST_LOOP`).
    ///
    /// On some platforms it must be set on the receiving socket.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_multicast_loop_v4(false)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.inner.set_multicast_loop_v4(on)
    }

    /// Returns `true` if sent IPv4 multicast datagrams are looped back (`IP_MULTICAST_LOOP`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_multicast_loop_v4(false)?;
    /// assert!(!socket.multicast_loop_v4()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.inner.multicast_loop_v4()
    }

    /// Sets the time-to-live of IPv4 multicast datagrams (`IP_MULTICAST_TTL`). The default is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_multicast_ttl_v4(4)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_multicast_ttl_v4(ttl)
    }

    /// Returns the time-to-live of IPv4 multicast datagrams (`IP_MULTICAST_TTL`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_multicast_ttl_v4(4)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.inner.multicast_ttl_v4()
    }

    /// Enables or disables the loopback of sent IPv6 multicast datagrams (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// if let Ok(socket) = mio::net::UdpSocket::bind("[::1]:0".parse().unwrap()) {
    ///     socket.set_multicast_loop_v6(false)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.inner.set_multicast_loop_v6(on)
    }

    /// Returns `true` if sent IPv6 multicast datagrams are looped back (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// if let Ok(socket) = mio::net::UdpSocket::bind("[::1]:0".parse().unwrap()) {
    ///     socket.set_multicast_loop_v6(false)?;
    ///     assert!(!socket.multicast_loop_v6()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.inner.multicast_loop_v6()
    }

    /// Sets the time-to-live of its datagrams (`IP_TTL`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_ttl(64)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the time-to-live of its datagrams (`IP_TTL`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_ttl(64)?;
    /// assert_eq!(socket.ttl()?, 64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Joins a multicast group (`IP_ADD_MEMBERSHIP`) on the interface with this address. For
    /// `0.0.0.0` the OS chooses the interface.
    ///
    /// # Errors
    ///
    /// The OS error if there is no such interface, or it does not support multicast.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::Ipv4Addr;
    ///
    /// let socket = mio::net::UdpSocket::bind("0.0.0.0:0".parse().unwrap())?;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// match socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST) {
    ///     Ok(()) => println!("joined"),
    ///     Err(err) => println!("no multicast here: {err}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn join_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.join_multicast_v4(multiaddr, interface)
    }

    /// Leaves a multicast group (`IP_DROP_MEMBERSHIP`) that was joined with the same arguments.
    ///
    /// # Errors
    ///
    /// The OS error if the socket is not a member.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::Ipv4Addr;
    ///
    /// let socket = mio::net::UdpSocket::bind("0.0.0.0:0".parse().unwrap())?;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// if socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).is_ok() {
    ///     socket.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.leave_multicast_v4(multiaddr, interface)
    }

    /// Joins a multicast group (`IPV6_JOIN_GROUP`) on the interface with this index. For 0 the OS
    /// chooses the interface.
    ///
    /// # Errors
    ///
    /// The OS error if there is no such interface, or it does not support multicast.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::Ipv6Addr;
    ///
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x123);
    /// if let Ok(socket) = mio::net::UdpSocket::bind("[::]:0".parse().unwrap()) {
    ///     if socket.join_multicast_v6(&group, 0).is_ok() {
    ///         println!("joined");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.join_multicast_v6(multiaddr, interface)
    }

    /// Leaves a multicast group (`IPV6_LEAVE_GROUP`) that was joined with the same arguments.
    ///
    /// # Errors
    ///
    /// The OS error if the socket is not a member.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::Ipv6Addr;
    ///
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x123);
    /// if let Ok(socket) = mio::net::UdpSocket::bind("[::]:0".parse().unwrap()) {
    ///     if socket.join_multicast_v6(&group, 0).is_ok() {
    ///         socket.leave_multicast_v6(&group, 0)?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.leave_multicast_v6(multiaddr, interface)
    }

    /// Returns `true` if the socket is restricted to IPv6 and receives no IPv4 datagrams through
    /// mapped addresses (`IPV6_V6ONLY`).
    ///
    /// # Errors
    ///
    /// The OS error if this is an IPv4 socket.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// if let Ok(socket) = mio::net::UdpSocket::bind("[::1]:0".parse().unwrap()) {
    ///     println!("IPv6 only: {}", socket.only_v6()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn only_v6(&self) -> io::Result<bool> {
        socket::only_v6(&self.inner)
    }

    /// Returns and clears the pending error of the socket (`SO_ERROR`), for example that an earlier
    /// datagram was refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(socket.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::UdpSocket::take_error)
    }

    /// Performs an I/O operation of your own on the descriptor, such as `recvmmsg`.
    ///
    /// Calls `f` once and returns its result. [`WouldBlock`](io::ErrorKind::WouldBlock) re-arms
    /// both directions on the selectors that need it, because `f` may have been a read or a write.
    ///
    /// Do not call I/O methods of this type inside `f`, and return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only if the OS did.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// use std::os::fd::AsRawFd;
    ///
    /// let mut buffer = [0_u8; 64];
    /// let received = socket.try_io(|| {
    ///     let (pointer, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    ///     // SAFETY: the buffer has the given length.
    ///     match unsafe { libc::recv(socket.as_raw_fd(), pointer, length, libc::MSG_TRUNC) } {
    ///         -1 => Err(std::io::Error::last_os_error()),
    ///         length => Ok(length),
    ///     }
    /// });
    /// assert_eq!(received.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io_of_any(f)
    }

    /// Performs an I/O operation of your own in a known direction, like
    /// [`try_io`](UdpSocket::try_io). `WouldBlock` re-arms only the given direction. With
    /// `READABLE | WRITABLE` it re-arms both, as `try_io` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// use mio::Interest;
    ///
    /// // A system call that this type does not wrap would go here.
    /// let sent = socket.try_io_for(Interest::WRITABLE, || Ok(5))?;
    /// assert_eq!(sent, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io_for<F, T>(&self, direction: Interest, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io(direction, |_| f())
    }
}

impl_source!(UdpSocket);
impl_raw!(UdpSocket, net::UdpSocket, udp_socket);
impl_into_std!(UdpSocket, net::UdpSocket, socket);
