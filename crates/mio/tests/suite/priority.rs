//! Urgent data, which only Linux and Android report.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Interest, SelectorKind};

use crate::events::{expect, table, watch};
use crate::support::{BOTH, connected, drain, ffi};

per_selector!(
    urgent_data_has_arrived,
    urgent_data_left_alone_is_no_busy_loop
);

fn urgent_data_has_arrived(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH | Interest::PRIORITY);
    ffi::send_urgent(&peer);
    expect(&mut watch, kind, &table::URGENT_DATA);

    // The data is taken, and sent again: a new event.
    let fd = stream.as_raw_fd();
    assert_eq!(stream.try_io(|| ffi::receive_urgent(fd)).unwrap(), b'!');
    ffi::send_urgent(&peer);
    watch.wait(1, Event::is_priority);
}

fn urgent_data_left_alone_is_no_busy_loop(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, Interest::PRIORITY | BOTH);
    ffi::send_urgent(&peer);
    watch.wait(1, Event::is_priority);
    // A reader that ignores urgent data reads until `WouldBlock`, again and again.
    let mut polls = 0;
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        drain(&stream);
        watch.poll(end.saturating_duration_since(Instant::now()));
        polls += 1;
    }
    assert!(polls < 1000, "{polls} polls in a fifth of a second");
}
