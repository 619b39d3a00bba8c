//! Mistakes of the user, which debug builds name.

use std::io::{Error, ErrorKind};

use mio::{Poll, SelectorKind, Token};

use crate::support::{BOTH, Watch, pair};

per_selector!(
    registering_twice,
    registering_with_two_polls,
    reregistering_what_is_not_registered,
    deregistering_what_is_not_registered,
    #[cfg(unix)]
    a_failed_register_changes_nothing,
    #[cfg(unix)]
    an_old_source_can_not_end_the_registration_of_another,
);

fn poll(kind: SelectorKind) -> Poll {
    Poll::builder().selector(kind).build().unwrap()
}

/// The kind is the same in all builds; the message names the mistake and the way out in debug ones.
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
        assert_mistake(
            &result.unwrap_err(),
            ErrorKind::AlreadyExists,
            "another `Poll`",
        );
        let err = two
            .registry()
            .reregister(&mut source, Token(2), BOTH)
            .unwrap_err();
        assert_mistake(&err, ErrorKind::NotFound, "another `Poll`");
        let err = two.registry().deregister(&mut source).unwrap_err();
        assert_mistake(&err, ErrorKind::NotFound, "another `Poll`");
    } else {
        // Nobody looks, and the system allows it.
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
    // The number is taken by a registration that the source does not know of.
    let fd = source.as_raw_fd();
    watch.register(&mut SourceFd(&fd), 1, BOTH);
    let registry = watch.poll.registry();
    if kind == SelectorKind::Kqueue {
        // It can't tell, and takes it as a change.
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
    // Ended behind its back, after which another one may get what was its place.
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
