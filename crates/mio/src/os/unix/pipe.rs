//! Unnamed pipes, and the pipes of child processes.
//!
//! # Examples
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use std::io::{Read, Write};
//!
//! use mio::unix::pipe;
//! use mio::{Events, Interest, Poll, Token};
//!
//! let (mut sender, mut receiver) = pipe::new()?;
//! let mut poll = Poll::new()?;
//! poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
//! sender.write_all(b"hello")?;
//!
//! let mut events = Events::with_capacity(8);
//! poll.poll(&mut events, None)?;
//! let mut buffer = [0; 8];
//! assert_eq!(receiver.read(&mut buffer)?, 5);
//!
//! // The end of the stream, after the last writer was closed.
//! drop(sender);
//! poll.poll(&mut events, None)?;
//! assert!(events.iter().all(|event| event.is_read_closed()));
//! assert_eq!(receiver.read(&mut buffer)?, 0);
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::io_impls::{impl_fd, impl_read, impl_source, impl_write};
use crate::io_source::IoSource;
use crate::sys::unix::pipe;

/// Creates a pipe: data written to the [`Sender`] is read from the [`Receiver`].
///
/// Both ends are non-blocking and close-on-exec.
///
/// # Errors
///
/// The OS error if no descriptor is left (`EMFILE`, `ENFILE`).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let (sender, receiver) = mio::unix::pipe::new()?;
/// # drop((sender, receiver));
/// # Ok(())
/// # }
/// ```
pub fn new() -> io::Result<(Sender, Receiver)> {
    pipe::pair().map(|[receiver, sender]| (sender.into(), receiver.into()))
}

/// The write end of a pipe, such as the standard input of a child process.
///
/// Implements [`Write`](std::io::Write), also for a shared reference. After the last reader was
/// closed, a write fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::process::{Command, Stdio};
///
/// use mio::unix::pipe::Sender;
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
/// let sender = Sender::from(child.stdin.take().expect("stdin is piped"));
/// // The pipe of a child process starts in blocking mode.
/// sender.set_nonblocking(true)?;
/// drop(sender);
/// child.wait()?;
/// # Ok(())
/// # }
/// ```
pub struct Sender {
    inner: IoSource<File>,
}

/// The read end of a pipe, such as the standard output or error of a child process.
///
/// Implements [`Read`](std::io::Read), also for a shared reference.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::process::{Command, Stdio};
///
/// use mio::unix::pipe::Receiver;
///
/// let mut child = Command::new("true").stdout(Stdio::piped()).spawn()?;
/// let receiver = Receiver::from(child.stdout.take().expect("stdout is piped"));
/// // The pipe of a child process starts in blocking mode.
/// receiver.set_nonblocking(true)?;
/// child.wait()?;
/// # Ok(())
/// # }
/// ```
pub struct Receiver {
    inner: IoSource<File>,
}

impl Sender {
    /// Sets or clears the non-blocking mode of this end.
    ///
    /// [`new`] creates non-blocking ends. Those of a child process start in blocking mode, in which
    /// a write may block.
    ///
    /// # Errors
    ///
    /// The OS error. None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mio::unix::pipe::new()?;
    /// sender.set_nonblocking(false)?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        pipe::set_nonblocking(self.inner.as_fd(), nonblocking)
    }

    /// Performs an I/O operation of your own on the descriptor, such as `splice`.
    ///
    /// Calls `f` once and returns its result. [`WouldBlock`](io::ErrorKind::WouldBlock) re-arms the
    /// source on the selectors that need it.
    ///
    /// Do not call I/O methods of this type inside `f`, and return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only if the OS did.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::os::fd::AsRawFd;
    ///
    /// let (sender, receiver) = mio::unix::pipe::new()?;
    /// let written = sender.try_io(|| {
    ///     // SAFETY: the buffer has the given length.
    ///     match unsafe { libc::write(sender.as_raw_fd(), b"hello".as_ptr().cast(), 5) } {
    ///         -1 => Err(std::io::Error::last_os_error()),
    ///         written => Ok(written),
    ///     }
    /// })?;
    /// assert_eq!(written, 5);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.write_with(|_| f())
    }
}

impl Receiver {
    /// Sets or clears the non-blocking mode of this end.
    ///
    /// [`new`] creates non-blocking ends. Those of a child process start in blocking mode, in which
    /// a read may block.
    ///
    /// # Errors
    ///
    /// The OS error. None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mio::unix::pipe::new()?;
    /// receiver.set_nonblocking(false)?;
    /// # drop(sender);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        pipe::set_nonblocking(self.inner.as_fd(), nonblocking)
    }

    /// Performs an I/O operation of your own on the descriptor, such as `splice`.
    ///
    /// Calls `f` once and returns its result. [`WouldBlock`](io::ErrorKind::WouldBlock) re-arms the
    /// source on the selectors that need it.
    ///
    /// Do not call I/O methods of this type inside `f`, and return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only if the OS did.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::os::fd::AsRawFd;
    ///
    /// let (sender, receiver) = mio::unix::pipe::new()?;
    /// let mut buffer = [0_u8; 64];
    /// let read = receiver.try_io(|| {
    ///     let (pointer, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    ///     // SAFETY: the buffer has the given length.
    ///     match unsafe { libc::read(receiver.as_raw_fd(), pointer, length) } {
    ///         -1 => Err(std::io::Error::last_os_error()),
    ///         read => Ok(read),
    ///     }
    /// });
    /// assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # drop(sender);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.read_with(|_| f())
    }
}

impl_source!(Sender);
impl_write!(Sender, &Sender);
impl_fd!(Sender, File, sender);

impl_source!(Receiver);
impl_read!(read_pipe_with: Receiver, &Receiver);
impl_fd!(Receiver, File, receiver);

/// Keeps the pipe in blocking mode: see [`Sender::set_nonblocking`].
impl From<ChildStdin> for Sender {
    fn from(stdin: ChildStdin) -> Sender {
        OwnedFd::from(stdin).into()
    }
}

/// Keeps the pipe in blocking mode: see [`Receiver::set_nonblocking`].
impl From<ChildStdout> for Receiver {
    fn from(stdout: ChildStdout) -> Receiver {
        OwnedFd::from(stdout).into()
    }
}

/// Keeps the pipe in blocking mode: see [`Receiver::set_nonblocking`].
impl From<ChildStderr> for Receiver {
    fn from(stderr: ChildStderr) -> Receiver {
        OwnedFd::from(stderr).into()
    }
}
