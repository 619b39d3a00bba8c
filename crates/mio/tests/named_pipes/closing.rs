//! Pipes that are dropped while operations are in flight.

use std::io::{ErrorKind, Read, Write};
use std::thread;

use mio::windows::NamedPipe;

use crate::support::{
    MUCH, SHORT, Watch, alone, client, expect_no_leak, ffi, name, pattern, peer, would_block,
};

#[test]
fn the_peer_hears_of_it_though_nobody_polls() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    // A read is in flight, and a write whose packet nobody has taken.
    assert_eq!((&server).write(b"bye").unwrap(), 3);
    drop(server);
    let mut data = Vec::new();
    peer.read_to_end(&mut data).unwrap();
    assert_eq!(data, b"bye");
    watch.expect_silence();
}

#[test]
fn a_pipe_that_waited_for_a_client_is_gone_at_once() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    drop(server);
    peer(&name).unwrap_err();
    watch.expect_silence();
    // The name can be reused.
    drop(NamedPipe::new(&name).unwrap());
}

/// Unwritten data for a disconnected client does not keep the handle open.
#[test]
fn a_pipe_that_was_disconnected_is_gone_at_once() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    let _peer = peer(&name).unwrap();
    watch.register(&mut server, 0);
    watch.connect(&server);
    watch.settle();
    assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
    server.disconnect().unwrap();
    drop(server);
    let err = peer(&name).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
}

#[test]
fn what_was_accepted_is_written() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
    drop(server);
    let reader = thread::spawn(move || {
        let mut data = Vec::new();
        peer.read_to_end(&mut data).unwrap();
        data
    });
    while !reader.is_finished() {
        watch.poll(SHORT);
        assert!(watch.events.is_empty());
    }
    assert!(reader.join().unwrap() == pattern(MUCH));
}

#[test]
fn what_nobody_reads_is_given_up_with_the_poll() {
    let round = || {
        let mut watch = Watch::new();
        let (server, peer) = watch.with_peer();
        watch.settle();
        assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
        drop(server);
        watch.expect_silence();
        drop(watch);
        peer
    };
    expect_no_leak(|| drop(round()));
    // The end arrives, regardless of the amount of data that the kernel has accepted.
    let _ = round().read_to_end(&mut Vec::new());
}

/// Creates pipes with every kind of operation in flight.
fn in_flight(watch: &mut Watch) -> Vec<NamedPipe> {
    let (reading, peer) = watch.pair();
    let (writing, silent) = watch.pair();
    assert_eq!((&writing).write(&pattern(MUCH)).unwrap(), MUCH);
    let mut connecting = NamedPipe::new(name()).unwrap();
    watch.register(&mut connecting, 2);
    would_block(connecting.connect());
    // Data that was read ahead, with its packet taken or not.
    let (full, mut writer) = watch.with_peer();
    writer.write_all(b"hello").unwrap();
    watch.settle();
    writer.write_all(b"hello").unwrap();
    // Disconnected while operations were in flight.
    let (ended, _client) = watch.pair();
    assert_eq!((&ended).write(&pattern(MUCH)).unwrap(), MUCH);
    ended.disconnect().unwrap();
    let never = NamedPipe::new(name()).unwrap();
    let mut deregistered = NamedPipe::new(name()).unwrap();
    watch.register(&mut deregistered, 3);
    would_block(deregistered.connect());
    watch.deregister(&mut deregistered);
    vec![
        reading,
        peer,
        writing,
        silent,
        connecting,
        full,
        ended,
        never,
        deregistered,
    ]
}

#[test]
fn pipes_are_dropped_before_the_poll() {
    expect_no_leak(|| {
        let mut watch = Watch::new();
        for polls in [false, true] {
            let mut pipes = in_flight(&mut watch);
            if polls {
                pipes.reverse();
            }
            drop(pipes);
            if polls {
                watch.expect_silence();
            }
        }
    });
}

#[test]
fn pipes_are_dropped_after_the_poll() {
    expect_no_leak(|| {
        for reversed in [false, true] {
            let mut watch = Watch::new();
            let mut pipes = in_flight(&mut watch);
            drop(watch);
            if reversed {
                pipes.reverse();
            }
        }
    });
}

#[test]
fn pipes_without_a_poll_can_be_used_and_report_nothing() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    drop(watch);
    assert_eq!((&server).write(b"hello").unwrap(), 5);
    would_block((&client).read(&mut [0; 8]));
    would_block((&server).read(&mut [0; 8]));
    server.disconnect().unwrap();
    would_block(server.connect());
}

#[test]
fn forgotten_pipes_keep_what_the_kernel_uses() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    let mut peer = peer(&name).unwrap();
    watch.register(&mut server, 0);
    watch.connect(&server);
    watch.settle();
    assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
    let mut waiting = NamedPipe::new(crate::support::name()).unwrap();
    watch.register(&mut waiting, 1);
    would_block(waiting.connect());
    let waiting_name = crate::support::name();
    let mut connecting = NamedPipe::new(&waiting_name).unwrap();
    watch.register(&mut connecting, 2);
    would_block(connecting.connect());
    for pipe in [server, waiting, connecting] {
        std::mem::forget(pipe);
    }
    // Reuse the freed memory.
    let filler: Vec<_> = (0..100).map(|_| vec![0xAA_u8; 20_000]).collect();
    peer.write_all(&pattern(10_000)).unwrap();
    let mut data = vec![0; MUCH];
    peer.read_exact(&mut data).unwrap();
    assert!(data == pattern(MUCH));
    drop(client(&waiting_name));
    watch.settle();
    assert!(
        filler
            .iter()
            .all(|part| part.iter().all(|byte| *byte == 0xAA))
    );
    drop(watch);
}

#[test]
fn pipes_are_dropped_while_another_thread_polls() {
    let mut watch = Watch::new();
    let registry = watch.poll.registry().try_clone().unwrap();
    let dropper = thread::spawn(move || {
        for round in 0..100 {
            let name = name();
            let mut server = NamedPipe::new(&name).unwrap();
            let mut client = client(&name);
            let both = crate::support::BOTH;
            registry.register(&mut server, mio::Token(0), both).unwrap();
            registry.register(&mut client, mio::Token(1), both).unwrap();
            let _ = server.connect();
            let _ = (&server).write(&pattern(1_000 * (round % 5) * (round % 3)));
            let _ = (&client).write(b"hello");
            if round % 2 == 0 {
                drop(client);
            }
        }
    });
    while !dropper.is_finished() {
        watch.poll(SHORT);
    }
    dropper.join().unwrap();
}

/// Checks that the counter of the next test works.
#[test]
fn the_count_of_handles_counts() {
    let (_, module) = module_path!().split_once("::").unwrap();
    alone(&format!("{module}::the_count_of_handles_counts"), || {
        drop(NamedPipe::new(name()).unwrap());
        let before = ffi::open_handles();
        let pipe = NamedPipe::new(name()).unwrap();
        assert_eq!(ffi::open_handles(), before + 1);
        drop(pipe);
        assert_eq!(ffi::open_handles(), before);
    });
}

#[test]
fn no_handle_is_left_open() {
    let (_, module) = module_path!().split_once("::").unwrap();
    alone(&format!("{module}::no_handle_is_left_open"), || {
        let round = |polls: bool, poll_first: bool| {
            let mut watch = Watch::new();
            let pipes = in_flight(&mut watch);
            if poll_first {
                drop(watch);
                drop(pipes);
            } else {
                drop(pipes);
                if polls {
                    watch.settle();
                }
            }
        };
        round(true, false);
        let before = ffi::open_handles();
        for number in 0..8 {
            round(number % 3 == 0, number % 2 == 0);
        }
        assert_eq!(ffi::open_handles(), before);

        // Also while the poll is in use.
        let mut watch = Watch::new();
        drop(in_flight(&mut watch));
        watch.settle();
        let before = ffi::open_handles();
        for _ in 0..3 {
            drop(in_flight(&mut watch));
            watch.settle();
        }
        assert_eq!(ffi::open_handles(), before);
    });
}
