//! Handles other than sockets. The unit tests check their behaviour in each mode, because they have
//! a fallback where Windows lacks the calls.

use std::io::{self, ErrorKind};
use std::os::windows::io::{BorrowedHandle, OwnedHandle};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::mpsc;
use std::thread;

use mio::windows::SourceHandle;
use mio::{Interest, SelectorKind, Token};

use crate::support::Watch;

per_selector!(a_thread_that_ends_is_readable_or_handles_are_unsupported);

#[test]
fn a_handle_can_be_sent_and_shared() {
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    check::<SourceHandle<OwnedHandle>>();
    check::<SourceHandle<BorrowedHandle<'_>>>();
}

#[test]
fn a_handle_is_given_back_and_shown() {
    let mut source = SourceHandle::new(thread::spawn(|| 7));
    assert!(format!("{source:?}").contains("JoinHandle"));
    assert_eq!(source.rearm().unwrap_err().kind(), ErrorKind::NotFound);
    // It dereferences to the value.
    let _: &thread::JoinHandle<i32> = &source;
    let _: &mut thread::JoinHandle<i32> = &mut source;
    assert_eq!(source.into_inner().join().unwrap(), 7);
}

fn a_thread_that_ends_is_readable_or_handles_are_unsupported(kind: SelectorKind) {
    for interest in [
        Interest::READABLE,
        Interest::READABLE.level(),
        Interest::READABLE.oneshot(),
    ] {
        let mut watch = Watch::new(kind);
        let (end, wait) = mpsc::channel::<()>();
        let mut source = SourceHandle::new(thread::spawn(move || wait.recv().is_err()));
        let registry = watch.poll.registry();
        let registered = registry.register(&mut source, Token(1), interest);
        if let Err(err) = &registered {
            expect_unsupported(err);
            // Nothing was registered.
            let err = registry.deregister(&mut source).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::NotFound);
        }
        watch.expect_silence();
        drop(end);
        if registered.is_ok() {
            for _ in 0..if interest.is_level() { 3 } else { 1 } {
                watch.wait_readable(1);
            }
            watch.deregister(&mut source);
        }
        watch.expect_silence();
        assert!(source.into_inner().join().unwrap());
    }
}

fn expect_unsupported(err: &io::Error) {
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert!(err.to_string().contains("NtAssociateWaitCompletionPacket"));
}
