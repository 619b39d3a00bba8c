//! Registering from other threads while one thread is inside the poll.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Interest, SelectorKind, Token, Waker};

use crate::support::{BOTH, LONG, Watch, drain, pair, process, would_block};

per_selector!(
    registering_counts_at_once,
    reregistering_counts_at_once,
    rearming_counts_at_once,
    nothing_is_lost_to_a_poll_that_begins,
    deregistering_lets_the_peer_see_the_end_at_once,
    changes_without_an_event_do_not_end_the_poll,
    nothing_after_deregister_under_stress,
);

/// Polls in a new thread until an event of `token` arrives, and then sends on the channel.
fn poll_for(mut watch: Watch, token: usize) -> mpsc::Receiver<()> {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        loop {
            watch.poll(LONG);
            if watch
                .events
                .iter()
                .any(|event| event.token() == Token(token))
            {
                let _ = done.send(());
                return;
            }
        }
    });
    // In most runs this is long enough for the thread to be inside the call; the test is valid
    // either way.
    assert!(is_done.recv_timeout(crate::support::SHORT).is_err());
    is_done
}

fn registering_counts_at_once(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let done = poll_for(watch, 1);
    let (mut one, _two) = pair();
    registry.register(&mut one, Token(1), BOTH).unwrap();
    done.recv_timeout(LONG).unwrap();
}

fn reregistering_counts_at_once(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let (mut one, _two) = pair();
    registry
        .register(&mut one, Token(1), Interest::READABLE)
        .unwrap();
    let done = poll_for(watch, 2);
    registry
        .reregister(&mut one, Token(2), Interest::WRITABLE)
        .unwrap();
    done.recv_timeout(LONG).unwrap();
}

/// One thread polls, and another one reads.
fn rearming_counts_at_once(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut one, mut two) = pair();
    watch.register(&mut one, 1, Interest::READABLE);
    two.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    let done = poll_for(watch, 1);
    assert_eq!(drain(&one), 5);
    two.write_all(b"again").unwrap();
    done.recv_timeout(LONG).unwrap();
}

/// One thread reports `WouldBlock` at the moment when another thread begins a poll. Data that
/// arrives later must be reported, even if nothing else ends the poll.
fn nothing_is_lost_to_a_poll_that_begins(kind: SelectorKind) {
    // A call takes long in Wine.
    const ROUNDS: usize = if cfg!(windows) { 200 } else { 2_000 };
    const WAKE: Token = Token(2);
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), WAKE).unwrap();
    let (mut one, mut two) = pair();
    watch.register(&mut one, 1, Interest::READABLE);
    // The events of the source, the wakes of the poll, and the rounds that the poller may start.
    let counters: [Arc<AtomicUsize>; 3] = Default::default();
    let [told, woken, starts] = counters.clone();
    let wait_for = |counter: &AtomicUsize, count: usize| {
        let start = Instant::now();
        while counter.load(Ordering::SeqCst) < count {
            assert!(start.elapsed() < LONG, "{count} has not come");
            // First spin without giving up the processor, because the other thread should continue
            // at once.
            if start.elapsed() > Duration::from_micros(50) {
                thread::yield_now();
            }
        }
    };
    // Varies the moment relative to the other thread.
    let dawdle = |round: usize| (0..round % 32).for_each(|_| std::hint::spin_loop());
    let poller = thread::spawn(move || {
        for round in 0..ROUNDS {
            let mut is_woken = false;
            while !is_woken {
                match watch.poll.poll(&mut watch.events, None) {
                    Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                    result => result.unwrap(),
                }
                let is = |token| watch.events.iter().any(|event| event.token() == token);
                told.fetch_add(usize::from(is(Token(1))), Ordering::SeqCst);
                is_woken = is(WAKE);
            }
            woken.fetch_add(1, Ordering::SeqCst);
            wait_for(&starts, round + 1);
            dawdle(if round % 2 == 0 { round / 2 } else { 0 });
        }
    });
    let [told, woken, starts] = &counters;
    for round in 0..ROUNDS {
        let mut seen = told.load(Ordering::SeqCst);
        two.write_all(b"!").unwrap();
        loop {
            wait_for(told, seen + 1);
            seen = told.load(Ordering::SeqCst);
            if one.read(&mut [0; 8]).is_ok() {
                break;
            }
        }
        waker.wake().unwrap();
        wait_for(woken, round + 1);
        starts.fetch_add(1, Ordering::SeqCst);
        dawdle(if round % 2 == 0 { 0 } else { round / 2 });
        // Without a system call, which would take longer than the begin of a poll.
        would_block(one.try_io(|| io::Result::<()>::Err(ErrorKind::WouldBlock.into())));
    }
    poller.join().unwrap();
}

/// A thread that is inside the poll must not keep a closed socket alive.
fn deregistering_lets_the_peer_see_the_end_at_once(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let (one, two) = pair();
    let mut one = Some(one);
    registry
        .register(one.as_mut().unwrap(), Token(1), Interest::READABLE)
        .unwrap();
    let done = poll_for(watch, 1);
    registry.deregister(one.as_mut().unwrap()).unwrap();
    one = None;
    let mut end = Watch::new(kind);
    let mut two = two;
    end.register(&mut two, 2, Interest::READABLE);
    end.wait(2, mio::event::Event::is_read_closed);
    assert!(one.is_none() && done.try_recv().is_err());
}

/// However the selector applies a change, the poll lasts until its timeout.
fn changes_without_an_event_do_not_end_the_poll(kind: SelectorKind) {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let mut watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let (mut one, _two) = pair();
    let start = Instant::now();
    let thread = thread::spawn(move || {
        watch.poll(TIMEOUT);
        (start.elapsed(), watch.events.is_empty())
    });
    let mut rounds = 0;
    while !thread.is_finished() {
        registry
            .register(&mut one, Token(rounds), Interest::READABLE)
            .unwrap();
        registry
            .reregister(&mut one, Token(0), Interest::READABLE)
            .unwrap();
        registry.deregister(&mut one).unwrap();
        rounds += 1;
    }
    let (waited, was_silent) = thread.join().unwrap();
    assert!(waited >= TIMEOUT, "{waited:?}, after {rounds} changes");
    assert!(was_silent && rounds > 0);
}

/// Threads register, use and deregister sources as fast as they can, each time with a new token,
/// and mostly with a descriptor that was just closed. After `deregister` they mark the token as
/// over. A poll that begins later must not report it.
fn nothing_after_deregister_under_stress(kind: SelectorKind) {
    const THREADS: usize = 3;
    // Each pair of TCP streams takes a port, and keeps it for a while.
    const ROUNDS: usize = if cfg!(windows) { 150 } else { 4_000 };
    let mut watch = Watch::new(kind);
    let over: Arc<Vec<AtomicBool>> = Arc::new(
        (0..THREADS * ROUNDS)
            .map(|_| AtomicBool::new(false))
            .collect(),
    );
    let seen = Arc::new(AtomicUsize::new(0));
    let waker = Arc::new(Waker::new(watch.poll.registry(), Token(usize::MAX)).unwrap());
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let registry = watch.poll.registry().try_clone().unwrap();
            let (over, seen, waker) = (over.clone(), seen.clone(), waker.clone());
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let token = thread * ROUNDS + round;
                    let (mut one, mut two) = pair();
                    registry.register(&mut one, Token(token), BOTH).unwrap();
                    two.write_all(b"hello").unwrap();
                    if round % 2 == 0 {
                        let before = seen.load(Ordering::SeqCst);
                        let start = Instant::now();
                        while seen.load(Ordering::SeqCst) == before && start.elapsed() < LONG {
                            thread::yield_now();
                        }
                        drain(&one);
                    }
                    if round % 3 == 0 {
                        registry
                            .reregister(&mut one, Token(token), Interest::READABLE)
                            .unwrap();
                    }
                    registry.deregister(&mut one).unwrap();
                    over[token].store(true, Ordering::SeqCst);
                }
                waker.wake().unwrap();
            })
        })
        .collect();
    while !threads.iter().all(thread::JoinHandle::is_finished) {
        // A token that is over before the poll begins must not be reported.
        let was_over: Vec<_> = over
            .iter()
            .map(|over| over.load(Ordering::SeqCst))
            .collect();
        watch.poll(crate::support::SHORT);
        for event in &watch.events {
            let token = event.token().0;
            assert!(
                token == usize::MAX || !was_over[token],
                "{event:?} after deregister"
            );
        }
        seen.fetch_add(1, Ordering::SeqCst);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
