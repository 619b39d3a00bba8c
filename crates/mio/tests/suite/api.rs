//! The public API of mio 1.2.5, item by item: code that compiles with mio 1.2.5 compiles here. The
//! parts for Unix and for Windows are in modules of their own.
//!
//! Every function is coerced to a pointer of its exact type, and every trait is used as a bound.
//! Nearly all checks happen at compile time; running the tests only lists them.
//!
//! `ci/api` compares the same listing as text, with cargo-public-api. It also sees properties that
//! no stable program can name: the names of parameters, the overridden methods of a trait,
//! `repr(transparent)` on `Event`, and the auto traits `Freeze` and `UnsafeUnpin`.

use std::fmt::Debug;
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::ops::{BitOr, BitOrAssign};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use mio::event::{self, Event, Source};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Registry, Token, Waker};
// Two modules that contain only documentation.
#[allow(unused_imports, reason = "a module without items can only be named")]
use mio::{features as _, guide as _};

/// Fails to compile unless the type implements all these traits.
macro_rules! assert_impl {
    (for<$lifetime:lifetime> $type:ty: $($bounds:tt)+) => {{
        fn implements<$lifetime, T: $($bounds)+>() {}
        #[allow(clippy::extra_unused_lifetimes, reason = "clippy doesn't see it in the type")]
        fn whatever_the_lifetime<$lifetime>() {
            implements::<$lifetime, $type>();
        }
        whatever_the_lifetime();
    }};
    ($type:ty: $($bounds:tt)+) => {{
        fn implements<T: $($bounds)+>() {}
        implements::<$type>();
    }};
}

/// Fails to compile unless the socket converts from and to its raw type.
#[cfg(unix)]
macro_rules! assert_owns {
    ($type:ty) => {{
        use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
        assert_impl!(OwnedFd: From<$type>);
        assert_impl!($type: From<OwnedFd>);
        assert_impl!($type: AsFd + AsRawFd + FromRawFd + IntoRawFd);
    }};
}
#[cfg(windows)]
macro_rules! assert_owns {
    ($type:ty) => {{
        use std::os::windows::io::{
            AsRawSocket, AsSocket, FromRawSocket, IntoRawSocket, OwnedSocket,
        };
        assert_impl!(OwnedSocket: From<$type>);
        assert_impl!($type: From<OwnedSocket>);
        assert_impl!($type: AsSocket + AsRawSocket + FromRawSocket + IntoRawSocket);
    }};
}

mod additions;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// The auto traits that a program can name. Every type of the crate implements all of them.
trait Auto: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe {}

impl<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe> Auto for T {}

/// The closure type of `try_io`, as the tests instantiate it.
type Attempt = fn() -> io::Result<u8>;

// mio::event

#[test]
fn event_has_its_methods() {
    let _: fn(&Event) -> bool = Event::is_aio;
    let _: fn(&Event) -> bool = Event::is_error;
    let _: fn(&Event) -> bool = Event::is_lio;
    let _: fn(&Event) -> bool = Event::is_priority;
    let _: fn(&Event) -> bool = Event::is_read_closed;
    let _: fn(&Event) -> bool = Event::is_readable;
    let _: fn(&Event) -> bool = Event::is_writable;
    let _: fn(&Event) -> bool = Event::is_write_closed;
    let _: fn(&Event) -> Token = Event::token;
}

#[test]
fn event_has_its_traits() {
    assert_impl!(Event: Auto + Clone + Debug);
}

#[test]
fn events_has_its_methods() {
    let _: fn(&Events) -> usize = Events::capacity;
    let _: fn(&mut Events) = Events::clear;
    let _: fn(&Events) -> bool = Events::is_empty;
    let _: fn(&Events) -> event::Iter<'_> = Events::iter;
    let _: fn(usize) -> Events = Events::with_capacity;
}

#[test]
fn events_has_its_traits() {
    assert_impl!(Events: Auto + Debug);
    assert_impl!(for<'a> &'a Events: IntoIterator<Item = &'a Event, IntoIter = event::Iter<'a>>);
}

#[test]
fn events_has_two_paths() {
    let _: fn(mio::event::Events) -> mio::Events = |events| events;
}

#[test]
fn iter_has_its_traits() {
    assert_impl!(event::Iter<'_>: Auto + Clone + Debug);
    assert_impl!(for<'a> event::Iter<'a>: Iterator<Item = &'a Event>);
}

#[test]
fn iter_overrides_size_hint() {
    let events = Events::with_capacity(8);
    assert_eq!(events.iter().size_hint(), (0, Some(0)));
    assert_eq!(events.iter().count(), 0);
}

#[test]
fn source_has_its_methods() {
    type Deregister<S> = fn(&mut S, &Registry) -> io::Result<()>;
    type Register<S> = fn(&mut S, &Registry, Token, Interest) -> io::Result<()>;

    let _: Deregister<dyn Source> = <dyn Source>::deregister;
    let _: Register<dyn Source> = <dyn Source>::register;
    let _: Register<dyn Source> = <dyn Source>::reregister;
}

#[test]
fn source_can_be_implemented() {
    /// Implements only these three methods, so no other method is required.
    struct Inner(TcpStream);

    impl Source for Inner {
        fn register(
            &mut self,
            registry: &Registry,
            token: Token,
            interests: Interest,
        ) -> io::Result<()> {
            self.0.register(registry, token, interests)
        }

        fn reregister(
            &mut self,
            registry: &Registry,
            token: Token,
            interests: Interest,
        ) -> io::Result<()> {
            self.0.reregister(registry, token, interests)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            self.0.deregister(registry)
        }
    }

    assert_impl!(Inner: Source);
    assert_impl!(Box<Inner>: Source);
    assert_impl!(Box<dyn Source>: Source);
    assert_impl!(Box<dyn Source + Send + Sync>: Source);
}

// mio::net

#[test]
fn tcp_listener_has_its_methods() {
    let _: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)> = TcpListener::accept;
    let _: fn(SocketAddr) -> io::Result<TcpListener> = TcpListener::bind;
    let _: fn(std::net::TcpListener) -> TcpListener = TcpListener::from_std;
    let _: fn(&TcpListener) -> io::Result<SocketAddr> = TcpListener::local_addr;
    let _: fn(&TcpListener, u32) -> io::Result<()> = TcpListener::set_ttl;
    let _: fn(&TcpListener) -> io::Result<Option<io::Error>> = TcpListener::take_error;
    let _: fn(&TcpListener) -> io::Result<u32> = TcpListener::ttl;
}

#[test]
fn tcp_listener_has_its_traits() {
    assert_impl!(std::net::TcpListener: From<TcpListener>);
    assert_impl!(TcpListener: Auto + Debug + Source);
    assert_owns!(TcpListener);
}

#[test]
fn tcp_stream_has_its_methods() {
    let _: fn(SocketAddr) -> io::Result<TcpStream> = TcpStream::connect;
    let _: fn(std::net::TcpStream) -> TcpStream = TcpStream::from_std;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::local_addr;
    let _: fn(&TcpStream) -> io::Result<bool> = TcpStream::nodelay;
    let _: fn(&TcpStream, &mut [u8]) -> io::Result<usize> = TcpStream::peek;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::peer_addr;
    let _: fn(&TcpStream, bool) -> io::Result<()> = TcpStream::set_nodelay;
    let _: fn(&TcpStream, u32) -> io::Result<()> = TcpStream::set_ttl;
    let _: fn(&TcpStream, Shutdown) -> io::Result<()> = TcpStream::shutdown;
    let _: fn(&TcpStream) -> io::Result<Option<io::Error>> = TcpStream::take_error;
    let _: fn(&TcpStream, Attempt) -> io::Result<u8> = TcpStream::try_io::<Attempt, u8>;
    let _: fn(&TcpStream) -> io::Result<u32> = TcpStream::ttl;
}

#[test]
fn tcp_stream_has_its_traits() {
    assert_impl!(std::net::TcpStream: From<TcpStream>);
    assert_impl!(TcpStream: Auto + Debug + Source);
    assert_impl!(&TcpStream: Read + Write);
    assert_impl!(TcpStream: Read + Write);
    assert_owns!(TcpStream);
}

#[test]
fn udp_socket_has_its_methods() {
    type Multicast4 = fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> io::Result<()>;
    type Multicast6 = fn(&UdpSocket, &Ipv6Addr, u32) -> io::Result<()>;
    type ReceiveFrom = fn(&UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    let _: fn(SocketAddr) -> io::Result<UdpSocket> = UdpSocket::bind;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::broadcast;
    let _: fn(&UdpSocket, SocketAddr) -> io::Result<()> = UdpSocket::connect;
    let _: fn(std::net::UdpSocket) -> UdpSocket = UdpSocket::from_std;
    let _: Multicast4 = UdpSocket::join_multicast_v4;
    let _: Multicast6 = UdpSocket::join_multicast_v6;
    let _: Multicast4 = UdpSocket::leave_multicast_v4;
    let _: Multicast6 = UdpSocket::leave_multicast_v6;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::local_addr;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v4;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v6;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::multicast_ttl_v4;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::only_v6;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::peek;
    let _: ReceiveFrom = UdpSocket::peek_from;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::peer_addr;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::recv;
    let _: ReceiveFrom = UdpSocket::recv_from;
    let _: fn(&UdpSocket, &[u8]) -> io::Result<usize> = UdpSocket::send;
    let _: fn(&UdpSocket, &[u8], SocketAddr) -> io::Result<usize> = UdpSocket::send_to;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_broadcast;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v4;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v6;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_multicast_ttl_v4;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_ttl;
    let _: fn(&UdpSocket) -> io::Result<Option<io::Error>> = UdpSocket::take_error;
    let _: fn(&UdpSocket, Attempt) -> io::Result<u8> = UdpSocket::try_io::<Attempt, u8>;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::ttl;
}

#[test]
fn udp_socket_has_its_traits() {
    assert_impl!(std::net::UdpSocket: From<UdpSocket>);
    assert_impl!(UdpSocket: Auto + Debug + Source);
    assert_owns!(UdpSocket);
}

/// With one selector a socket contains only its descriptor. Debug builds and a second selector need
/// more fields.
#[cfg(all(epoll, not(poll), not(debug_assertions)))]
#[test]
fn sockets_are_as_small_as_those_of_std() {
    assert_eq!(size_of::<TcpListener>(), size_of::<std::net::TcpListener>());
    assert_eq!(size_of::<TcpStream>(), size_of::<std::net::TcpStream>());
    assert_eq!(size_of::<UdpSocket>(), size_of::<std::net::UdpSocket>());
}

// mio

#[test]
fn interest_has_its_constants() {
    const _: Interest = Interest::READABLE;
    const _: Interest = Interest::WRITABLE;
    #[cfg(priority)]
    const _: Interest = Interest::PRIORITY;
}

#[test]
fn interest_has_its_methods() {
    let _: fn(Interest, Interest) -> Interest = Interest::add;
    let _: fn(Interest) -> bool = Interest::is_aio;
    let _: fn(Interest) -> bool = Interest::is_lio;
    let _: fn(Interest) -> bool = Interest::is_priority;
    let _: fn(Interest) -> bool = Interest::is_readable;
    let _: fn(Interest) -> bool = Interest::is_writable;
    let _: fn(Interest, Interest) -> Option<Interest> = Interest::remove;
}

#[test]
fn interest_methods_are_const() {
    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    const _: bool = BOTH.is_aio();
    const _: bool = BOTH.is_lio();
    const _: bool = BOTH.is_priority();
    const _: bool = BOTH.is_readable();
    const _: bool = BOTH.is_writable();
}

#[test]
fn interest_has_its_traits() {
    assert_impl!(Interest: Auto + Clone + Copy + Debug);
    assert_impl!(Interest: Eq + Ord + PartialEq + PartialOrd);
    assert_impl!(Interest: BitOr<Output = Interest> + BitOrAssign);
}

#[test]
fn interest_can_be_a_pattern() {
    assert!(matches!(Interest::READABLE, Interest::READABLE));
    assert!(!matches!(Interest::WRITABLE, Interest::READABLE));
}

#[test]
fn poll_has_its_methods() {
    let _: fn() -> io::Result<Poll> = Poll::new;
    let _: fn(&mut Poll, &mut Events, Option<Duration>) -> io::Result<()> = Poll::poll;
    let _: fn(&Poll) -> &Registry = Poll::registry;
}

#[test]
fn poll_has_its_traits() {
    assert_impl!(Poll: Auto + Debug);
}

#[test]
fn registry_has_its_methods() {
    type Deregister<S> = fn(&Registry, &mut S) -> io::Result<()>;
    type Register<S> = fn(&Registry, &mut S, Token, Interest) -> io::Result<()>;

    let _: Deregister<TcpStream> = Registry::deregister::<TcpStream>;
    let _: Deregister<dyn Source> = Registry::deregister::<dyn Source>;
    let _: Register<TcpStream> = Registry::register::<TcpStream>;
    let _: Register<dyn Source> = Registry::register::<dyn Source>;
    let _: Register<TcpStream> = Registry::reregister::<TcpStream>;
    let _: Register<dyn Source> = Registry::reregister::<dyn Source>;
    let _: fn(&Registry) -> io::Result<Registry> = Registry::try_clone;
}

#[test]
fn registry_has_its_traits() {
    assert_impl!(Registry: Auto + Debug);
}

#[test]
fn token_is_a_public_number() {
    const TOKEN: Token = Token(7);
    let Token(number) = TOKEN;
    let _: usize = number;
    assert_eq!(TOKEN.0, 7);
}

#[test]
fn token_has_its_traits() {
    assert_impl!(Token: Auto + Clone + Copy + Debug);
    assert_impl!(Token: Eq + Ord + PartialEq + PartialOrd + Hash);
    assert_impl!(usize: From<Token>);
}

#[test]
fn token_can_be_a_pattern() {
    const SERVER: Token = Token(0);
    assert!(matches!(Token(0), SERVER));
    assert!(!matches!(Token(1), SERVER));
}

#[test]
fn waker_has_its_methods() {
    let _: fn(&Registry, Token) -> io::Result<Waker> = Waker::new;
    let _: fn(&Waker) -> io::Result<()> = Waker::wake;
}

#[test]
fn waker_has_its_traits() {
    assert_impl!(Waker: Auto + Debug);
}
