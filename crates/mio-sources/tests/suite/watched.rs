//! A poll that another poll watches by its descriptor.

use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, SelectorKind};
use mio_sources::timer::Timer;

use crate::support::Watch;

over_each_selector!(each_tick_makes_the_descriptor_readable);

fn each_tick_makes_the_descriptor_readable(kind: SelectorKind) {
    if kind == SelectorKind::Poll {
        return; // It has no descriptor.
    }
    let (mut inner, mut outer) = (Watch::new(kind), Watch::new(kind));
    let fd = inner.poll.as_raw_fd();
    outer.register(&mut SourceFd(&fd), 1, Interest::READABLE.level());
    let mut timer = Timer::new().expect("a timer");
    inner.register(&mut timer, 2, Interest::READABLE);
    for _ in 0..5 {
        timer.set_after(Duration::from_millis(1)).expect("set");
        outer.wait_readable(1);
        // One poll for one event, so that nothing else re-arms the registration.
        inner.poll(Duration::ZERO);
        assert_eq!(inner.events.iter().count(), 1);
        assert_eq!(timer.read().expect("read"), Some(1));
    }
}
