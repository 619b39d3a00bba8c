//! tokio on one thread: a task for each source.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::{Peer, Service, seen};
use crate::ffi::watch_with_tokio;

/// Each connection has its own buffer here, so it is smaller.
const BUFFER: usize = 1024;

pub(super) struct Tokio {
    runtime: Runtime,
    /// Serves connections through `BufReader` and `BufWriter`.
    is_buffered: bool,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    seen: AtomicUsize,
    expected: AtomicUsize,
    all: Notify,
}

impl Tokio {
    pub(super) fn new(is_buffered: bool) -> io::Result<Tokio> {
        Ok(Tokio {
            is_buffered,
            runtime: Builder::new_current_thread().enable_io().build()?,
            count: Arc::default(),
        })
    }
}

/// Replies until the peer has ended.
async fn answer(mut stream: TcpStream, mut service: impl Service) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(service.answer(&buffer[..length])).await?,
        }
    }
}

/// Replies like [`answer`], and flushes once for all data of one read.
async fn answer_buffered(mut stream: TcpStream, mut service: impl Service) -> io::Result<()> {
    let (reader, writer) = stream.split();
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    let mut writer = BufWriter::with_capacity(BUFFER, writer);
    loop {
        let data = reader.fill_buf().await?;
        let length = data.len();
        if length == 0 {
            return Ok(());
        }
        writer.write_all(service.answer(data)).await?;
        writer.flush().await?;
        reader.consume(length);
    }
}

impl Peer for Tokio {
    fn serve<S: Service>(self, listener: TcpListener) -> io::Result<()> {
        self.runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                // An error ends its connection.
                if self.is_buffered {
                    tokio::spawn(answer_buffered(stream, S::default()));
                } else {
                    tokio::spawn(answer(stream, S::default()));
                }
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
                // One read drains it, so clear the readiness.
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
