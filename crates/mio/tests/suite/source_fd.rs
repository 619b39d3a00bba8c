//! Raw descriptors.

use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio::unix::{SourceFd, pipe};
use mio::{Interest, SelectorKind, Token};

use crate::readiness::count_events;
use crate::support::{BOTH, Watch, drain, ffi, fill, kqueue_of};

per_selector!(
    any_descriptor,
    data_after_it_was_drained_is_news,
    data_that_came_before_the_poll_is_news,
    room_that_came_before_the_poll_is_news,
    what_is_left_alone_is_no_busy_loop,
    a_hang_up_is_no_busy_loop,
    a_closed_descriptor_is_an_error,
    a_regular_file,
    mistakes_are_errors,
    a_closed_number_that_is_used_again_can_be_registered,
    closing_without_deregistering_ends_it,
    one_that_we_know_as_a_socket_too,
    #[cfg(priority)]
    a_reused_number_with_the_same_inode_can_be_registered,
    a_closed_descriptor_behind_a_full_buffer_is_forgotten,
);

// The files exist on Linux only, where other selectors are models for tests.
#[cfg(priority)]
mod reported_once {
    use super::{changes_behind_a_full_buffer_are_not_lost, changes_reported_once_are_not_lost};
    use mio::SelectorKind;

    const KINDS: [SelectorKind; 2] = [SelectorKind::Epoll, SelectorKind::Poll];

    /// One test for both files, because each change is reported to every process that has the file
    /// open.
    #[test]
    fn changes() {
        super::with_host_name("source_fd::reported_once::changes", |change, file| {
            for kind in SelectorKind::available().filter(|kind| KINDS.contains(kind)) {
                changes_reported_once_are_not_lost(kind, change, file);
                changes_behind_a_full_buffer_are_not_lost(kind, change, file);
            }
        });
    }
}

#[cfg(all(epoll, poll))]
mod with_both {
    use super::a_file_without_an_inode_of_its_own;
    per_selector!(a_file_without_an_inode_of_its_own);
}

fn pair() -> (UnixStream, UnixStream) {
    let (one, two) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    (one, two)
}

fn any_descriptor(kind: SelectorKind) {
    let (one, mut two) = pair();
    let fd = one.as_raw_fd();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&fd), 1, Interest::READABLE);
    watch.expect_silence();
    two.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    watch
        .poll
        .registry()
        .reregister(&mut SourceFd(&fd), Token(2), BOTH)
        .unwrap();
    watch.wait_both(2);
    watch.deregister(&mut SourceFd(&fd));
    watch.expect_silence();
}

fn data_after_it_was_drained_is_news(kind: SelectorKind) {
    let (one, mut two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&one.as_raw_fd()), 1, Interest::READABLE);
    for _ in 0..10 {
        two.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!(drain(&one), 5);
        watch.expect_silence();
    }
}

fn data_that_came_before_the_poll_is_news(kind: SelectorKind) {
    let (one, mut two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&one.as_raw_fd()), 1, Interest::READABLE);
    two.write_all(b"hello").unwrap();
    for _ in 0..10 {
        watch.wait_readable(1);
        assert_eq!(drain(&one), 5);
        two.write_all(b"again").unwrap();
    }
}

fn room_that_came_before_the_poll_is_news(kind: SelectorKind) {
    let (one, two) = pair();
    two.set_nonblocking(true).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&one.as_raw_fd()), 1, BOTH);
    for _ in 0..10 {
        watch.wait_writable(1);
        let filled = fill(&one);
        assert_eq!(drain(&two), filled);
    }
}

fn what_is_left_alone_is_no_busy_loop(kind: SelectorKind) {
    let (one, mut two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&one.as_raw_fd()), 1, BOTH);
    two.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    let count = count_events(&mut watch, Duration::from_millis(200));
    // A busy loop has tens of thousands; poll(2) checks a persistent state a hundred times a
    // second.
    assert!(count <= 40, "{count} events in a fifth of a second");
}

fn a_hang_up_is_no_busy_loop(kind: SelectorKind) {
    let (one, two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&one.as_raw_fd()), 1, BOTH);
    drop(two);
    watch.wait(1, mio::event::Event::is_read_closed);
    let count = count_events(&mut watch, Duration::from_millis(200));
    assert!(count <= 40, "{count} events in a fifth of a second");
}

fn a_closed_descriptor_is_an_error(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let registry = watch.poll.registry();
    for fd in [-1, 1_000_000] {
        let mut source = SourceFd(&fd);
        for err in [
            registry.register(&mut source, Token(1), BOTH).unwrap_err(),
            registry
                .reregister(&mut source, Token(1), BOTH)
                .unwrap_err(),
        ] {
            assert_eq!(err.raw_os_error(), Some(libc::EBADF));
        }
        let err = registry.deregister(&mut source).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(deregister_closed(kind)));
    }
}

/// Returns the error of deregistering a closed descriptor. XNU searches for the filter before the
/// descriptor.
fn deregister_closed(kind: SelectorKind) -> i32 {
    if kind == SelectorKind::Kqueue && kqueue_of() == "macOS" {
        libc::ENOENT
    } else {
        libc::EBADF
    }
}

fn a_regular_file(kind: SelectorKind) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"hello").unwrap();
    file.rewind().unwrap();
    let mut watch = Watch::new(kind);
    let fd = file.as_raw_fd();
    let (mut source, registry) = (SourceFd(&fd), watch.poll.registry());
    match kind {
        SelectorKind::Epoll => {
            let err = registry.register(&mut source, Token(1), BOTH).unwrap_err();
            assert_eq!(err.raw_os_error(), Some(libc::EPERM));
            watch.expect_silence();
        }
        // Some kernels refuse to register it for writing.
        SelectorKind::Kqueue => {
            watch.register(&mut source, 1, Interest::READABLE);
            assert!(!watch.wait_readable(1).is_error());
        }
        _ => {
            watch.register(&mut source, 1, BOTH);
            let event = watch.wait_readable(1);
            assert!(event.is_writable() && !event.is_error());
        }
    }
}

fn mistakes_are_errors(kind: SelectorKind) {
    let (one, _two) = pair();
    let fd = one.as_raw_fd();
    let mut watch = Watch::new(kind);
    let registry = watch.poll.registry();
    let mut source = SourceFd(&fd);
    let err = registry
        .reregister(&mut source, Token(1), BOTH)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound);
    assert_eq!(
        registry.deregister(&mut source).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    registry.register(&mut source, Token(1), BOTH).unwrap();
    let again = registry.register(&mut source, Token(2), BOTH);
    if kind == SelectorKind::Kqueue {
        // kqueue can't detect this, and treats it as a change.
        again.unwrap();
        watch.wait_writable(2);
    } else {
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
        // The registration is unchanged.
        watch.wait_writable(1);
    }
    watch.deregister(&mut source);
    let err = watch.poll.registry().deregister(&mut source).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound);
}

fn a_closed_number_that_is_used_again_can_be_registered(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (one, _two) = pair();
    let fd = one.as_raw_fd();
    watch.register(&mut SourceFd(&fd), 1, BOTH);
    // `dup2` replaces the file atomically, so that no other thread can get the descriptor.
    let (other, mut peer) = pair();
    ffi::replace(other.as_raw_fd(), fd);
    drop(other);
    watch.register(&mut SourceFd(&fd), 2, Interest::READABLE);
    watch.expect_silence();
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(2);
}

fn closing_without_deregistering_ends_it(kind: SelectorKind) {
    crate::support::process::alone(
        &crate::support::process::test_path!(kind, "closing_without_deregistering_ends_it"),
        || {
            let mut watch = Watch::new(kind);
            let (one, mut two) = pair();
            let fd = one.as_raw_fd();
            watch.register(&mut SourceFd(&fd), 1, Interest::READABLE);
            two.write_all(b"hello").unwrap();
            drop(one);
            watch.expect_silence();
            let err = watch
                .poll
                .registry()
                .deregister(&mut SourceFd(&fd))
                .unwrap_err();
            assert_eq!(err.raw_os_error(), Some(deregister_closed(kind)));
        },
    );
}

/// Two polls have the same inode, as do all files of eventfd, timerfd and the like.
#[cfg(all(epoll, poll))]
fn a_file_without_an_inode_of_its_own(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let old = Watch::new(SelectorKind::Epoll);
    let fd = old.poll.as_raw_fd();
    watch.register(&mut SourceFd(&fd), 1, Interest::READABLE);
    let new = Watch::new(SelectorKind::Epoll);
    ffi::replace(new.poll.as_raw_fd(), fd);
    watch.register(&mut SourceFd(&fd), 2, Interest::READABLE);
    let waker = mio::Waker::new(new.poll.registry(), Token(0)).unwrap();
    waker.wake().unwrap();
    watch.wait_readable(2);
    assert!(watch.events.iter().all(|event| event.token() == Token(2)));
}

/// A descriptor is closed and reused for another file with the same device and inode.
#[cfg(priority)]
fn a_reused_number_with_the_same_inode_can_be_registered(kind: SelectorKind) {
    use std::os::fd::OwnedFd;

    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    let _reader = ffi::fifo(&fifo);
    let open = |path: &std::path::Path| -> OwnedFd {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).open(path).unwrap().into()
    };
    let (sender, receiver) = pipe::new().unwrap();
    let files: [(&str, OwnedFd, OwnedFd); 5] = [
        ("eventfd", ffi::eventfd(1), ffi::eventfd(1)),
        ("timerfd", ffi::expired_timerfd(), ffi::expired_timerfd()),
        (
            "pty",
            open("/dev/ptmx".as_ref()),
            open("/dev/ptmx".as_ref()),
        ),
        ("fifo", open(&fifo), open(&fifo)),
        ("ends of a pipe", receiver.into(), sender.into()),
    ];
    for (name, old, new) in files {
        let mut watch = Watch::new(kind);
        let fd = old.as_raw_fd();
        watch.register(&mut SourceFd(&fd), 1, BOTH);
        ffi::replace(new.as_raw_fd(), fd);
        drop(new);
        let registry = watch.poll.registry();
        let result = registry.register(&mut SourceFd(&fd), Token(2), BOTH);
        assert!(result.is_ok(), "{name}: {result:?}");
        watch.wait(2, |_| true);
        assert!(watch.events.iter().all(|event| event.token() == Token(2)));
        watch.deregister(&mut SourceFd(&fd));
    }
}

/// Runs the test in a process of its own, whose host name may be changed. The kernel reports such a
/// change only once per open file. A container may forbid it; then the test does nothing.
#[cfg(priority)]
fn with_host_name(test: &str, body: impl FnOnce(&mut dyn FnMut(), &std::fs::File)) {
    crate::support::process::alone(test, || {
        if !ffi::own_host_name() {
            return;
        }
        let path = "/proc/sys/kernel/hostname";
        let mut number = 0;
        let mut change = || {
            number += 1;
            std::fs::write(path, format!("test{number}")).unwrap();
        };
        body(&mut change, &std::fs::File::open(path).unwrap());
    });
}

#[cfg(priority)]
const CHANGES: Interest = Interest::PRIORITY.add(Interest::READABLE);

#[cfg(priority)]
fn changes_reported_once_are_not_lost(
    kind: SelectorKind,
    change: &mut dyn FnMut(),
    file: &std::fs::File,
) {
    let mut watch = Watch::new(kind);
    watch.register(&mut SourceFd(&file.as_raw_fd()), 1, CHANGES);
    watch.poll(Duration::ZERO);
    for _ in 0..10 {
        // At once, without the 10 ms after which a persistent state is reported again.
        change();
        watch.wait(1, mio::event::Event::is_priority);
    }
}

#[cfg(priority)]
fn changes_behind_a_full_buffer_are_not_lost(
    kind: SelectorKind,
    change: &mut dyn FnMut(),
    file: &std::fs::File,
) {
    let mut watch = Watch::new(kind);
    watch.events = mio::Events::with_capacity(1);
    let mut pairs: Vec<_> = (0..3).map(|_| pair()).collect();
    for (token, (one, _)) in pairs.iter_mut().enumerate() {
        let interest = Interest::READABLE.level();
        watch.register(&mut SourceFd(&one.as_raw_fd()), 2 + token, interest);
    }
    watch.register(&mut SourceFd(&file.as_raw_fd()), 1, CHANGES);
    watch.poll(Duration::ZERO);
    for (_, two) in &mut pairs {
        two.write_all(b"!").unwrap();
    }
    for _ in 0..10 {
        change();
        watch.wait(1, mio::event::Event::is_priority);
    }
}

/// Another file that reuses the descriptor is not reported under the token of the closed one.
fn a_closed_descriptor_behind_a_full_buffer_is_forgotten(kind: SelectorKind) {
    let test = crate::support::process::test_path!(
        kind,
        "a_closed_descriptor_behind_a_full_buffer_is_forgotten"
    );
    crate::support::process::alone(&test, || {
        let mut watch = Watch::new(kind);
        watch.events = mio::Events::with_capacity(1);
        let mut pairs: Vec<_> = (0..4).map(|_| pair()).collect();
        for (token, (one, two)) in pairs.iter_mut().enumerate() {
            watch.register(&mut SourceFd(&one.as_raw_fd()), token, Interest::READABLE);
            two.write_all(b"!").unwrap();
        }
        let fd = pairs[3].0.as_raw_fd();
        pairs.pop();
        watch.poll(Duration::ZERO);
        assert_eq!(watch.events.iter().count(), 1);
        let (one, mut two) = pair();
        ffi::replace(one.as_raw_fd(), fd);
        two.write_all(b"!").unwrap();
        for _ in 0..10 {
            watch.poll(Duration::ZERO);
            assert!(watch.events.iter().all(|event| event.token() != Token(3)));
        }
    });
}

/// A pipe of this crate, registered by its descriptor, works. But its I/O is raw.
fn one_that_we_know_as_a_socket_too(kind: SelectorKind) {
    let (mut sender, mut receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    let fd = receiver.as_raw_fd();
    watch.register(&mut SourceFd(&fd), 1, Interest::READABLE);
    for _ in 0..3 {
        sender.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 5);
    }
    let registry = watch.poll.registry();
    let again = registry.register(&mut receiver, Token(2), Interest::READABLE);
    if kind == SelectorKind::Kqueue {
        again.unwrap();
        sender.write_all(b"hello").unwrap();
        watch.wait_readable(2);
    } else {
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    watch.deregister(&mut SourceFd(&fd));
}
