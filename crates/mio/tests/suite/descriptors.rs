//! Descriptors: none is leaked, and running out of them is an ordinary error.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Poll, SelectorKind, Token, Waker};

use crate::support::process::{alone, open_descriptors, test_path};
use crate::support::{BOTH, Watch, any_port, connected, ffi, listen};

per_selector!(
    nothing_is_leaked,
    running_out_is_an_error,
    handles_are_close_on_exec,
    what_is_gone_counts_no_more,
);

fn nothing_is_leaked(kind: SelectorKind) {
    alone(&test_path!(kind, "nothing_is_leaked"), || {
        let before = open_descriptors();
        for _ in 0..20 {
            let mut watch = Watch::new(kind);
            let registry = watch.poll.registry().try_clone().unwrap();
            let waker = Waker::new(&registry, Token(0)).unwrap();
            let (mut stream, _peer) = connected();
            watch.register(&mut stream, 1, BOTH);
            let (mut sender, mut receiver) = pipe::new().unwrap();
            watch.register(&mut sender, 2, BOTH);
            watch.register(&mut receiver, 3, BOTH);
            waker.wake().unwrap();
            watch.wait_readable(0);

            // Failed calls leak nothing either.
            let (listener, address) = listen();
            assert!(TcpListener::bind(address).is_err());
            assert!(UnixStream::connect("/nowhere/at/all").is_err());
            assert!(UnixDatagram::bind("/nowhere/at/all").is_err());
            assert!(registry.register(&mut stream, Token(4), BOTH).is_err());
            assert!(
                registry
                    .register(&mut SourceFd(&-1), Token(4), BOTH)
                    .is_err()
            );
            drop((watch, listener));
            // These outlive their poll.
            drop((registry, waker, stream));
        }
        assert_eq!(open_descriptors(), before);
    });
}

fn running_out_is_an_error(kind: SelectorKind) {
    alone(&test_path!(kind, "running_out_is_an_error"), || {
        let mut watch = Watch::new(kind);
        let (mut listener, address) = listen();
        watch.register(&mut listener, 1, Interest::READABLE);
        let mut clients: Vec<_> = (0..3)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        watch.wait_readable(1);

        // No further descriptor can be opened.
        ffi::limit_descriptors(listener.as_raw_fd() as usize + 200);
        let mut fill = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            fill.push(file);
        }
        let polls = Poll::builder().selector(kind).build().map(drop);
        let sockets = UdpSocket::bind(any_port()).map(drop);
        let streams = TcpStream::connect(address).map(drop);
        let listeners = TcpListener::bind(any_port()).map(drop);
        let pairs = UnixStream::pair().map(drop);
        let pipes = pipe::new().map(drop);
        let accepted = listener.accept().map(drop);
        let out = [polls, sockets, streams, listeners, pairs, accepted, pipes];
        for result in out {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EMFILE));
        }
        // On poll(2) these need no descriptor of their own.
        if kind == SelectorKind::Epoll {
            let registry = watch.poll.registry();
            for result in [
                Waker::new(registry, Token(0)).map(drop),
                registry.try_clone().map(drop),
            ] {
                assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EMFILE));
            }
        }

        // With descriptors available again, everything continues, and no connection was lost.
        fill.truncate(fill.len() - 20);
        let accepted: Vec<_> = (0..3).map(|_| listener.accept().unwrap()).collect();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        clients.push(std::net::TcpStream::connect(address).unwrap());
        watch.wait_readable(1);
        let waker = Waker::new(watch.poll.registry(), Token(0)).unwrap();
        waker.wake().unwrap();
        watch.wait_readable(0);
        drop(accepted);
    });
}

/// The kernel limits the number of entries of poll(2) to the number of descriptors that the process
/// may have.
fn what_is_gone_counts_no_more(kind: SelectorKind) {
    alone(&test_path!(kind, "what_is_gone_counts_no_more"), || {
        let mut watch = Watch::new(kind);
        let mut pairs: Vec<_> = (0..100).map(|_| UnixStream::pair().unwrap()).collect();
        for (token, (one, _)) in pairs.iter_mut().enumerate() {
            watch.register(one, token, BOTH);
        }
        watch.poll(Duration::ZERO);
        pairs.truncate(1);
        watch.poll(Duration::ZERO);
        ffi::limit_descriptors(20);
        pairs[0].1.shutdown(std::net::Shutdown::Both).unwrap();
        watch.wait(0, mio::event::Event::is_read_closed);
    });
}

/// Every descriptor that this crate opens is close-on-exec, including those inside the poll and the
/// waker.
fn handles_are_close_on_exec(kind: SelectorKind) {
    alone(&test_path!(kind, "handles_are_close_on_exec"), || {
        let before = ffi::inherited_descriptors();
        let watch = Watch::new(kind);
        let registry = watch.poll.registry().try_clone().unwrap();
        let waker = Waker::new(&registry, Token(0)).unwrap();
        assert_eq!(ffi::inherited_descriptors(), before);
        drop((watch, registry, waker));
    });
}
