//! `socket2::SockRef` reaches the options of each socket of `mio::net`: what the page `options`
//! shows.

use mio::net::{TcpListener, TcpStream, UdpSocket};
use socket2::SockRef;

use crate::support::any_port;

#[test]
fn options_of_live_sockets_are_set_and_read() {
    let listener = TcpListener::bind(any_port()).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let udp = UdpSocket::bind(any_port()).unwrap();

    let options = SockRef::from(&stream);
    options.set_keepalive(true).unwrap();
    options.set_tcp_nodelay(true).unwrap();
    assert!(options.keepalive().unwrap());
    assert!(stream.nodelay().unwrap());
    let keepalive = socket2::TcpKeepalive::new().with_time(std::time::Duration::from_secs(60));
    options.set_tcp_keepalive(&keepalive).unwrap();

    let options = SockRef::from(&udp);
    options.set_recv_buffer_size(64 * 1024).unwrap();
    assert!(options.recv_buffer_size().unwrap() >= 64 * 1024);
    options.set_ttl_v4(7).unwrap();
    assert_eq!(udp.ttl().unwrap(), 7);

    let options = SockRef::from(&listener);
    options.set_recv_buffer_size(32 * 1024).unwrap();
    assert!(options.recv_buffer_size().unwrap() >= 32 * 1024);
}

#[cfg(unix)]
mod raw {
    use std::io::{Read, Write};

    use mio::{Interest, IoSource, Token};
    use socket2::{Domain, Socket, Type};

    use crate::support::{on_each_selector, poll_on, wait};

    /// A kind of socket that this crate has no type for is a source all the same. macOS has no
    /// `SOCK_SEQPACKET` of this family.
    #[cfg(any(not(ancillary), cmsg_cloexec))]
    #[test]
    fn sequenced_packets_are_a_source() {
        on_each_selector(|kind| {
            let (mut poll, mut events) = poll_on(kind);
            let (mut ours, theirs) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None).unwrap();
            theirs.set_nonblocking(true).unwrap();
            let mut theirs = IoSource::new(theirs);
            poll.registry()
                .register(&mut theirs, Token(3), Interest::READABLE)
                .unwrap();
            for text in [&b"one"[..], b"three"] {
                ours.write_all(text).unwrap();
            }
            wait(&mut poll, &mut events, None);
            let mut buffer = [0; 16];
            for text in [&b"one"[..], b"three"] {
                let read = theirs
                    .read_with(|socket| (&*socket).read(&mut buffer))
                    .unwrap();
                assert_eq!(&buffer[..read], text, "a packet at a time");
            }
        });
    }
}
