//! Child processes as event sources: one thread waits for their end and for their output.
//!
//! [`Child`] is a [`Source`](mio::event::Source) that is readable when the process has ended.
//! [`try_wait`](Child::try_wait) then returns its exit status.
//!
//! ```
//! # #[cfg(not(unix))]
//! # fn main() {}
//! # #[cfg(unix)]
//! # fn main() -> std::io::Result<()> {
//! use std::io::ErrorKind;
//! use std::process::Command;
//!
//! use mio::{Events, Interest, Poll, Token};
//! use mio_sources::process::Child;
//!
//! let mut poll = Poll::new()?;
//! let mut child = Child::spawn(Command::new("sh").args(["-c", "exit 3"]))?;
//! poll.registry().register(&mut child, Token(0), Interest::READABLE)?;
//!
//! let mut events = Events::with_capacity(8);
//! let status = loop {
//!     match poll.poll(&mut events, None) {
//!         // By a signal: see "How the end is seen".
//!         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
//!         result => result?,
//!     }
//!     // An event is a hint: see "How the end is seen".
//!     if let Some(status) = child.try_wait()? {
//!         break status;
//!     }
//! };
//! assert_eq!(status.code(), Some(3));
//! # Ok(())
//! # }
//! ```
//!
//! # Dropping
//!
//! Dropping a [`Child`] does not end the process, unless [`kill_on_drop`](Child::kill_on_drop) was
//! set. A child that has ended is reaped, so that it does not stay a *zombie*.
//!
//! A child that still runs is put on a list of the program. Each time a [`Child`] is created or
//! dropped, the next two on the list are checked, and reaped if they have ended. So the cost does
//! not depend on the length of the list, and a program that keeps creating children reaps all of
//! them in time. [`reap_dropped`] checks the whole list at any time. There is no thread for it: a
//! child that has ended stays a zombie until it is checked.
//!
//! Killing a child does not end the processes that it has started: a killed `sh -c` leaves them
//! running. [`spawn_group`](Child::spawn_group) puts them into a process group, which can be killed
//! as a whole.
//!
//! # How the end is seen
//!
//! * On Linux by a *pidfd*, a descriptor that refers to a process. There is an event when the
//!   process ends, and none before. There may be another one after [`try_wait`](Child::try_wait)
//!   has returned the status.
//! * On macOS and its relatives, and on the BSDs, by a separate kqueue for each child with
//!   `EVFILT_PROC`. There is an event when the process ends. The kernel may report it a moment
//!   before the status is available: then [`try_wait`](Child::try_wait) returns `None`, and there
//!   is another event a millisecond later. The tests were run over a model of kqueue on Linux,
//!   never on such a platform.
//! * On other Unix platforms by [`SIGCHLD`](crate::signal::Signal::SIGCHLD), with a handler as for
//!   [signals](crate::signal#effects-on-the-process-on-unix). The same is used where Linux has
//!   no pidfd (before Linux 5.3, or in a sandbox that refuses the call with `EPERM`, `EACCES` or
//!   `ENOSYS`), and where a kernel with kqueue does not allow watching this child.
//!
//!   The signal does not identify the child. So each watched child gets an event when *any* child
//!   of the program changes its state, and one at the start. It takes two descriptors for each
//!   child; a pidfd or a kqueue is one. A handler that runs in a polling thread makes
//!   [`Poll::poll`](mio::Poll::poll) return an error of the kind
//!   [`Interrupted`](io::ErrorKind::Interrupted). Poll again.
//! * On Windows by a duplicate of the process handle, watched by `mio::windows::SourceHandle`.
//!   There is an event when the process ends, and none before. If the OS lacks the calls for it
//!   (Windows before 8, and Wine 8 and 10), *registering* a child fails with
//!   [`Unsupported`](io::ErrorKind::Unsupported). Everything else works: the child runs, and
//!   [`try_wait`](Child::try_wait) and [`wait`](Child::wait) return its status.
//! * On platforms with none of these [`Child::spawn`] fails with
//!   [`Unsupported`](io::ErrorKind::Unsupported), and starts nothing.
//!
//! # Its standard streams
//!
//! Piped streams are moved from std's child into [`Child::stdin`], `stdout` and `stderr`.
//!
//! On Unix they are Mio's pipes: non-blocking, and sources.
//!
//! On Windows they are pipes that *block* until they are registered, as std's do. Reading waits
//! until the child writes or closes its end, and writing waits until there is room. Once registered
//! they are sources and do not block: read and write them as a `mio::windows::NamedPipe`.
//!
//! Mio can watch a pipe only if it was created for that. std creates its pipes so today, but does
//! not promise it. If one is not, registering it fails with
//! [`Unsupported`](io::ErrorKind::Unsupported), and it continues to block. Then read it in a
//! thread, which sends the data through a `mio_sources::channel`.
//!
//! This reads to the end on both platforms:
//!
//! ```
//! # #[cfg(not(any(unix, windows)))]
//! # fn main() {}
//! # #[cfg(any(unix, windows))]
//! # fn main() -> std::io::Result<()> {
//! use std::io::{ErrorKind, Read};
//! use std::process::{Command, Stdio};
//!
//! use mio::{Events, Interest, Poll, Token};
//! use mio_sources::process::Child;
//!
//! let (shell, option) = if cfg!(windows) { ("cmd", "/c") } else { ("sh", "-c") };
//! let mut command = Command::new(shell);
//! let mut child = Child::spawn(command.args([option, "echo hello"]).stdout(Stdio::piped()))?;
//! let mut stdout = child.stdout.take().expect("stdout is piped");
//!
//! let mut poll = Poll::new()?;
//! poll.registry().register(&mut stdout, Token(0), Interest::READABLE)?;
//! let mut events = Events::with_capacity(8);
//! let (mut output, mut at_end) = (Vec::new(), false);
//! while !at_end {
//!     match poll.poll(&mut events, None) {
//!         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
//!         result => result?,
//!     }
//!     match stdout.read_to_end(&mut output) {
//!         // Earlier reads are kept.
//!         Err(err) if err.kind() == ErrorKind::WouldBlock => {}
//!         result => at_end = result.map(|_| true)?,
//!     }
//! }
//! assert_eq!(String::from_utf8_lossy(&output).trim(), "hello");
//! # child.wait()?;
//! # Ok(())
//! # }
//! ```
//!
//! # The id of a process that is gone
//!
//! The OS may reuse the id of a process once its parent has waited for it. A [`Child`] never sends
//! a signal to an id that another process may have: it sends none after it has waited. With a pidfd
//! it does not use the id at all, once [`spawn`](Child::spawn) or [`from_std`](Child::from_std) has
//! returned.
//!
//! In the following cases this holds only while nothing else waits for this child: before that
//! return, without a pidfd, where a sandbox refuses `pidfd_send_signal`, and for a group. Other
//! code of the program may wait for it, for example with `waitpid(-1)`, and so may the kernel: see
//! [below](#a-program-that-ignores-sigchld).
//!
//! # A program that ignores `SIGCHLD`
//!
//! Some launchers ignore `SIGCHLD`, and a program inherits that. The kernel then waits for the
//! children itself, so their exit statuses are lost: there is an event when a child ends, and
//! [`try_wait`](Child::try_wait) fails with `ECHILD`. The same happens if something else in the
//! program waits for the child, as `waitpid(-1)` does. The error is final: it ends the
//! registration, so there is no further event, and no signal is sent to the child's id.
//!
//! A program that needs the status watches `SIGCHLD` once before it starts the first child. This
//! installs a handler, and the signal is not ignored from then on:
//!
//! ```
//! # #[cfg(not(unix))]
//! # fn main() {}
//! # #[cfg(unix)]
//! # fn main() -> std::io::Result<()> {
//! use mio_sources::signal::{Signal, Signals};
//!
//! drop(Signals::new([Signal::SIGCHLD])?);
//! # Ok(())
//! # }
//! ```

#[cfg(doc)]
use std::io;

mod child;
mod exit;
#[cfg(signals)]
mod group;
#[cfg(not(signals))]
mod group_none;
mod owned;
#[cfg(any(signals, process_handle))]
pub mod pipe;
mod pipes;

pub use self::child::Child;

/// Reaps the children that have ended since their [`Child`] was dropped. Returns the number of
/// dropped children that still run. Does not block.
///
/// Creating and dropping a [`Child`] does this for two of them. A program that does neither for a
/// long time, or that has dropped many at once, may call it now and then to remove zombies. It
/// takes a system call for each child that still runs.
///
/// # Examples
///
/// ```
/// let running = mio_sources::process::reap_dropped();
/// assert_eq!(running, 0);
/// ```
pub fn reap_dropped() -> usize {
    owned::reap()
}
