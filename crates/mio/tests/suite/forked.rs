//! Children of `fork` that do not execute another program.

use std::fs::File;

use mio::unix::pipe;
use mio::{Interest, SelectorKind, Token, Waker};

use crate::support::process::{alone, test_path};
use crate::support::{Watch, ffi};

per_selector!(
    dropping_in_a_child_closes_no_other_file,
    dropping_in_a_child_leaves_the_parent_its_sources,
);

/// A file that a child opens may get the descriptor of a kqueue, which the child does not inherit.
fn dropping_in_a_child_closes_no_other_file(kind: SelectorKind) {
    let test = test_path!(kind, "dropping_in_a_child_closes_no_other_file");
    alone(&test, || {
        let watch = Watch::new(kind);
        let registry = watch.poll.registry().try_clone().unwrap();
        let waker = Waker::new(&registry, Token(0)).unwrap();
        let is_well = ffi::in_a_child(|| {
            let open = || File::open("/dev/null").expect("/dev/null");
            let others: Vec<File> = (0..16).map(|_| open()).collect();
            drop((watch, registry, waker));
            others.iter().all(|file| file.metadata().is_ok())
        });
        assert!(is_well);
    });
}

fn dropping_in_a_child_leaves_the_parent_its_sources(kind: SelectorKind) {
    let test = test_path!(kind, "dropping_in_a_child_leaves_the_parent_its_sources");
    alone(&test, || {
        let watch = Watch::new(kind);
        let waker = Waker::new(watch.poll.registry(), Token(0)).unwrap();
        let (sender, mut receiver) = pipe::new().unwrap();
        watch.register(&mut receiver, 1, Interest::READABLE);
        let mut all = Some((watch, waker, sender, receiver));
        assert!(ffi::in_a_child(|| {
            drop(all.take());
            true
        }));
        let (mut watch, waker, sender, _receiver) = all.expect("a copy of its own");
        waker.wake().unwrap();
        watch.wait_readable(0);
        std::io::Write::write_all(&mut &sender, b"hello").unwrap();
        watch.wait_readable(1);
    });
}
