//! Single signals, and which instances receive them.

use mio::{Interest, Token};
use mio_sources::signal::Signals;

use crate::support::{
    ONE, THREE, TWO, Watch, interests_have_one_rule, on_each_selector, received, turn,
};

#[test]
fn each_signal_is_an_event() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE, TWO]).unwrap();
        watch.register(&mut signals, 7);
        watch.expect_silence();
        assert_eq!(signals.receive(), None);
        for signal in [ONE, TWO, ONE] {
            signal.raise().unwrap();
            watch.wait(7);
            assert_eq!(received(&mut signals), [signal]);
            watch.expect_silence();
        }
        // Both at once, in any order.
        ONE.raise().unwrap();
        TWO.raise().unwrap();
        watch.wait(7);
        let mut both = received(&mut signals);
        both.sort();
        assert_eq!(both, [ONE, TWO]);
        watch.expect_silence();
    });
}

#[test]
fn what_came_before_registering_is_an_event() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE]).unwrap();
        ONE.raise().unwrap();
        watch.register(&mut signals, 1);
        watch.wait(1);
        assert_eq!(received(&mut signals), [ONE]);
    });
}

#[test]
fn each_instance_sees_each_signal() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut first = Signals::new([ONE, TWO]).unwrap();
        let mut second = Signals::new([ONE]).unwrap();
        watch.register(&mut first, 1);
        watch.register(&mut second, 2);
        ONE.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut first), [ONE]);
        assert_eq!(received(&mut second), [ONE]);

        drop(first);
        ONE.raise().unwrap();
        watch.wait(2);
        assert_eq!(received(&mut second), [ONE]);
    });
}

#[test]
fn signals_are_added_and_removed_while_registered() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([]).unwrap();
        // Console events end the process if no instance watches.
        let _other = Signals::new([ONE]).unwrap();
        watch.register(&mut signals, 1);
        signals.add(ONE).unwrap();
        signals.add(ONE).unwrap();
        signals.add(TWO).unwrap();
        assert!(signals.watched().eq([ONE, TWO]));
        ONE.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [ONE]);

        // Earlier deliveries are discarded, and later ones are not received.
        ONE.raise().unwrap();
        TWO.raise().unwrap();
        assert!(signals.remove(ONE));
        assert!(!signals.remove(ONE));
        ONE.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [TWO]);

        // It can be added again.
        signals.add(ONE).unwrap();
        assert_eq!(signals.receive(), None);
        watch.expect_silence();
        ONE.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [ONE]);
    });
}

#[test]
fn removing_in_the_middle_of_receiving_loses_no_other() {
    let _turn = turn();
    let three = [THREE, ONE, TWO];
    for removed in three {
        let mut signals = Signals::new(three).unwrap();
        for signal in three {
            signal.raise().unwrap();
        }
        let first = signals.receive().unwrap().signal;
        assert!(signals.remove(removed));
        let mut seen = received(&mut signals);
        seen.push(first);
        seen.sort();
        let wanted = three.into_iter();
        let mut wanted: Vec<_> = wanted
            .filter(|signal| *signal == first || *signal != removed)
            .collect();
        wanted.sort();
        assert_eq!(seen, wanted, "without {removed}");
    }
}

#[test]
fn what_is_deregistered_is_silent_and_kept() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE]).unwrap();
        watch.register(&mut signals, 1);
        watch.deregister(&mut signals);
        ONE.raise().unwrap();
        watch.expect_silence();
        assert_eq!(received(&mut signals), [ONE]);
        watch.register(&mut signals, 2);
        let registry = watch.poll.registry();
        registry
            .reregister(&mut signals, Token(3), Interest::READABLE)
            .unwrap();
        ONE.raise().unwrap();
        watch.wait(3);
    });
}

#[test]
fn only_readable_can_be_asked_for() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE]).unwrap();
        interests_have_one_rule(watch.poll.selector_kind(), &mut signals);
        // Its socket is writable, which is not reported.
        let registry = watch.poll.registry();
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut signals, Token(0), both).unwrap();
        watch.expect_silence();
    });
}

/// Receives one signal for each event, until there are no more. Each round repeats all of it,
/// because the next round may depend on what one leaves behind.
fn one_for_each_event(mode: Interest, reregister: bool) {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE, TWO]).unwrap();
        let registry = watch.poll.registry();
        registry.register(&mut signals, Token(1), mode).unwrap();
        for round in 0..4 {
            ONE.raise().unwrap();
            TWO.raise().unwrap();
            let mut seen = Vec::new();
            loop {
                watch.wait(1);
                if mode.is_level() && !mode.is_oneshot() {
                    watch.wait(1);
                }
                let next = signals.receive();
                if reregister {
                    let registry = watch.poll.registry();
                    registry.reregister(&mut signals, Token(1), mode).unwrap();
                }
                match next {
                    Some(delivered) => seen.push(delivered.signal),
                    None => break,
                }
            }
            seen.sort();
            let both = [ONE, TWO];
            assert_eq!(seen, both, "in round {round}");
            watch.expect_silence();
        }
    });
}

#[test]
fn level_mode_repeats_until_all_is_received() {
    one_for_each_event(Interest::READABLE.level(), false);
}

#[test]
fn oneshot_tells_of_what_is_left_when_reregistered() {
    one_for_each_event(Interest::READABLE.oneshot(), true);
    one_for_each_event(Interest::READABLE.level().oneshot(), true);
}

#[test]
fn edge_mode_tells_of_what_is_left_when_reregistered() {
    one_for_each_event(Interest::READABLE, true);
}

/// It is deregistered in the middle of receiving, and registered again.
#[test]
fn what_is_left_is_an_event_for_the_next_registration() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE, TWO]).unwrap();
        for _ in 0..3 {
            watch.register(&mut signals, 1);
            ONE.raise().unwrap();
            TWO.raise().unwrap();
            watch.wait(1);
            assert!(signals.receive().is_some());
            watch.deregister(&mut signals);
            watch.register(&mut signals, 2);
            watch.wait(2);
            assert_eq!(signals.drain().count(), 1);
            watch.expect_silence();
            watch.deregister(&mut signals);
        }
    });
}

#[test]
fn oneshot_tells_once() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE]).unwrap();
        let once = Interest::READABLE.oneshot();
        let registry = watch.poll.registry();
        registry.register(&mut signals, Token(1), once).unwrap();
        for _ in 0..3 {
            ONE.raise().unwrap();
            watch.wait(1);
            assert_eq!(received(&mut signals), [ONE]);
            ONE.raise().unwrap();
            watch.expect_silence();
            let registry = watch.poll.registry();
            registry.reregister(&mut signals, Token(1), once).unwrap();
            // Signals that arrived meanwhile are reported now.
            watch.wait(1);
            assert_eq!(received(&mut signals), [ONE]);
            let registry = watch.poll.registry();
            registry.reregister(&mut signals, Token(1), once).unwrap();
        }
    });
}

/// One instance for each selector, all at the same time.
#[test]
fn an_instance_on_each_selector_sees_each_signal() {
    let _turn = turn();
    let mut instances: Vec<_> = mio::SelectorKind::available()
        .map(|kind| {
            let mut signals = Signals::new([ONE]).unwrap();
            let watch = Watch::new(kind);
            watch.register(&mut signals, 1);
            (watch, signals)
        })
        .collect();
    for _ in 0..3 {
        ONE.raise().unwrap();
        for (watch, signals) in &mut instances {
            watch.wait(1);
            assert_eq!(received(signals), [ONE]);
            watch.expect_silence();
        }
    }
}

#[test]
fn it_can_be_sent_to_another_thread() {
    fn assert_send<T: Send + Sync>(_: &T) {}
    assert_send(&Signals::new([]).unwrap());
}
