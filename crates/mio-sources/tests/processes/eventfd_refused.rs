//! Every source in a sandbox that refuses `eventfd2`, which Mio's wakers and notifiers use.

use std::time::Duration;

use mio_sources::channel;
use mio_sources::process::Child;
use mio_sources::signal::{Signal, Signals};
use mio_sources::timer::{Timer, WallTimer};

use crate::sandbox::with_each_refusal;
use crate::support::{LONG, Watch, alone, end, on_each_selector, shell, turn};

#[test]
fn sources_work_where_eventfd_is_refused() {
    let path = "eventfd_refused::sources_work_where_eventfd_is_refused";
    alone(path, || {
        let _turn = turn();
        with_each_refusal(&[libc::SYS_eventfd2], || {
            on_each_selector(|mut watch| {
                channels(&mut watch);
                timers(&mut watch);
                let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
                watch.register(&mut signals, 1);
                Signal::SIGUSR1.raise().unwrap();
                watch.wait(1);
                assert!(signals.receive().is_some());
                drop(signals);
                let mut child = Child::spawn(&mut shell("exit 3")).unwrap();
                watch.register(&mut child, 2);
                assert_eq!(end(&mut watch, &mut child, 2).code(), Some(3));
            });
        });
    });
}

fn channels(watch: &mut Watch) {
    let (sender, mut receiver) = channel::bounded(4).unwrap();
    watch.register(&mut receiver, 3);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1000 {
                loop {
                    match sender.try_send(number) {
                        Err(channel::TrySendError::Full(_)) => std::thread::yield_now(),
                        result => break result.unwrap(),
                    }
                }
            }
        });
        for number in 0..1000 {
            assert_eq!(receive(watch, &mut receiver), Some(number));
        }
    });
    drop(sender);
    assert_eq!(receive(watch, &mut receiver), None);
}

/// Returns the next message, or `None` after the disconnect.
fn receive(watch: &mut Watch, receiver: &mut channel::Receiver<i32>) -> Option<i32> {
    loop {
        match receiver.try_recv() {
            Ok(message) => return Some(message),
            Err(channel::TryRecvError::Empty) => watch.wait(3),
            Err(channel::TryRecvError::Disconnected) => return None,
        }
    }
}

fn timers(watch: &mut Watch) {
    let mut timer = Timer::new().unwrap();
    watch.register(&mut timer, 4);
    timer.set_after(Duration::from_millis(1)).unwrap();
    watch.wait(4);
    assert_eq!(timer.read().unwrap(), Some(1));
    drop(timer);

    let mut timer = WallTimer::new().unwrap();
    watch.register(&mut timer, 5);
    timer
        .set_deadline(std::time::SystemTime::now() - LONG)
        .unwrap();
    watch.wait(5);
}
