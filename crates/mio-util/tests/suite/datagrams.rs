//! Datagrams in batches.

use std::io::{ErrorKind, IoSliceMut};

use mio::net::UdpSocket;
use mio::{Interest, SelectorKind, Token};
use mio_util::Datagrams;
use mio_util::quinn_udp::{EcnCodepoint, RecvMeta, Transmit};

use crate::support::{any_port, on_each_selector, poll_on, wait};

/// Receives until this many datagrams have arrived, with an event for each awaited batch.
fn receive(kind: SelectorKind, count: usize, send: impl Fn(&Datagrams, &UdpSocket, &Transmit<'_>)) {
    let (mut poll, mut events) = poll_on(kind);
    let sender = UdpSocket::bind(any_port()).unwrap();
    let mut receiver = UdpSocket::bind(any_port()).unwrap();
    let (outgoing, incoming) = (
        Datagrams::new(&sender).unwrap(),
        Datagrams::new(&receiver).unwrap(),
    );
    poll.registry()
        .register(&mut receiver, Token(0), Interest::READABLE)
        .unwrap();
    let transmit = Transmit {
        destination: receiver.local_addr().unwrap(),
        ecn: Some(EcnCodepoint::Ect0),
        contents: &[],
        segment_size: None,
        src_ip: None,
    };
    let size = 1500 * incoming.max_received();
    let mut space = vec![vec![0; size]; Datagrams::BUFFERS];
    let mut meta = vec![RecvMeta::default(); Datagrams::BUFFERS];
    for round in 0..3 {
        send(&outgoing, &sender, &transmit);
        let mut received = 0;
        while received < count {
            wait(&mut poll, &mut events, None);
            assert!(!events.is_empty(), "round {round}: {received} of {count}");
            loop {
                let mut buffers: Vec<_> = space.iter_mut().map(|b| IoSliceMut::new(b)).collect();
                match incoming.receive(&receiver, &mut buffers, &mut meta) {
                    Err(err) if err.kind() == ErrorKind::WouldBlock => break,
                    Err(err) => panic!("{err}"),
                    Ok(filled) => {
                        for meta in &meta[..filled] {
                            assert_eq!(meta.addr, sender.local_addr().unwrap());
                            received += meta.len.div_ceil(meta.stride);
                        }
                    }
                }
            }
        }
        assert_eq!(received, count);
    }
}

#[test]
fn single_datagrams_are_received_in_batches() {
    on_each_selector(|kind| {
        receive(kind, 20, |datagrams, socket, transmit| {
            for length in 1..=20u8 {
                let contents = vec![length; usize::from(length)];
                let transmit = Transmit {
                    contents: &contents,
                    ..transmit.clone()
                };
                datagrams.send(socket, &transmit).unwrap();
            }
        });
    });
}

#[test]
fn segments_of_one_call_arrive_as_datagrams() {
    on_each_selector(|kind| {
        receive(kind, 4, |datagrams, socket, transmit| {
            let segments = datagrams.max_segments().min(4);
            let contents = vec![7; 1000 * segments];
            let transmit = Transmit {
                contents: &contents,
                segment_size: Some(1000),
                ..transmit.clone()
            };
            for _ in 0..4 / segments {
                datagrams.send(socket, &transmit).unwrap();
            }
        });
    });
}

#[test]
fn records_are_as_many_as_both_slices_hold() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    let datagrams = Datagrams::new(&socket).unwrap();
    for contents in [&b"one"[..], b"two"] {
        let transmit = Transmit {
            destination: socket.local_addr().unwrap(),
            ecn: None,
            contents,
            segment_size: None,
            src_ip: None,
        };
        datagrams.send(&socket, &transmit).unwrap();
    }
    let (mut first, mut second) = ([0; 4000], [0; 4000]);
    let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    for err in [
        datagrams.receive(&socket, &mut buffers, &mut []),
        datagrams.receive(&socket, &mut [], &mut [RecvMeta::default()]),
    ] {
        assert_eq!(err.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let mut meta = [RecvMeta::default()];
    let deadline = std::time::Instant::now() + crate::support::LONG;
    let filled = loop {
        assert!(std::time::Instant::now() < deadline);
        match datagrams.receive(&socket, &mut buffers, &mut meta) {
            Err(err) if err.kind() == ErrorKind::WouldBlock => {}
            result => break result.unwrap(),
        }
    };
    assert_eq!(filled, 1);
    assert_eq!(&buffers[0][..3], b"one");
}
