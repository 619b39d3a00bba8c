//! The page `options`: `socket2::SockRef` reaches the options of each socket of `mio::net`, and
//! each socket of socket2 is a source.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, SelectorKind, Token};
use socket2::{SockRef, TcpKeepalive};

use crate::support::{any_port, on_each_selector, poll_on, wait};

/// Sends a byte to a stream that is accepted from `listener`, which reports the byte.
fn exchange(kind: SelectorKind, listener: &mut TcpListener, client: &mut TcpStream) {
    let (mut poll, mut events) = poll_on(kind);
    let registry = poll.registry().try_clone().unwrap();
    registry
        .register(listener, Token(0), Interest::READABLE)
        .unwrap();
    registry
        .register(client, Token(1), Interest::WRITABLE)
        .unwrap();
    let (mut server, mut sent, mut received) = (None, false, [0]);
    while received == [0] {
        wait(&mut poll, &mut events, None);
        sent = sent || client.write(b"!").is_ok();
        if let Ok((mut stream, _)) = listener.accept() {
            registry
                .register(&mut stream, Token(2), Interest::READABLE)
                .unwrap();
            server = Some(stream);
        }
        if let Some(server) = &mut server {
            match server.read(&mut received) {
                Err(err) if err.kind() == ErrorKind::WouldBlock => {}
                result => assert_eq!(result.unwrap(), 1),
            }
        }
    }
    assert_eq!(&received, b"!");
}

#[test]
fn options_of_live_sockets_are_set_and_read() {
    on_each_selector(|kind| {
        let mut listener = TcpListener::bind(any_port()).unwrap();
        let options = SockRef::from(&listener);
        options.set_recv_buffer_size(32 * 1024).unwrap();
        assert!(options.recv_buffer_size().unwrap() >= 32 * 1024);

        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let options = SockRef::from(&stream);
        options.set_tcp_nodelay(true).unwrap();
        assert!(stream.nodelay().unwrap());
        options.set_keepalive(true).unwrap();
        let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60));
        options.set_tcp_keepalive(&keepalive).unwrap();
        assert!(options.keepalive().unwrap());
        options.set_send_buffer_size(64 * 1024).unwrap();
        assert!(options.send_buffer_size().unwrap() >= 64 * 1024);
        exchange(kind, &mut listener, &mut stream);
    });
}

#[test]
fn options_of_datagram_sockets_are_set_and_read() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let mut socket = UdpSocket::bind(any_port()).unwrap();
        poll.registry()
            .register(&mut socket, Token(0), Interest::READABLE)
            .unwrap();
        let options = SockRef::from(&socket);
        options.set_recv_buffer_size(64 * 1024).unwrap();
        assert!(options.recv_buffer_size().unwrap() >= 64 * 1024);
        options.set_ttl_v4(7).unwrap();
        assert_eq!(socket.ttl().unwrap(), 7);
        #[cfg(bsd_sockets)]
        {
            // Class selector 1. The kernel may use the two bits of ECN itself.
            options.set_tos_v4(0x20).unwrap();
            assert_eq!(options.tos_v4().unwrap() & 0xfc, 0x20);
        }
        socket
            .send_to(b"hello", socket.local_addr().unwrap())
            .unwrap();
        wait(&mut poll, &mut events, None);
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
    });
}

#[cfg(bsd_sockets)]
mod before_bind {
    use std::net::SocketAddr;

    use mio::net::TcpListener;
    use socket2::{Domain, Socket, Type};

    fn tcp() -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn listen(socket: Socket, address: SocketAddr) -> TcpListener {
        socket.bind(&address.into()).unwrap();
        socket.listen(128).unwrap();
        TcpListener::from_std(socket.into())
    }

    #[test]
    fn reuse_port_lets_two_listeners_share_a_port() {
        use mio::net::TcpStream;
        use mio::{Interest, Token};

        use crate::support::{any_port, on_each_selector, poll_on, wait};

        const CLIENTS: usize = 32;
        on_each_selector(|kind| {
            let (mut poll, mut events) = poll_on(kind);
            let mut address = any_port();
            let mut listeners = Vec::new();
            for number in 0..2 {
                let socket = tcp();
                socket.set_reuse_port(true).unwrap();
                let mut listener = listen(socket, address);
                address = listener.local_addr().unwrap();
                poll.registry()
                    .register(&mut listener, Token(number), Interest::READABLE)
                    .unwrap();
                listeners.push(listener);
            }
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| TcpStream::connect(address).unwrap())
                .collect();
            let mut accepted = 0;
            while accepted < CLIENTS {
                wait(&mut poll, &mut events, None);
                for event in &events {
                    while listeners[event.token().0].accept().is_ok() {
                        accepted += 1;
                    }
                }
            }
            drop(clients);
        });
    }

    #[cfg(linux_sockets)]
    mod on_linux {
        use std::io::ErrorKind;
        use std::net::SocketAddr;

        use mio::net::{TcpListener, TcpStream};
        use nix::sys::socket::sockopt::TcpFastOpenConnect;
        use nix::sys::socket::{getsockopt, setsockopt};
        use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

        use super::{listen, tcp};
        use crate::options::exchange;
        use crate::support::{any_port, on_each_selector, poll_on, wait};

        sockopt_impl!(
            /// Maximum number of pending connections that have sent data with their SYN.
            TcpFastOpen,
            Both,
            libc::IPPROTO_TCP,
            libc::TCP_FASTOPEN,
            i32
        );

        #[test]
        fn stream_and_listener_bound_to_a_device_exchange() {
            on_each_selector(|kind| {
                let (ours, theirs) = (tcp(), tcp());
                for socket in [&ours, &theirs] {
                    match socket.bind_device(Some(b"lo")) {
                        Err(err) if err.kind() == ErrorKind::PermissionDenied => {
                            return println!("may not bind to a device: {err}");
                        }
                        // Without that device the test is skipped.
                        Err(err) if err.raw_os_error() == Some(libc::ENODEV) => {
                            return println!("no lo: {err}");
                        }
                        result => result.unwrap(),
                    }
                    assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
                }
                let mut listener = listen(ours, any_port());
                let mut stream = connect(theirs, &listener);
                exchange(kind, &mut listener, &mut stream);
            });
        }

        #[test]
        fn fast_open_stream_and_listener_exchange() {
            on_each_selector(|kind| {
                let (ours, theirs) = (tcp(), tcp());
                setsockopt(&ours, TcpFastOpen, &16).unwrap();
                assert_eq!(getsockopt(&ours, TcpFastOpen), Ok(16));
                setsockopt(&theirs, TcpFastOpenConnect, &true).unwrap();
                assert_eq!(getsockopt(&theirs, TcpFastOpenConnect), Ok(true));
                let mut listener = listen(ours, any_port());
                let mut stream = connect(theirs, &listener);
                exchange(kind, &mut listener, &mut stream);
            });
        }

        /// The address is reserved for documentation, so no machine has it.
        #[test]
        fn transparent_listener_binds_to_a_foreign_address() {
            on_each_selector(|kind| {
                let socket = tcp();
                match socket.set_ip_transparent_v4(true) {
                    Err(err) if err.kind() == ErrorKind::PermissionDenied => {
                        return println!("may not be transparent: {err}");
                    }
                    result => result.unwrap(),
                }
                assert!(socket.ip_transparent_v4().unwrap());
                let mut listener = listen(socket, SocketAddr::from(([192, 0, 2, 1], 0)));
                assert_eq!(listener.local_addr().unwrap().ip().to_string(), "192.0.2.1");
                let (mut poll, mut events) = poll_on(kind);
                poll.registry()
                    .register(&mut listener, mio::Token(0), mio::Interest::READABLE)
                    .unwrap();
                wait(&mut poll, &mut events, Some(std::time::Duration::ZERO));
                assert!(events.is_empty());
                let err = listener.accept().unwrap_err();
                assert_eq!(err.kind(), ErrorKind::WouldBlock);
            });
        }

        fn connect(socket: socket2::Socket, listener: &TcpListener) -> TcpStream {
            match socket.connect(&listener.local_addr().unwrap().into()) {
                Err(err) if err.raw_os_error() == Some(libc::EINPROGRESS) => {}
                result => result.unwrap(),
            }
            TcpStream::from_std(socket.into())
        }
    }
}

/// Kinds of sockets that `mio::net` has no type for.
#[cfg(bsd_sockets)]
mod in_an_io_source {
    use std::io::{self, Read, Write};

    use mio::{Interest, IoSource, Token};
    use socket2::{Domain, Socket, Type};

    use crate::support::{on_each_selector, poll_on, wait};

    fn read(source: &IoSource<Socket>, buffer: &mut [u8]) -> io::Result<usize> {
        source.read_with(|socket| (&*socket).read(buffer))
    }

    fn write(source: &IoSource<Socket>, data: &[u8]) -> io::Result<usize> {
        source.write_with(|socket| (&*socket).write(data))
    }

    /// Returns `None`, and prints the reason, if this program has no permission or the machine no
    /// support.
    fn source(
        domain: Domain,
        kind: Type,
        protocol: Option<socket2::Protocol>,
    ) -> Option<IoSource<Socket>> {
        let socket = match Socket::new(domain, kind, protocol) {
            Ok(socket) => socket,
            Err(err) => {
                println!("no {domain:?} {kind:?}: {err}");
                return None;
            }
        };
        socket.set_nonblocking(true).unwrap();
        Some(IoSource::new(socket))
    }

    #[cfg(seqpacket)]
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
            let mut buffer = [0; 16];
            // The second round needs an event of its own.
            for _ in 0..2 {
                for text in [&b"one"[..], b"three"] {
                    ours.write_all(text).unwrap();
                }
                wait(&mut poll, &mut events, None);
                for text in [&b"one"[..], b"three"] {
                    let length = read(&theirs, &mut buffer).unwrap();
                    assert_eq!(&buffer[..length], text, "a packet at a time");
                }
                let err = read(&theirs, &mut buffer).unwrap_err();
                assert_eq!(err.kind(), io::ErrorKind::WouldBlock);
            }
        });
    }

    /// Sends an echo request to itself, and receives it.
    #[test]
    fn raw_socket_is_a_source() {
        use std::net::{Ipv4Addr, SocketAddr};

        on_each_selector(|kind| {
            let protocol = Some(socket2::Protocol::ICMPV4);
            let Some(mut source) = source(Domain::IPV4, Type::RAW, protocol) else {
                return;
            };
            let (mut poll, mut events) = poll_on(kind);
            poll.registry()
                .register(&mut source, Token(3), Interest::READABLE)
                .unwrap();
            let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            source.connect(&to.into()).unwrap();
            let mut request = *b"\x08\0\0\0\0\0\0\0mio-util";
            request[4..6].copy_from_slice(&(std::process::id() as u16).to_be_bytes());
            let words = request.chunks_exact(2);
            let sum: u32 = words
                .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
                .sum();
            let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
            request[2..4].copy_from_slice(&checksum.to_be_bytes());
            assert_eq!(write(&source, &request).unwrap(), request.len());
            let mut buffer = [0; 128];
            // The machine may have other packets for it.
            while !buffer.windows(request.len()).any(|part| part == request) {
                match read(&source, &mut buffer) {
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                        wait(&mut poll, &mut events, None);
                    }
                    result => drop(result.unwrap()),
                }
            }
        });
    }

    /// Requests the network devices from the kernel, and reads until all are listed.
    #[cfg(linux_sockets)]
    #[test]
    fn netlink_socket_is_a_source() {
        const DONE: u16 = 3;
        const NEW_LINK: u16 = 16;
        const GET_LINK: u16 = 18;
        const REQUEST_DUMP: u16 = 0x301;

        fn request() -> Vec<u8> {
            let mut request = 32u32.to_ne_bytes().to_vec();
            request.extend(GET_LINK.to_ne_bytes());
            request.extend(REQUEST_DUMP.to_ne_bytes());
            // The sequence number, the port, and an `ifinfomsg` for no specific device.
            request.extend([0; 24]);
            request
        }

        /// Returns the types of the messages in a datagram.
        fn types(mut datagram: &[u8]) -> Vec<u16> {
            let mut types = Vec::new();
            while let Some(header) = datagram.first_chunk::<6>() {
                let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
                types.push(u16::from_ne_bytes([header[4], header[5]]));
                let aligned = (length as usize).next_multiple_of(4).max(16);
                datagram = datagram.get(aligned..).unwrap_or_default();
            }
            types
        }

        on_each_selector(|kind| {
            let route = Some(socket2::Protocol::from(libc::NETLINK_ROUTE));
            let Some(mut source) = source(Domain::from(libc::AF_NETLINK), Type::RAW, route) else {
                return;
            };
            let (mut poll, mut events) = poll_on(kind);
            poll.registry()
                .register(&mut source, Token(3), Interest::READABLE)
                .unwrap();
            // The second round needs an event of its own.
            for _ in 0..2 {
                assert_eq!(write(&source, &request()).unwrap(), 32);
                let mut received = Vec::new();
                let mut buffer = [0; 32 * 1024];
                loop {
                    match read(&source, &mut buffer) {
                        Ok(length) => received.extend(types(&buffer[..length])),
                        Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                            if received.contains(&DONE) {
                                break;
                            }
                            wait(&mut poll, &mut events, None);
                        }
                        Err(err) => panic!("{err}"),
                    }
                }
                let links = received.iter().filter(|kind| **kind == NEW_LINK).count();
                println!("{links} network devices");
                assert!(received.iter().all(|kind| [DONE, NEW_LINK].contains(kind)));
            }
        });
    }

    /// Over the loopback of vsock, if the kernel has it.
    #[cfg(linux_sockets)]
    #[test]
    fn vsock_socket_is_a_source() {
        use socket2::SockAddr;

        const LOCAL: u32 = 1;

        on_each_selector(|kind| {
            let (Some(mut listener), Some(mut client)) = (
                source(Domain::VSOCK, Type::STREAM, None),
                source(Domain::VSOCK, Type::STREAM, None),
            ) else {
                return;
            };
            let any = SockAddr::vsock(libc::VMADDR_CID_ANY, libc::VMADDR_PORT_ANY);
            listener.bind(&any).unwrap();
            listener.listen(8).unwrap();
            let (mut poll, mut events) = poll_on(kind);
            poll.registry()
                .register(&mut listener, Token(0), Interest::READABLE)
                .unwrap();
            let accept = || listener.read_with(Socket::accept);
            assert_eq!(accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);

            let (_, port) = listener.local_addr().unwrap().as_vsock_address().unwrap();
            match client.connect(&SockAddr::vsock(LOCAL, port)) {
                Err(err) if err.raw_os_error() == Some(libc::EINPROGRESS) => {}
                Err(err) => return println!("no loopback of vsock: {err}"),
                Ok(()) => {}
            }
            poll.registry()
                .register(&mut client, Token(1), Interest::WRITABLE)
                .unwrap();
            let (stream, _) = loop {
                wait(&mut poll, &mut events, None);
                if let Some(err) = client.take_error().unwrap() {
                    return println!("no loopback of vsock: {err}");
                }
                match accept() {
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                    result => break result.unwrap(),
                }
            };
            stream.set_nonblocking(true).unwrap();
            let mut stream = IoSource::new(stream);
            poll.registry()
                .register(&mut stream, Token(2), Interest::READABLE)
                .unwrap();
            let mut buffer = [0; 8];
            let (mut is_sent, mut length) = (false, 0);
            while length == 0 {
                wait(&mut poll, &mut events, None);
                is_sent = is_sent || write(&client, b"vsock").is_ok();
                length = read(&stream, &mut buffer).unwrap_or(0);
            }
            assert_eq!(&buffer[..length], b"vsock");
        });
    }
}
