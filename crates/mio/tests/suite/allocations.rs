//! Nothing allocates after set-up.

use std::io::{Read, Write};
use std::time::Duration;

use mio::event::Event;
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, SelectorKind, Token, Waker};

use crate::support::{
    BOTH, LONG, Watch, any_port, drain, ffi, fill, listen, pair, soon, would_block,
};

/// As [`Watch::wait`], without a list of the other events.
fn wait_readable(watch: &mut Watch, token: usize) {
    let is_wanted = |event: &Event| event.token() == Token(token) && event.is_readable();
    loop {
        watch.poll(LONG);
        if watch.events.iter().any(is_wanted) {
            return;
        }
    }
}

per_selector!(
    a_running_server_does_not_allocate,
    #[cfg(unix)]
    pipes_unix_listeners_and_descriptors_do_not_allocate,
    many_sources_do_not_allocate,
    registering_again_does_not_allocate_much,
);

/// Runs `f`, and checks that it does not allocate in this thread.
pub(crate) fn without_allocating<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let before = ffi::allocations();
    let result = f();
    assert_eq!(ffi::allocations() - before, 0, "{what} allocates");
    result
}

#[test]
fn the_counter_counts() {
    let before = ffi::allocations();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(ffi::allocations() - before, 1);
}

fn a_running_server_does_not_allocate(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(0)).unwrap();
    let (mut listener, address) = listen();
    let (mut one, mut two) = pair();
    let mut udp = UdpSocket::bind(any_port()).unwrap();
    watch.register(&mut listener, 1, Interest::READABLE);
    watch.register(&mut one, 2, BOTH);
    watch.register(&mut two, 3, BOTH);
    watch.register(&mut udp, 4, BOTH);
    let udp_address = udp.local_addr().unwrap();

    // From the first poll on.
    without_allocating("a first poll", || watch.poll(Duration::ZERO));
    for _ in 0..3 {
        let client = std::net::TcpStream::connect(address).unwrap();
        without_allocating("a turn of the loop", || {
            waker.wake().unwrap();
            wait_readable(&mut watch, 0);
            watch.poll(Duration::from_micros(10));
            watch.poll(Duration::from_millis(1));
            drop(soon(|| listener.accept()).unwrap());
            would_block(listener.accept());
            let mut left = fill(&one);
            while left > 0 {
                left -= drain(&two);
            }
            would_block(two.read(&mut [0; 8]));
            udp.send_to(b"hello", udp_address).unwrap();
            wait_readable(&mut watch, 4);
            udp.recv_from(&mut [0; 8]).unwrap();
            would_block(udp.recv_from(&mut [0; 8]));
            watch
                .poll
                .registry()
                .reregister(&mut one, Token(2), Interest::READABLE)
                .unwrap();
            watch.poll(Duration::ZERO);
        });
        drop(client);
    }
    without_allocating("deregistering", || {
        watch.deregister(&mut one);
        watch.poll(Duration::ZERO);
    });
}

#[cfg(unix)]
fn pipes_unix_listeners_and_descriptors_do_not_allocate(kind: SelectorKind) {
    use mio::net::UnixListener;
    use mio::unix::{SourceFd, pipe};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut watch = Watch::new(kind);
    let mut listener = UnixListener::bind(&path).unwrap();
    let (mut sender, mut receiver) = pipe::new().unwrap();
    let (raw, mut raw_peer) = std::os::unix::net::UnixStream::pair().unwrap();
    raw.set_nonblocking(true).unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&raw);
    watch.register(&mut sender, 1, Interest::WRITABLE);
    watch.register(&mut receiver, 2, Interest::READABLE);
    watch.register(&mut SourceFd(&fd), 3, BOTH);
    watch.register(&mut listener, 4, Interest::READABLE);
    for _ in 0..3 {
        let client = std::os::unix::net::UnixStream::connect(&path).unwrap();
        without_allocating("a turn of the loop", || {
            wait_readable(&mut watch, 4);
            drop(listener.accept().unwrap());
            would_block(listener.accept());
            sender.write_all(b"hello").unwrap();
            wait_readable(&mut watch, 2);
            drain(&receiver);
            raw_peer.write_all(b"hello").unwrap();
            wait_readable(&mut watch, 3);
            drain(&raw);
            watch
                .poll
                .registry()
                .reregister(&mut SourceFd(&fd), Token(3), BOTH)
                .unwrap();
            watch.poll(Duration::ZERO);
        });
        drop(client);
    }
    without_allocating("deregistering", || {
        watch.deregister(&mut SourceFd(&fd));
        watch.poll(Duration::ZERO);
    });
}

fn many_sources_do_not_allocate(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut pairs: Vec<_> = (0..300).map(|_| pair()).collect();
    for (token, (one, _)) in pairs.iter_mut().enumerate() {
        watch.register(one, token, BOTH);
        // A poll between two registrations must make room for the second one, too.
        without_allocating("a poll after registering", || watch.poll(Duration::ZERO));
    }
    without_allocating("polling many", || {
        for (_, two) in &mut pairs {
            two.write_all(b"hello").unwrap();
        }
        for _ in 0..10 {
            watch.poll(Duration::ZERO);
        }
        for (one, _) in &mut pairs {
            drain(one);
        }
        watch.poll(Duration::ZERO);
    });
    without_allocating("dropping many", || {
        // In another order than that of the registrations, which empties groups, if there are any,
        // one by one.
        for first in 0..32 {
            for (one, _) in pairs.iter_mut().skip(first).step_by(32) {
                watch.deregister(one);
            }
            watch.poll(Duration::ZERO);
        }
    });
}

/// The memory of a server whose connections come and go reaches a size and stays there.
fn registering_again_does_not_allocate_much(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (listener, address) = listen();
    let churn = |watch: &mut Watch| {
        let client = std::net::TcpStream::connect(address).unwrap();
        let (mut stream, _): (TcpStream, _) = soon(|| listener.accept()).unwrap();
        watch.register(&mut stream, 1, BOTH);
        watch.poll(Duration::ZERO);
        watch.deregister(&mut stream);
        drop(client);
    };
    for _ in 0..10 {
        churn(&mut watch);
    }
    let before = ffi::allocations();
    for _ in 0..10 {
        churn(&mut watch);
    }
    // On AFD a registration has memory of its own, a part of which the kernel owns for a while.
    let each = if kind == SelectorKind::Afd { 2 } else { 0 };
    let allocations = ffi::allocations() - before;
    assert!(allocations <= 10 * each, "{allocations} allocations");
}
