//! Signals by a handler that records them and writes a byte to a socket.
//!
//! signal-hook's `SignalDelivery` is the handler and its records. It can't stop watching one of its
//! signals, so each signal has a delivery of its own, and all write to the same socket.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use mio::IoSource;
use signal_hook::iterator::backend::{Pending, SignalDelivery};
#[cfg(feature = "signal-sender")]
use signal_hook::iterator::exfiltrator::WithOrigin as Note;
#[cfg(not(feature = "signal-sender"))]
use signal_hook::iterator::exfiltrator::WithRawSiginfo as Note;

#[cfg(feature = "signal-sender")]
use super::Sender;
use super::{Delivered, Signal};

/// The read end of a self-pipe, which a poll watches.
pub(crate) struct Bytes {
    source: IoSource<UnixStream>,
}

/// Receives in rounds: a round takes the bytes out of the socket, and then checks each signal in
/// turn for records. A handler records first and writes then. So a signal that a round has missed
/// has a byte in the socket, and there will be another event.
///
/// A round that finds a signal puts a byte back, because the caller may stop there although there
/// are more. This gives the invariant that a poll relies on: *the socket is readable unless the
/// last result was `None`, and after that each signal makes it readable.*
pub(super) struct Watch {
    /// The remaining records of the current signal.
    pending: Option<Pending<Note>>,
    /// Dropped before the socket: a handler that writes to a socket without a reader raises
    /// `SIGPIPE`.
    watched: Vec<Watched>,
    /// Index of the signal that this round has come to. Past the end there is no round.
    current: usize,
    /// Set once this round has put a byte back.
    put_back: bool,
    bytes: Bytes,
    /// Handlers write to duplicates of this. Non-blocking, which is one flag for all of them.
    writer: Arc<UnixStream>,
}

/// A signal and its handler, which is removed with it.
struct Watched {
    signal: Signal,
    /// It reads from its descriptor before it checks for records. That descriptor is the writing
    /// end, from which nothing can be read: the bytes are shared, and are read in one place.
    delivery: SignalDelivery<Arc<UnixStream>, Note>,
}

impl Bytes {
    /// Creates a self-pipe: the read end, and the end that a handler writes to.
    pub(crate) fn pair() -> io::Result<(Bytes, UnixStream)> {
        let (bytes, writer) = UnixStream::pair()?;
        bytes.set_nonblocking(true)?;
        let source = IoSource::new(bytes);
        Ok((Bytes { source }, writer))
    }

    /// Takes all bytes. Returns `false` if there were none. It reads until `WouldBlock`, which
    /// re-arms the source on some selectors. This process holds the other end, so no end of the
    /// data and no error is expected.
    pub(crate) fn take(&self) -> bool {
        let mut any = false;
        let mut buffer = [0; 512];
        loop {
            match self.source.read_with(|mut bytes| bytes.read(&mut buffer)) {
                Ok(0) => return any,
                Ok(_) => any = true,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(_) => return any,
            }
        }
    }

    pub(crate) fn source(&mut self) -> &mut IoSource<UnixStream> {
        &mut self.source
    }
}

impl Watch {
    pub(super) fn new() -> io::Result<Watch> {
        let (bytes, writer) = Bytes::pair()?;
        writer.set_nonblocking(true)?;
        Ok(Watch {
            pending: None,
            watched: Vec::new(),
            current: 0,
            put_back: false,
            bytes,
            writer: Arc::new(writer),
        })
    }

    pub(super) fn add(&mut self, signal: Signal) -> io::Result<()> {
        if self.position(signal).is_some() {
            return Ok(());
        }
        check(signal)?;
        let writer = self.writer.try_clone()?;
        let delivery = SignalDelivery::with_pipe(
            Arc::clone(&self.writer),
            writer,
            Default::default(),
            [signal.as_raw()],
        );
        let delivery = delivery.map_err(|err| match err.kind() {
            ErrorKind::InvalidInput => unknown(signal),
            _ => err,
        })?;
        self.watched.push(Watched { signal, delivery });
        Ok(())
    }

    pub(super) fn remove(&mut self, signal: Signal) -> bool {
        let Some(position) = self.position(signal) else {
            return false;
        };
        if position < self.current {
            self.current -= 1;
        } else if position == self.current {
            self.pending = None;
        }
        self.watched.remove(position);
        true
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = Signal> + '_ {
        self.watched.iter().map(|watched| watched.signal)
    }

    pub(super) fn receive(&mut self) -> Option<Delivered> {
        loop {
            while let Some(watched) = self.watched.get_mut(self.current) {
                let pending = self
                    .pending
                    .get_or_insert_with(|| watched.delivery.pending());
                if let Some(noted) = pending.next() {
                    let delivered = delivered(watched.signal, &noted);
                    self.put_back();
                    return Some(delivered);
                }
                self.pending = None;
                self.current += 1;
            }
            if !self.bytes.take() {
                return None;
            }
            self.current = 0;
            self.put_back = false;
        }
    }

    /// Makes the socket readable, once in a round. The write fails if the socket is full, which is
    /// readable.
    fn put_back(&mut self) {
        if self.put_back {
            return;
        }
        self.put_back = true;
        while let Err(err) = (&*self.writer).write(&[0]) {
            if err.kind() != ErrorKind::Interrupted {
                return;
            }
        }
    }

    pub(super) fn source(&mut self) -> &mut IoSource<UnixStream> {
        self.bytes.source()
    }

    fn position(&self, signal: Signal) -> Option<usize> {
        self.watched().position(|watched| watched == signal)
    }
}

#[cfg(feature = "signal-sender")]
fn delivered(signal: Signal, noted: &signal_hook::low_level::siginfo::Origin) -> Delivered {
    // Neither is negative. The type of a user id differs between platforms.
    #[allow(clippy::unnecessary_cast)]
    let sender = noted.process.map(|process| Sender {
        pid: process.pid as u32,
        uid: process.uid as u32,
    });
    Delivered { signal, sender }
}

#[cfg(not(feature = "signal-sender"))]
fn delivered<T>(signal: Signal, _: &T) -> Delivered {
    Delivered {
        signal,
        sender: None,
    }
}

/// Returns an error for signals that signal-hook would panic for, and for those that can't work.
fn check(signal: Signal) -> io::Result<()> {
    let why = match signal {
        Signal::SIGKILL | Signal::SIGSTOP => "the system gives it to no process",
        Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGFPE | Signal::SIGILL | Signal::SIGTRAP => {
            "it reports a fault of the instruction that is running, which can't wait for a poll"
        }
        _ if !(1..128).contains(&signal.as_raw()) => return Err(unknown(signal)),
        _ => return Ok(()),
    };
    Err(invalid(format!("{signal} can't be watched: {why}")))
}

fn unknown(signal: Signal) -> io::Error {
    let number = signal.as_raw();
    invalid(format!("this system has no signal {number} to watch"))
}

fn invalid(message: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, message)
}
