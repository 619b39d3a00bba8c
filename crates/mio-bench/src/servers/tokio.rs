//! tokio on one thread: a task for each source.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::{Peer, Service, seen};
use crate::ffi::watch_with_tokio;

/// Each connection has a buffer of its own here, so it is smaller.
const BUFFER: usize = 1024;

pub(super) struct Tokio {
    runtime: Runtime,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    seen: AtomicUsize,
    expected: AtomicUsize,
    all: Notify,
}

impl Tokio {
    pub(super) fn new() -> io::Result<Tokio> {
        Ok(Tokio {
            runtime: Builder::new_current_thread().enable_io().build()?,
            count: Arc::default(),
        })
    }
}

impl Peer for Tokio {
    fn serve<S: Service>(self, listener: TcpListener) -> io::Result<()> {
        self.runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (mut stream, _) = listener.accept().await?;
                tokio::spawn(async move {
                    let (mut buffer, mut service) = (vec![0; BUFFER], S::default());
                    loop {
                        match stream.read(&mut buffer).await {
                            Ok(0) | Err(_) => return,
                            Ok(length) => {
                                let answer = service.answer(&buffer[..length]);
                                if stream.write_all(answer).await.is_err() {
                                    return;
                                }
                            }
                        }
                    }
                });
            }
        })
    }

    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
        let _inside = self.runtime.enter();
        let event = watch_with_tokio(event)?;
        let count = Arc::clone(&self.count);
        tokio::spawn(async move {
            loop {
                let mut guard = event.readable().await.expect("a runtime that lasts");
                seen(event.get_ref()).expect("a count");
                // One read empties it, so the edge is used up.
                guard.clear_ready();
                let seen = count.seen.fetch_add(1, Ordering::Relaxed) + 1;
                if seen == count.expected.load(Ordering::Relaxed) {
                    count.all.notify_one();
                }
            }
        });
        Ok(())
    }

    fn turn(&mut self, expected: usize) -> io::Result<usize> {
        self.count.expected.store(expected, Ordering::Relaxed);
        self.runtime.block_on(self.count.all.notified());
        Ok(self.count.seen.swap(0, Ordering::Relaxed))
    }
}
