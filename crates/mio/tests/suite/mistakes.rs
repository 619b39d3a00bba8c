//! Mistakes of the user, which debug builds explain.

use std::io::{Error, ErrorKind};

use mio::{Poll, SelectorKind, Token};

use crate::support::{BOTH, Watch, pair};
#[cfg(unix)]
use crate::support::{ffi, process};

per_selector!(
    registering_twice,
    registering_with_two_polls,
    reregistering_what_is_not_registered,
    deregistering_what_is_not_registered,
    #[cfg(unix)]
    a_failed_register_changes_nothing,
    #[cfg(unix)]
    an_old_source_can_not_end_the_registration_of_another,
    #[cfg(unix)]
    source_deregistered_by_number_can_be_registered_again,
    #[cfg(unix)]
    source_with_replaced_descriptor_can_be_registered_again,
);

/// A text that programs may search for in the message, because mio has it.
const MIO_REGISTERED: &str = "I/O source already registered with a `Registry`";

fn poll(kind: SelectorKind) -> Poll {
    Poll::builder().selector(kind).build().unwrap()
}

/// Checks the error. The kind is the same in all builds; in debug builds the message names the
/// mistake and its solution.
fn assert_mistake(err: &Error, kind: ErrorKind, hint: &str) {
    assert_eq!(err.kind(), kind, "{err}");
    if cfg!(debug_assertions) {
        assert!(err.to_string().contains(hint), "{err}");
    }
}

fn registering_twice(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut one, _two) = pair();
    watch.register(&mut one, 1, BOTH);
    let err = watch
        .poll
        .registry()
        .register(&mut one, Token(2), BOTH)
        .unwrap_err();
    assert_mistake(&err, ErrorKind::AlreadyExists, "reregister");
    assert_mistake(&err, ErrorKind::AlreadyExists, MIO_REGISTERED);
    watch.wait_writable(1);
    watch.deregister(&mut one);
    watch.register(&mut one, 2, BOTH);
    watch.wait_writable(2);
}

fn registering_with_two_polls(kind: SelectorKind) {
    let (one, two) = (poll(kind), poll(kind));
    let (mut source, _peer) = pair();
    one.registry()
        .register(&mut source, Token(1), BOTH)
        .unwrap();
    let result = two.registry().register(&mut source, Token(2), BOTH);
    if cfg!(debug_assertions) || !matches!(kind, SelectorKind::Epoll | SelectorKind::Kqueue) {
        let err = result.unwrap_err();
        assert_mistake(&err, ErrorKind::AlreadyExists, "another `Poll`");
        assert_mistake(&err, ErrorKind::AlreadyExists, MIO_REGISTERED);
        let err = two
            .registry()
            .reregister(&mut source, Token(2), BOTH)
            .unwrap_err();
        if cfg!(debug_assertions) {
            assert_mistake(&err, ErrorKind::AlreadyExists, "another `Poll`");
            assert_mistake(&err, ErrorKind::AlreadyExists, MIO_REGISTERED);
        } else {
            assert_eq!(err.kind(), ErrorKind::NotFound);
        }
        let err = two.registry().deregister(&mut source).unwrap_err();
        assert_mistake(&err, ErrorKind::NotFound, "another `Poll`");
    } else {
        // Release builds do not check this, and the kernel allows it.
        result.unwrap();
    }
    one.registry().deregister(&mut source).unwrap();
}

fn reregistering_what_is_not_registered(kind: SelectorKind) {
    let poll = poll(kind);
    let (mut source, _peer) = pair();
    let err = poll
        .registry()
        .reregister(&mut source, Token(1), BOTH)
        .unwrap_err();
    assert_mistake(&err, ErrorKind::NotFound, "`register` first");
}

fn deregistering_what_is_not_registered(kind: SelectorKind) {
    let poll = poll(kind);
    let (mut source, _peer) = pair();
    let err = poll.registry().deregister(&mut source).unwrap_err();
    assert_mistake(&err, ErrorKind::NotFound, "not registered");
    poll.registry()
        .register(&mut source, Token(1), BOTH)
        .unwrap();
    poll.registry().deregister(&mut source).unwrap();
    let err = poll.registry().deregister(&mut source).unwrap_err();
    assert_mistake(&err, ErrorKind::NotFound, "not registered");
}

#[cfg(unix)]
fn a_failed_register_changes_nothing(kind: SelectorKind) {
    use mio::unix::SourceFd;
    use std::os::fd::AsRawFd;

    let mut watch = Watch::new(kind);
    let (mut source, _peer) = pair();
    // Another registration, unknown to the source, uses the descriptor.
    let fd = source.as_raw_fd();
    watch.register(&mut SourceFd(&fd), 1, BOTH);
    let registry = watch.poll.registry();
    if kind == SelectorKind::Kqueue {
        // kqueue can't detect this, and treats it as a change.
        registry.register(&mut source, Token(2), BOTH).unwrap();
        watch.wait_writable(2);
        return;
    }
    assert!(registry.register(&mut source, Token(2), BOTH).is_err());
    let err = registry.reregister(&mut source, Token(2), BOTH);
    assert!(err.is_err() || cfg!(not(debug_assertions)));
    registry.deregister(&mut SourceFd(&fd)).unwrap();
    registry.register(&mut source, Token(3), BOTH).unwrap();
    watch.wait_writable(3);
}

#[cfg(unix)]
fn an_old_source_can_not_end_the_registration_of_another(kind: SelectorKind) {
    use mio::unix::SourceFd;
    use std::os::fd::AsRawFd;

    let mut watch = Watch::new(kind);
    let (mut old, mut new) = pair();
    watch.register(&mut old, 1, BOTH);
    // Ended without the knowledge of the source. Another registration may get its slot afterwards.
    let fd = old.as_raw_fd();
    watch.deregister(&mut SourceFd(&fd));
    watch.register(&mut new, 2, BOTH);
    let err = watch
        .poll
        .registry()
        .reregister(&mut old, Token(3), BOTH)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound);
    drop(old);
    watch.wait(2, |event| event.is_read_closed());
    watch.deregister(&mut new);
}

/// On epoll a child of `fork` does this, because it shares the list with its parent.
#[cfg(unix)]
fn source_deregistered_by_number_can_be_registered_again(kind: SelectorKind) {
    use mio::unix::SourceFd;
    use std::os::fd::AsRawFd;

    let mut watch = Watch::new(kind);
    let (mut source, _peer) = pair();
    let fd = source.as_raw_fd();
    for token in 1..4 {
        watch.register(&mut source, token, BOTH);
        watch.wait_writable(token);
        watch.deregister(&mut SourceFd(&fd));
        let registry = watch.poll.registry();
        let err = match token {
            1 => registry.deregister(&mut source),
            _ => registry.reregister(&mut source, Token(7), BOTH),
        };
        assert_eq!(err.unwrap_err().kind(), ErrorKind::NotFound);
        watch.expect_silence();
    }
    watch.register(&mut source, 5, BOTH);
    watch.wait_writable(5);
    watch.deregister(&mut source);
    watch.expect_silence();
}

/// epoll and kqueue have forgotten the closed file; poll(2) watches the descriptor.
#[cfg(unix)]
fn source_with_replaced_descriptor_can_be_registered_again(kind: SelectorKind) {
    use std::os::fd::AsRawFd;

    let _no_spawns = process::no_spawns();
    let mut watch = Watch::new(kind);
    for token in 1..4 {
        let ((mut source, _peer), (other, _other_peer)) = (pair(), pair());
        watch.register(&mut source, token, BOTH);
        watch.wait_writable(token);
        ffi::replace(other.as_raw_fd(), source.as_raw_fd());
        let registry = watch.poll.registry();
        if let Err(err) = registry.deregister(&mut source) {
            assert_eq!(err.kind(), ErrorKind::NotFound);
        }
        watch.register(&mut source, 5, BOTH);
        watch.wait_writable(5);
        watch.deregister(&mut source);
        watch.expect_silence();
    }
}
