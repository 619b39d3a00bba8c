//! System calls that a sandbox refuses. The filter chooses the error.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Notifier, Poll, SelectorKind, Token, Waker};

use crate::support::ffi::{flags, inherited_descriptors};
use crate::support::{LONG, Watch, listen, process, would_block};

mod ffi;

per_selector!(
    wakers_and_notifiers_work_without_eventfd,
    refused_eventfd_leaks_no_descriptor,
    tcp_accepts_without_accept4,
    unix_accepts_without_accept4,
    timeouts_are_kept_when_epoll_pwait2_is_eperm,
    timeouts_are_kept_when_epoll_pwait2_is_eacces,
    timeouts_are_kept_when_epoll_pwait2_is_enosys,
);

/// Runs `body` once for each error.
fn with_refused(call: libc::c_long, body: impl Fn() + Sync) {
    for errno in [libc::EPERM, libc::EACCES, libc::ENOSYS] {
        with_error(call, errno, &body);
    }
}

/// Runs `body` in a new thread, because a filter can't be removed.
fn with_error(call: libc::c_long, errno: libc::c_int, body: impl Fn() + Sync) {
    thread::scope(|scope| {
        scope.spawn(|| match ffi::refuse(call, errno) {
            Ok(()) => body(),
            // An emulator of system calls, such as qemu-user, has no filters.
            Err(err) => println!("not tested: this kernel takes no filter: {err}"),
        });
    });
}

fn wakers_and_notifiers_work_without_eventfd(kind: SelectorKind) {
    with_refused(libc::SYS_eventfd2, || {
        let mut watch = Watch::new(kind);
        let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
        let mut notifier = Notifier::new().unwrap();
        watch.register(&mut notifier, 2, Interest::READABLE);
        watch.expect_silence();
        // More rounds than a pipe has room for.
        for round in 0..70_000 {
            waker.wake().unwrap();
            watch.poll(Duration::ZERO);
            assert_eq!(watch.events.iter().count(), 1, "round {round}");
        }
        for _ in 0..3 {
            thread::scope(|scope| {
                scope.spawn(|| waker.wake().unwrap());
                watch.wait_readable(1);
                let handle = notifier.handle();
                scope.spawn(move || handle.notify().unwrap());
                watch.wait_readable(2);
            });
            assert!(notifier.clear().unwrap());
            watch.expect_silence();
        }
        drop(notifier);
        watch.expect_silence();
    });
}

fn refused_eventfd_leaks_no_descriptor(kind: SelectorKind) {
    process::alone(
        &process::test_path!(kind, "refused_eventfd_leaks_no_descriptor"),
        || {
            with_refused(libc::SYS_eventfd2, || {
                let (before, inherited) = (process::open_descriptors(), inherited_descriptors());
                for _ in 0..5 {
                    let poll = Poll::builder().selector(kind).build().unwrap();
                    let waker = Waker::new(poll.registry(), Token(1)).unwrap();
                    let notifier = Notifier::new().unwrap();
                    assert_eq!(inherited_descriptors(), inherited);
                    drop((poll, waker, notifier));
                }
                assert_eq!(process::open_descriptors(), before);
            });
        },
    );
}

fn tcp_accepts_without_accept4(kind: SelectorKind) {
    with_refused(libc::SYS_accept4, || {
        let (mut listener, address) = listen();
        let mut watch = Watch::new(kind);
        watch.register(&mut listener, 1, Interest::READABLE);
        for token in 2..5 {
            let mut peer = std::net::TcpStream::connect(address).unwrap();
            watch.wait_readable(1);
            let (mut stream, from) = listener.accept().unwrap();
            would_block(listener.accept());
            assert_eq!(from, peer.local_addr().unwrap());
            assert_eq!(flags(stream.as_fd()), (true, true));
            watch.register(&mut stream, token, Interest::READABLE);
            peer.write_all(b"hello").unwrap();
            watch.wait_readable(token);
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 5);
        }
    });
}

fn unix_accepts_without_accept4(kind: SelectorKind) {
    let folder = tempfile::tempdir().unwrap();
    with_refused(libc::SYS_accept4, || {
        let path = folder.path().join("listener");
        let mut listener = UnixListener::bind(&path).unwrap();
        let mut watch = Watch::new(kind);
        watch.register(&mut listener, 1, Interest::READABLE);
        let mut peer = UnixStream::connect(&path).unwrap();
        watch.wait_readable(1);
        let (mut stream, _) = listener.accept().unwrap();
        would_block(listener.accept());
        assert_eq!(flags(stream.as_fd()), (true, true));
        watch.register(&mut stream, 2, Interest::READABLE);
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(2);
        std::fs::remove_file(&path).unwrap();
    });
}

fn timeouts_are_kept_when_epoll_pwait2_is_eperm(kind: SelectorKind) {
    let test = process::test_path!(kind, "timeouts_are_kept_when_epoll_pwait2_is_eperm");
    timeouts_are_kept(kind, &test, libc::EPERM);
}

fn timeouts_are_kept_when_epoll_pwait2_is_eacces(kind: SelectorKind) {
    let test = process::test_path!(kind, "timeouts_are_kept_when_epoll_pwait2_is_eacces");
    timeouts_are_kept(kind, &test, libc::EACCES);
}

fn timeouts_are_kept_when_epoll_pwait2_is_enosys(kind: SelectorKind) {
    let test = process::test_path!(kind, "timeouts_are_kept_when_epoll_pwait2_is_enosys");
    timeouts_are_kept(kind, &test, libc::ENOSYS);
}

/// Runs each test in a process of its own, because a process remembers that the call was refused.
fn timeouts_are_kept(kind: SelectorKind, test: &str, errno: libc::c_int) {
    // The model of event ports makes this call itself.
    if kind == SelectorKind::EventPorts {
        return;
    }
    process::alone(test, || {
        with_error(libc::SYS_epoll_pwait2, errno, || {
            let mut poll = Poll::builder().selector(kind).build().unwrap();
            let mut events = Events::with_capacity(8);
            for timeout in [1, 999_999, 1_500_000].map(Duration::from_nanos) {
                let start = Instant::now();
                poll.poll(&mut events, Some(timeout)).unwrap();
                assert!(start.elapsed() >= timeout && events.is_empty());
            }
            let waker = Waker::new(poll.registry(), Token(1)).unwrap();
            waker.wake().unwrap();
            let long = LONG + Duration::from_nanos(1);
            poll.poll(&mut events, Some(long)).unwrap();
            assert_eq!(events.iter().count(), 1);
        });
    });
}
