//! Serial ports, which mio-serial and others use through `NamedPipe`.
//!
//! By default no machine has a serial port for tests. `MIO_TEST_SERIAL` names one whose other end
//! echoes the data it receives. Without it these tests do nothing.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::OwnedHandle;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mio::Token;
use mio::windows::NamedPipe;

use crate::support::{BOTH, FILE_FLAG_OVERLAPPED, Watch, ffi, not_found, pattern, would_block};

/// Opens the port, for one test at a time.
fn port() -> Option<(NamedPipe, MutexGuard<'static, ()>)> {
    static ONE: Mutex<()> = Mutex::new(());
    let name = std::env::var("MIO_TEST_SERIAL").ok()?;
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(format!(r"\\.\{name}"))
        .expect("the serial port");
    Some((NamedPipe::from(OwnedHandle::from(file)), guard))
}

#[test]
fn serial_port_echoes_with_an_interval_timeout() {
    let Some((mut port, _guard)) = port() else {
        return;
    };
    ffi::set_read_timeouts(&port, 1, 0, 0);
    let mut watch = Watch::new();
    not_found((&port).read(&mut [0; 8]));
    watch.register(&mut port, 0);
    watch.wait_writable(0);
    for length in [1, 5, 100, 3_000] {
        would_block((&port).read(&mut [0; 8]));
        let data = pattern(length);
        watch.write(&port, &data);
        watch.wait_readable(0);
        // A buffer that never fills.
        let mut received = Vec::new();
        while received.len() < length {
            let mut buffer = [0; 4_000];
            let read = watch.finish(|| (&port).read(&mut buffer)).unwrap();
            received.extend_from_slice(&buffer[..read]);
        }
        assert!(received == data, "{length}");
    }
}

/// A read may end only when its buffer is full, so background reads must not be longer than the
/// user's.
#[test]
fn serial_port_echoes_without_timeouts() {
    let Some((mut port, _guard)) = port() else {
        return;
    };
    ffi::set_read_timeouts(&port, 0, 0, 0);
    let mut watch = Watch::new();
    watch.register(&mut port, 0);
    for _ in 0..5 {
        watch.write(&port, b"hello");
        assert_eq!(watch.read(&port, 1), b"h");
        assert_eq!(watch.read(&port, 1), b"e");
        let registry = watch.poll.registry();
        registry.reregister(&mut port, Token(0), BOTH).unwrap();
        for byte in b"llo" {
            assert_eq!(watch.read(&port, 1), [*byte]);
        }
    }
}
