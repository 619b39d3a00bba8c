//! One pipe, used by many threads at once.

use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::windows::NamedPipe;

use crate::support::{SHORT, Watch, name, peer};

/// Four threads write and four read, at each of the two ends.
#[test]
fn what_many_threads_write_is_what_many_threads_read() {
    const WRITES: usize = 150;
    const THREADS: usize = 4;
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    let ends = [(&server, &client), (&client, &server)];
    let sums: [AtomicU64; 4] = Default::default();
    let lengths: [AtomicUsize; 4] = Default::default();
    let writers = AtomicUsize::new(2 * THREADS);
    let is_done = AtomicBool::new(false);
    let is_over = |direction: usize| {
        writers.load(Ordering::SeqCst) == 0
            && lengths[direction].load(Ordering::SeqCst)
                == lengths[direction + 2].load(Ordering::SeqCst)
    };
    thread::scope(|scope| {
        for (direction, (from, to)) in ends.into_iter().enumerate() {
            for thread in 0..THREADS {
                let (sums, lengths, writers) = (&sums, &lengths, &writers);
                scope.spawn(move || {
                    for number in 0..WRITES {
                        let data = vec![(number * 7 + thread) as u8; 1 + number * 13 % 900];
                        let sum = data.iter().map(|byte| u64::from(*byte)).sum();
                        write(from, &data);
                        sums[direction].fetch_add(sum, Ordering::SeqCst);
                        lengths[direction].fetch_add(data.len(), Ordering::SeqCst);
                    }
                    writers.fetch_sub(1, Ordering::SeqCst);
                });
                let is_over = &is_over;
                scope.spawn(move || {
                    let mut to = to;
                    let mut buffer = vec![0; 333 + thread];
                    while !is_over(direction) {
                        match to.read(&mut buffer) {
                            Ok(length) => {
                                assert_ne!(length, 0);
                                let sum = buffer[..length].iter().map(|byte| u64::from(*byte));
                                sums[direction + 2].fetch_add(sum.sum(), Ordering::SeqCst);
                                lengths[direction + 2].fetch_add(length, Ordering::SeqCst);
                            }
                            Err(err) if err.kind() == ErrorKind::WouldBlock => pause(),
                            Err(err) => panic!("{err}"),
                        }
                    }
                });
            }
        }
        scope.spawn(|| {
            while !(is_over(0) && is_over(1)) {
                pause();
            }
            is_done.store(true, Ordering::SeqCst);
        });
        while !is_done.load(Ordering::SeqCst) {
            watch.poll(SHORT);
        }
    });
    for direction in 0..2 {
        let [written, read] = [&sums[direction], &sums[direction + 2]];
        assert_eq!(written.load(Ordering::SeqCst), read.load(Ordering::SeqCst));
    }
}

/// Lets the other threads run.
fn pause() {
    thread::park_timeout(Duration::from_micros(100));
}

fn write(mut pipe: &NamedPipe, data: &[u8]) {
    loop {
        match pipe.write(data) {
            Ok(length) => return assert_eq!(length, data.len()),
            Err(err) if err.kind() == ErrorKind::WouldBlock => pause(),
            Err(err) => panic!("{err}"),
        }
    }
}

/// Every call, from every thread, while clients come and go. Checks that nothing crashes, panics or
/// hangs.
#[test]
fn anything_at_any_time() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    let end = Instant::now() + Duration::from_secs(1);
    let is_running = || Instant::now() < end;
    let (server, name) = (&server, &name);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                let mut server = server;
                while is_running() {
                    let _ = server.connect();
                    let _ = server.read(&mut [0; 100]);
                    thread::yield_now();
                }
            });
            scope.spawn(move || {
                let mut server = server;
                while is_running() {
                    let _ = server.write(&[1; 70_000]);
                    let _ = server.take_error();
                    let _ = server.write(b"hello");
                    thread::yield_now();
                }
            });
        }
        scope.spawn(move || {
            while is_running() {
                let _ = server.disconnect();
                thread::park_timeout(Duration::from_millis(3));
            }
        });
        scope.spawn(move || {
            while is_running() {
                if let Ok(mut client) = peer(name) {
                    let _ = client.write(b"hello");
                }
                thread::yield_now();
            }
        });
        while is_running() {
            watch.poll(SHORT);
        }
    });
    // The pipe is still usable.
    let _ = server.disconnect();
    let mut client = loop {
        let _ = server.connect();
        if let Ok(client) = peer(name) {
            break client;
        }
        watch.poll(SHORT);
    };
    watch.connect(server);
    client.write_all(b"hello").unwrap();
    assert_eq!(watch.read(server, 5), b"hello");
}
