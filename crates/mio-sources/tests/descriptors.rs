//! No descriptor is leaked. A separate program with one test, because other tests' descriptors
//! would be counted too.

// Linux and Android, which have /proc.
#![cfg(cancel_on_set)]

use std::fs;

fn open() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc").count()
}

#[test]
fn nothing_is_leaked() {
    let before = open();
    for _ in 0..100 {
        #[cfg(feature = "timer")]
        {
            use mio_sources::timer::{Timer, WallTimer};

            let mut poll = mio::Poll::new().expect("a poll");
            let mut timer = Timer::new().expect("a timer");
            let mut wall = WallTimer::new().expect("a timer");
            watch(&mut poll, &mut timer);
            watch(&mut poll, &mut wall);
            assert_eq!(open(), before + 3);
            // A failed registration takes no descriptor.
            poll.registry()
                .register(&mut wall, mio::Token(1), mio::Interest::WRITABLE)
                .expect_err("for writing");
            let zero = std::time::Duration::ZERO;
            timer.set_interval(zero, zero).expect_err("zero");
            assert_eq!(open(), before + 3);
            // One outlives its poll, the other does not.
            drop(timer);
            drop(poll);
        }
        #[cfg(feature = "channel")]
        {
            use mio_sources::channel;

            let mut poll = mio::Poll::new().expect("a poll");
            let (sender, mut receiver) = channel::unbounded().expect("a channel");
            watch(&mut poll, &mut receiver);
            // A poll has one, a channel an eventfd or the two ends of a pipe.
            let with_channel = open();
            assert!([2, 3].contains(&(with_channel - before)));
            channel::bounded::<()>(0).expect_err("no room");
            assert_eq!(open(), with_channel);
            sender.try_send(()).expect("a receiver");
            // The sender keeps none open.
            drop((receiver, poll));
            assert_eq!(open(), before);
        }
        assert_eq!(open(), before);
    }
}

#[cfg(any(feature = "timer", feature = "channel"))]
fn watch(poll: &mut mio::Poll, source: &mut impl mio::event::Source) {
    let registry = poll.registry();
    registry
        .register(source, mio::Token(0), mio::Interest::READABLE)
        .expect("register");
}
