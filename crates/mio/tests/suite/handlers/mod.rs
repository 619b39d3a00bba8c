//! Wakes from a signal handler, which may have interrupted a wake of the same thread.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Interest, Notifier, NotifierHandle, Poll, SelectorKind, Token, Waker};

use crate::support::{LONG, SetAtEnd, Watch, ffi::this_thread, process};

mod ffi;

per_selector!(
    wake_and_notify_work_in_a_handler,
    wake_in_a_handler_ends_a_busy_poll,
);

static WAKER: OnceLock<Waker> = OnceLock::new();
static NOTIFIER: OnceLock<NotifierHandle> = OnceLock::new();
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn wake_and_notify(_: libc::c_int) {
    let woken = WAKER.get().map(Waker::wake);
    let notified = NOTIFIER.get().map(NotifierHandle::notify);
    if matches!(woken, None | Some(Ok(()))) && matches!(notified, None | Some(Ok(()))) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs `body` in this thread while another one sends it signals. Ends the process if `body` hangs.
fn while_signalled(body: impl FnOnce()) {
    let (receiver, done) = (this_thread(), AtomicBool::new(false));
    let deadline = Instant::now() + LONG;
    ffi::handle_sigusr2(wake_and_notify);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                ffi::signal(receiver);
                thread::yield_now();
                if Instant::now() > deadline {
                    eprintln!("hung after {} signals", HANDLED.load(Ordering::Relaxed));
                    std::process::exit(1);
                }
            }
        });
        let _end = SetAtEnd(&done);
        body();
    });
}

fn wake_and_notify_work_in_a_handler(kind: SelectorKind) {
    const ROUNDS: usize = 500;
    process::alone(
        &process::test_path!(kind, "wake_and_notify_work_in_a_handler"),
        || {
            let mut watch = Watch::new(kind);
            let mut notifier = Notifier::new().unwrap();
            watch.register(&mut notifier, 2, Interest::READABLE);
            let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
            let waker = WAKER.get_or_init(|| waker);
            NOTIFIER.set(notifier.handle()).unwrap();
            while_signalled(|| {
                while HANDLED.load(Ordering::Relaxed) < ROUNDS {
                    for _ in 0..10 {
                        waker.wake().unwrap();
                        notifier.notify().unwrap();
                        notifier.clear().unwrap();
                    }
                    watch.poll(Duration::ZERO);
                }
            });
            // All signals have arrived. After their events are taken, another signal causes an
            // event of each.
            notifier.clear().unwrap();
            watch.poll(Duration::ZERO);
            ffi::signal(this_thread());
            watch.poll(LONG);
            let tokens: BTreeSet<_> = watch.events.iter().map(|event| event.token()).collect();
            assert_eq!(tokens, [Token(1), Token(2)].into());
        },
    );
}

/// A busy poll does not notice the signal itself, but it notices the wake.
fn wake_in_a_handler_ends_a_busy_poll(kind: SelectorKind) {
    process::alone(
        &process::test_path!(kind, "wake_in_a_handler_ends_a_busy_poll"),
        || {
            let builder = Poll::builder().selector(kind).busy_poll(LONG * 10);
            let mut poll = builder.build().unwrap();
            let mut events = mio::Events::with_capacity(4);
            let waker = Waker::new(poll.registry(), Token(1)).unwrap();
            WAKER.get_or_init(|| waker);
            while_signalled(|| {
                // A signal may also interrupt the poll, between two checks for events.
                while poll.poll(&mut events, None).is_err() {}
                assert_eq!(events.iter().count(), 1);
            });
        },
    );
}
