//! Pushed bytes arrive in order, and the limit has hysteresis.

use std::io::ErrorKind;

use mio_util::{Flush, WriteQueue};
use proptest::prelude::*;

use crate::config;
use crate::transport::{Transport, failing_step};

#[derive(Debug, Clone)]
enum Operation {
    Push(Vec<u8>),
    /// Without copying, if the feature is enabled.
    PushShared(Vec<u8>),
    Flush(usize),
    Close,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let data = || prop::collection::vec(any::<u8>(), 0..50);
    prop::collection::vec(
        prop_oneof![
            8 => data().prop_map(Operation::Push),
            4 => data().prop_map(Operation::PushShared),
            8 => (0..100usize).prop_map(Operation::Flush),
            1 => Just(Operation::Close),
        ],
        1..80,
    )
}

fn push_shared(queue: &mut WriteQueue, data: &[u8]) {
    #[cfg(feature = "bytes")]
    queue.push_bytes(bytes::Bytes::copy_from_slice(data));
    #[cfg(not(feature = "bytes"))]
    queue.push(data);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn pushed_bytes_arrive_in_order(
        steps in prop::collection::vec(failing_step(), 0..80),
        operations in operations(),
        limit in 0..120usize,
        low_water_percent in 0..=100usize,
    ) {
        let low_water = limit * low_water_percent / 100;
        let mut transport = Transport::new(&[], Vec::new(), steps);
        let mut queue = WriteQueue::with_low_water(limit, low_water);
        let mut pushed = Vec::new();
        let mut is_closed = false;
        let mut is_over_limit = false;
        for operation in operations {
            match operation {
                Operation::Push(data) => {
                    queue.push(&data);
                    if !is_closed {
                        pushed.extend(data);
                    }
                }
                Operation::PushShared(data) => {
                    push_shared(&mut queue, &data);
                    if !is_closed {
                        pushed.extend(data);
                    }
                }
                Operation::Flush(budget) => match queue.flush(&mut transport, budget) {
                    Ok(Flush::Empty) => prop_assert!(queue.is_empty()),
                    Ok(Flush::WouldBlock) => prop_assert!(transport.write_blocked),
                    Ok(Flush::Budget) => prop_assert!(!queue.is_empty()),
                    Err(err) => prop_assert_eq!(err.kind(), ErrorKind::ConnectionReset),
                },
                Operation::Close => {
                    queue.close();
                    is_closed = true;
                }
            }
            prop_assert_eq!(&transport.outgoing[..], &pushed[..transport.outgoing.len()]);
            prop_assert_eq!(transport.outgoing.len() + queue.len(), pushed.len());
            prop_assert_eq!(queue.is_closed(), is_closed);
            prop_assert_eq!(queue.is_finished(), is_closed && queue.is_empty());
            if queue.len() > limit {
                is_over_limit = true;
            } else if queue.len() <= low_water {
                is_over_limit = false;
            }
            prop_assert_eq!(queue.is_over_limit(), is_over_limit);
        }
    }
}

#[test]
fn sink_that_accepts_nothing_is_an_error() {
    let mut queue = WriteQueue::new(10);
    queue.push(b"data");
    let err = queue.flush(&mut &mut [0; 0][..], 10).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::WriteZero);
    assert_eq!(queue.len(), 4);
}

#[test]
fn release_keeps_what_is_not_written() {
    let mut queue = WriteQueue::new(10);
    queue.push(b"data");
    queue.release();
    let mut written = Vec::new();
    assert_eq!(queue.flush(&mut written, 10).unwrap(), Flush::Empty);
    queue.release();
    queue.push(b"more");
    assert_eq!(queue.flush(&mut written, 10).unwrap(), Flush::Empty);
    assert_eq!(written, b"datamore");
}

#[test]
fn flush_stops_at_its_budget() {
    use crate::transport::Step;
    let mut transport = Transport::new(&[], Vec::new(), vec![Step::Move(10); 10]);
    let mut queue = WriteQueue::new(10);
    queue.push(&[7; 100]);
    assert_eq!(queue.flush(&mut transport, 0).unwrap(), Flush::Budget);
    assert!(transport.outgoing.is_empty());
    assert_eq!(queue.flush(&mut transport, 25).unwrap(), Flush::Budget);
    assert_eq!(transport.outgoing.len(), 30);
}
