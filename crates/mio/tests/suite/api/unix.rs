//! The API for Unix.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net as unix_net;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use mio::net::{UnixDatagram, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};

use super::*;

// mio::net

#[test]
fn unix_datagram_has_its_methods() {
    type Address = fn(&UnixDatagram) -> io::Result<unix_net::SocketAddr>;
    type ReceiveFrom = fn(&UnixDatagram, &mut [u8]) -> io::Result<(usize, unix_net::SocketAddr)>;

    let _: fn(PathBuf) -> io::Result<UnixDatagram> = UnixDatagram::bind::<PathBuf>;
    let _: fn(&unix_net::SocketAddr) -> io::Result<UnixDatagram> = UnixDatagram::bind_addr;
    let _: fn(&UnixDatagram, PathBuf) -> io::Result<()> = UnixDatagram::connect::<PathBuf>;
    let _: fn(unix_net::UnixDatagram) -> UnixDatagram = UnixDatagram::from_std;
    let _: Address = UnixDatagram::local_addr;
    let _: fn() -> io::Result<(UnixDatagram, UnixDatagram)> = UnixDatagram::pair;
    let _: Address = UnixDatagram::peer_addr;
    let _: fn(&UnixDatagram, &mut [u8]) -> io::Result<usize> = UnixDatagram::recv;
    let _: ReceiveFrom = UnixDatagram::recv_from;
    let _: fn(&UnixDatagram, &[u8]) -> io::Result<usize> = UnixDatagram::send;
    let _: fn(&UnixDatagram, &[u8], PathBuf) -> io::Result<usize> =
        UnixDatagram::send_to::<PathBuf>;
    let _: fn(&UnixDatagram, Shutdown) -> io::Result<()> = UnixDatagram::shutdown;
    let _: fn(&UnixDatagram) -> io::Result<Option<io::Error>> = UnixDatagram::take_error;
    let _: fn(&UnixDatagram, Attempt) -> io::Result<u8> = UnixDatagram::try_io::<Attempt, u8>;
    let _: fn() -> io::Result<UnixDatagram> = UnixDatagram::unbound;
}

#[test]
fn unix_datagram_has_its_traits() {
    assert_impl!(unix_net::UnixDatagram: From<UnixDatagram>);
    assert_impl!(UnixDatagram: Auto + Debug + Source);
    assert_owns!(UnixDatagram);
}

#[test]
fn unix_listener_has_its_methods() {
    type Accept = fn(&UnixListener) -> io::Result<(UnixStream, unix_net::SocketAddr)>;

    let _: Accept = UnixListener::accept;
    let _: fn(PathBuf) -> io::Result<UnixListener> = UnixListener::bind::<PathBuf>;
    let _: fn(&unix_net::SocketAddr) -> io::Result<UnixListener> = UnixListener::bind_addr;
    let _: fn(unix_net::UnixListener) -> UnixListener = UnixListener::from_std;
    let _: fn(&UnixListener) -> io::Result<unix_net::SocketAddr> = UnixListener::local_addr;
    let _: fn(&UnixListener) -> io::Result<Option<io::Error>> = UnixListener::take_error;
}

#[test]
fn unix_listener_has_its_traits() {
    assert_impl!(unix_net::UnixListener: From<UnixListener>);
    assert_impl!(UnixListener: Auto + Debug + Source);
    assert_owns!(UnixListener);
}

#[test]
fn unix_stream_has_its_methods() {
    let _: fn(PathBuf) -> io::Result<UnixStream> = UnixStream::connect::<PathBuf>;
    let _: fn(&unix_net::SocketAddr) -> io::Result<UnixStream> = UnixStream::connect_addr;
    let _: fn(unix_net::UnixStream) -> UnixStream = UnixStream::from_std;
    let _: fn(&UnixStream) -> io::Result<unix_net::SocketAddr> = UnixStream::local_addr;
    let _: fn() -> io::Result<(UnixStream, UnixStream)> = UnixStream::pair;
    let _: fn(&UnixStream) -> io::Result<unix_net::SocketAddr> = UnixStream::peer_addr;
    let _: fn(&UnixStream, Shutdown) -> io::Result<()> = UnixStream::shutdown;
    let _: fn(&UnixStream) -> io::Result<Option<io::Error>> = UnixStream::take_error;
    let _: fn(&UnixStream, Attempt) -> io::Result<u8> = UnixStream::try_io::<Attempt, u8>;
}

#[test]
fn unix_stream_has_its_traits() {
    assert_impl!(unix_net::UnixStream: From<UnixStream>);
    assert_impl!(UnixStream: Auto + Debug + Source);
    assert_impl!(&UnixStream: Read + Write);
    assert_impl!(UnixStream: Read + Write);
    assert_owns!(UnixStream);
}

/// As for the other sockets.
#[cfg(all(epoll, not(poll), not(debug_assertions)))]
#[test]
fn unix_sockets_are_as_small_as_those_of_std() {
    assert_eq!(
        size_of::<UnixDatagram>(),
        size_of::<unix_net::UnixDatagram>()
    );
    assert_eq!(
        size_of::<UnixListener>(),
        size_of::<unix_net::UnixListener>()
    );
    assert_eq!(size_of::<UnixStream>(), size_of::<unix_net::UnixStream>());
}

// mio::unix

#[test]
fn receiver_has_its_methods() {
    use pipe::Receiver;

    let _: fn(&Receiver, bool) -> io::Result<()> = Receiver::set_nonblocking;
    let _: fn(&Receiver, Attempt) -> io::Result<u8> = Receiver::try_io::<Attempt, u8>;
}

#[test]
fn receiver_has_its_traits() {
    use pipe::Receiver;

    assert_impl!(OwnedFd: From<Receiver>);
    assert_impl!(Receiver: From<OwnedFd> + From<ChildStderr> + From<ChildStdout>);
    assert_impl!(Receiver: Auto + Debug + Source);
    assert_impl!(&Receiver: Read);
    assert_impl!(Receiver: Read);
    assert_impl!(Receiver: AsFd + AsRawFd + FromRawFd + IntoRawFd);
}

#[test]
fn sender_has_its_methods() {
    use pipe::Sender;

    let _: fn(&Sender, bool) -> io::Result<()> = Sender::set_nonblocking;
    let _: fn(&Sender, Attempt) -> io::Result<u8> = Sender::try_io::<Attempt, u8>;
}

#[test]
fn sender_has_its_traits() {
    use pipe::Sender;

    assert_impl!(OwnedFd: From<Sender>);
    assert_impl!(Sender: From<OwnedFd> + From<ChildStdin>);
    assert_impl!(Sender: Auto + Debug + Source);
    assert_impl!(&Sender: Write);
    assert_impl!(Sender: Write);
    assert_impl!(Sender: AsFd + AsRawFd + FromRawFd + IntoRawFd);
}

#[test]
fn pipe_has_its_function() {
    let _: fn() -> io::Result<(pipe::Sender, pipe::Receiver)> = pipe::new;
}

#[test]
fn source_fd_is_a_public_reference() {
    let file = File::open("/dev/null").unwrap();
    let fd: RawFd = file.as_raw_fd();
    let SourceFd(inner) = SourceFd(&fd);
    assert_eq!(*inner, fd);

    fn lives_as_long_as_the_descriptor<'a>(fd: &'a RawFd) -> SourceFd<'a> {
        SourceFd(fd)
    }
    let _: &RawFd = lives_as_long_as_the_descriptor(&fd).0;
}

#[test]
fn source_fd_has_its_traits() {
    assert_impl!(SourceFd<'_>: Auto + Debug + Source);
}

// mio

#[test]
fn a_poll_has_a_descriptor() {
    assert_impl!(Poll: AsFd + AsRawFd);
    assert_impl!(Registry: AsFd + AsRawFd);
}
