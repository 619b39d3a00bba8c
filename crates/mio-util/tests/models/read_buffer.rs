//! No byte is lost, duplicated or reordered, whatever the reads return, and each reason to stop is
//! correct.

use std::io::ErrorKind;

use mio_util::{Fill, ReadBuffer};
use proptest::prelude::*;

use crate::config;
use crate::transport::{Transport, failing_step};

/// Operations of a program: fill with a budget, and consume a part of the data, in percent.
fn operations() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..60usize, 0..=100usize), 1..60)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fill_and_consume_keep_each_byte(
        data in prop::collection::vec(any::<u8>(), 0..600),
        steps in prop::collection::vec(failing_step(), 0..80),
        operations in operations(),
        limit in 1..100usize,
        is_preallocated in any::<bool>(),
    ) {
        let mut transport = Transport::new(&data, steps, Vec::new());
        let mut buffer = if is_preallocated {
            ReadBuffer::preallocated(limit)
        } else {
            ReadBuffer::new(limit)
        };
        let mut consumed = Vec::new();
        let mut is_at_end = false;
        for (budget, percent) in operations {
            let before = buffer.len();
            match buffer.fill(&mut transport, budget) {
                Ok(Fill::WouldBlock) => prop_assert!(transport.read_blocked),
                Ok(Fill::End) => {
                    prop_assert!(transport.incoming.is_empty());
                    is_at_end = true;
                }
                Ok(Fill::Full) => prop_assert_eq!(buffer.len(), limit),
                Ok(Fill::Budget) => prop_assert_eq!(buffer.len() - before, budget),
                Err(err) => prop_assert_eq!(err.kind(), ErrorKind::ConnectionReset),
            }
            prop_assert!(buffer.len() <= limit);
            prop_assert!(buffer.len() - before <= budget);
            prop_assert_eq!(buffer.is_full(), buffer.len() == limit);
            let count = buffer.len() * percent / 100;
            consumed.extend_from_slice(&buffer.data()[..count]);
            buffer.consume(count);
            let seen = [&consumed[..], buffer.data()].concat();
            prop_assert_eq!(&seen[..], &data[..seen.len()]);
            prop_assert_eq!(seen.len() + transport.incoming.len(), data.len());
        }
        prop_assert!(!is_at_end || consumed.len() + buffer.len() == data.len());
    }
}

#[test]
fn short_read_stops_only_where_it_is_trusted() {
    let mut buffer = ReadBuffer::new(1000);
    let mut transport = Transport::new(&[7; 30], Vec::new(), Vec::new());
    assert_eq!(
        buffer.fill_until_short(&mut transport, 100).unwrap(),
        Fill::WouldBlock
    );
    assert_eq!(buffer.len(), 30);
    assert!(!transport.read_blocked, "no further read was made");
    assert_eq!(buffer.fill(&mut transport, 100).unwrap(), Fill::End);
}

#[test]
#[should_panic(expected = "5 bytes can't be consumed of 4")]
fn consuming_more_than_there_is_panics() {
    let mut buffer = ReadBuffer::new(10);
    buffer.fill(&mut &b"data"[..], 10).unwrap();
    buffer.consume(5);
}

#[test]
fn release_keeps_what_is_not_consumed() {
    let mut buffer = ReadBuffer::new(10);
    buffer.fill(&mut &b"data"[..], 10).unwrap();
    buffer.consume(1);
    buffer.release();
    assert_eq!(buffer.data(), b"ata");
    buffer.clear();
    buffer.release();
    assert_eq!(buffer.fill(&mut &b"more"[..], 4).unwrap(), Fill::Budget);
    assert_eq!(buffer.data(), b"more");
}

#[test]
fn memory_is_at_most_twice_the_limit() {
    let most = |limit| {
        allocation_counter::measure(|| {
            let mut buffer = ReadBuffer::new(limit);
            let mut source = std::io::repeat(7);
            for _ in 0..100 {
                assert_eq!(buffer.fill(&mut source, usize::MAX).unwrap(), Fill::Full);
                buffer.consume(limit / 3);
            }
        })
    };
    let used = most(30_000);
    // The last growth also holds the memory from before: 4096 bytes doubled three times.
    assert!(used.bytes_max <= 2 * 30_000 + 32_768, "{used:?}");
    assert_eq!(used.bytes_current, 0);
}

#[test]
fn release_frees_the_memory() {
    let mut buffer = ReadBuffer::preallocated(1000);
    let freed = allocation_counter::measure(|| buffer.release());
    assert_eq!(freed.bytes_current, -2000);
}
