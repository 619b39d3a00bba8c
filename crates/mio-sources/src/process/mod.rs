//! Child processes as an event source: one thread waits for their end and for what they write.
//!
//! [`Child`] is a [`Source`](mio::event::Source) that is readable when the process has ended.
//! [`try_wait`](Child::try_wait) then says how.
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
//! Dropping a [`Child`] does not end the process, unless
//! [`kill_on_drop`](Child::kill_on_drop) says so. One that has ended is waited for, so that it does
//! not stay as a *zombie*. One that still runs is put on a list of the program. Each time a
//! [`Child`] is made or dropped, two of the list are looked at in turn, and waited for if they have
//! ended: so that costs the same however long the list is, and a program that goes on making
//! children gets around to all. [`reap_dropped`] looks at all of them at any time. There is no
//! thread for it: a child that has ended is a zombie until it is looked at.
//!
//! To kill a child does not end the processes that it has started: a killed `sh -c` leaves them.
//! [`spawn_group`](Child::spawn_group) puts them into a process group, which can be killed as a
//! whole.
//!
//! # How the end is seen
//!
//! * On Linux by a *pidfd*, a descriptor that stands for the process. There is an event when the
//!   process ends, and none before. There may be another one after
//!   [`try_wait`](Child::try_wait) has said how.
//! * On macOS and its relatives, and on the BSDs, by a kqueue of the child's own with `EVFILT_PROC`
//!   in it. There is an event when the process ends. The system may tell a moment before the status
//!   is there: then [`try_wait`](Child::try_wait) gives `None`, and there is another event a
//!   millisecond later. The tests were run over a model of kqueue on Linux, never on such a system.
//! * On other Unix systems by [`SIGCHLD`](crate::signal::Signal::SIGCHLD), which gets a handler as
//!   [signals](crate::signal#what-it-does-to-the-process) do. So it is where Linux has no pidfd
//!   (before Linux 5.3, or in a sandbox that refuses the call with `EPERM`, `EACCES` or `ENOSYS`),
//!   and where a system with kqueue does not let us watch this child. The signal does not say whose
//!   it is. So each child that is waited for gets an event when *any* child of the program changes
//!   its state, and one at the start. It takes two descriptors for each child; a pidfd or a kqueue
//!   is one. A handler that runs in a thread that polls makes [`Poll::poll`](mio::Poll::poll)
//!   return an error of the kind [`Interrupted`](io::ErrorKind::Interrupted). Poll again.
//! * On Windows by a duplicate of the handle of the process, as
//!   `mio::windows::SourceHandle` does it. There is an event when the process ends, and none
//!   before. Where that needs calls which the system lacks (Windows before 8, and Wine 8 and 10),
//!   *registering* a child fails with [`Unsupported`](io::ErrorKind::Unsupported), and all else
//!   works: it runs, and [`try_wait`](Child::try_wait) and [`wait`](Child::wait) tell of its end.
//! * On systems with none of these [`Child::spawn`] fails with
//!   [`Unsupported`](io::ErrorKind::Unsupported), and starts nothing.
//!
//! # Its standard streams
//!
//! Those that are piped are taken out of std's child, into [`Child::stdin`], `stdout` and `stderr`.
//!
//! On Unix they are Mio's pipes: non-blocking, and sources.
//!
//! On Windows they are pipes that *block* until they are registered, as std's do: reading waits
//! until the child writes or closes its end, and writing until there is room. When they are
//! registered they become sources, and do not block any more: read and write them as a
//! `mio::windows::NamedPipe`. Mio can watch a pipe only if it was made for that. std's are today,
//! and std does not promise it: if one is not, registering it fails with
//! [`Unsupported`](io::ErrorKind::Unsupported), and it goes on blocking. Then read it in a
//! thread, which sends the data through a `mio_sources::channel`.
//!
//! This reads to the end on both:
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
//!         // What was read before is kept.
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
//! The system gives the id of a process to another one when its parent has waited for it. A
//! [`Child`] never sends a signal to an id that may be another's: it sends none when it has waited,
//! and with a pidfd it does not use the id at all, from the moment [`spawn`](Child::spawn) or
//! [`from_std`](Child::from_std) has returned. (Until then, without a pidfd, where a sandbox
//! refuses `pidfd_send_signal`, and for a group, that holds as long as nobody else waits for this
//! child: no other code of the program, as by `waitpid(-1)`, and not the kernel, as
//! [below](#a-program-that-ignores-sigchld).)
//!
//! # A program that ignores `SIGCHLD`
//!
//! Some launchers ignore `SIGCHLD`, and a program inherits that. The kernel then waits for the
//! children itself, so how they have ended is lost: there is an event when a child ends, and
//! [`try_wait`](Child::try_wait) fails with `ECHILD`. The same happens if something else in the
//! program waits for the child, as `waitpid(-1)` does. The error is final: it ends the
//! registration, so there is no further event, and no signal is sent to the child's id.
//!
//! A program that needs the status watches `SIGCHLD` once before it starts the first child. The
//! signal gets a handler by that, and is not ignored from then on:
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

/// Waits for the children that have ended since their [`Child`] was dropped, and says how many of
/// the dropped ones still run. It does not block.
///
/// Making and dropping a [`Child`] does this for two of them. A program that does neither for a
/// long time, or that has dropped many at once, may call it now and then, so that there are no
/// zombies. It takes a system call for each that still runs.
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
