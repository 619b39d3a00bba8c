//! Signals as an event source: one thread waits for `SIGTERM` beside its sockets.
//!
//! [`Signals`] is a [`Source`](mio::event::Source) that is readable when one of the signals it
//! watches has been delivered to the process. [`receive`](Signals::receive) then says which, and
//! who sent it.
//!
//! ```standalone_crate
//! # #[cfg(not(any(unix, windows)))]
//! # fn main() {}
//! # #[cfg(any(unix, windows))]
//! # fn main() -> std::io::Result<()> {
//! use std::io::ErrorKind;
//!
//! use mio::{Events, Interest, Poll, Token};
//! use mio_sources::signal::{Signal, Signals};
//!
//! let mut poll = Poll::new()?;
//! let mut signals = Signals::new([Signal::SIGINT, Signal::SIGHUP])?;
//! poll.registry().register(&mut signals, Token(0), Interest::READABLE)?;
//!
//! // As Ctrl-C does.
//! Signal::SIGINT.raise()?;
//!
//! let mut events = Events::with_capacity(8);
//! let mut ending = false;
//! while !ending {
//!     match poll.poll(&mut events, None) {
//!         // A handler ran in this thread. What it noted comes with the next poll.
//!         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
//!         result => result?,
//!     }
//!     while let Some(delivered) = signals.receive() {
//!         println!("{delivered}: ending");
//!         assert_eq!(delivered.signal, Signal::SIGINT);
//!         ending = true;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is delivered
//!
//! * Several [`Signals`] in one process may watch the same signal. Each sees every one of them.
//! * Signals that come faster than they are received are merged. The system keeps one of each
//!   number until a thread handles it, and this source keeps up to five of each number. What does
//!   not fit is dropped, and then others of its number are still to be received. So after a signal
//!   was sent, [`receive`](Signals::receive) gives at least one of its number. Do not count them.
//! * Signals of one number are received in the order in which they were handled. Between different
//!   numbers there is no order.
//!
//! # What it does to the process on Unix
//!
//! A watched signal has a *handler*, by the crate [`signal-hook`], for all threads. It notes the
//! signal and writes a byte to a socket, which the source reads (a *self-pipe*). No thread is
//! started. It follows that:
//!
//! * A system call that a handler interrupts is restarted (`SA_RESTART`). Those that wait for
//!   events are not: [`Poll::poll`](mio::Poll::poll) may return an error of the kind
//!   [`Interrupted`](io::ErrorKind::Interrupted). Poll again.
//! * A handler that was there before is called first, and stays.
//! * When a signal is no longer watched, its handler stays and does nothing: the signal is ignored
//!   from then on, and does not end the process again. [`Signal::default_action`] does what the
//!   system would have done.
//! * A program that is started does not inherit handlers. Its signals do what they do by default.
//! * Nothing is blocked. A signal that the program blocks in all its threads is not delivered.
//! * The handler runs on the stack of the thread that the kernel picks: signal-hook sets it without
//!   `SA_ONSTACK`, and has no option for that. A thread whose stack has no room for a handler, as
//!   that of a coroutine or of a Go runtime, has to block the signals.
//! * A process that is forked and goes on without `exec` shares the socket with its parent. A
//!   signal to the child makes the [`Signals`] of the parent readable, whose
//!   [`receive`](Signals::receive) returns `None`: what the handler has noted is in the memory of
//!   the child. A byte that one of them reads is missing in the other. So such a child drops the
//!   [`Signals`] that it has inherited, and makes its own. [`Command`](std::process::Command)
//!   starts programs by `exec`, and they share nothing.
//!
//! # Why not signalfd
//!
//! Linux has signalfd(2), which needs no handler. But a signal is read from there only while it is
//! *blocked* in every thread of the process. A library can't see to that: it can block it in the
//! thread that it runs in, and the system would hand the signal to any other thread, which ends the
//! process. A program that is started inherits what is blocked, unless who starts it clears that.
//! std does, and C libraries which know nothing of it do not: such a child can't be ended by
//! `SIGTERM`. And two instances for one signal would share what comes, and not each see it.
//!
//! kqueue's `EVFILT_SIGNAL` has neither problem. It counts signals and does not say who sent them,
//! and the signal has to have a handler beside it, or to be ignored, which started programs inherit
//! too. So the self-pipe is used on each system, and behaves the same on each.
//!
//! # Who sent it
//!
//! [`Delivered::sender`] is filled in with the feature `signal-sender`. std has no safe way to read
//! it. signal-hook has, by a few lines of C. So this feature needs a C compiler and the system's
//! headers for the target, and that is why it is a feature of its own.
//!
//! # On Windows
//!
//! Windows has no signals. What comes close are the events of the console, which are told to a
//! handler on a thread that the system makes. They are the signals that they would be on Unix, and
//! there are no others:
//!
//! | event | signal | by default | when it is watched |
//! |---|---|---|---|
//! | Ctrl-C | [`SIGINT`](Signal::SIGINT) | ends the process | the program goes on |
//! | Ctrl-Break | `SIGBREAK` | ends the process | the program goes on |
//! | the console is closed | [`SIGHUP`](Signal::SIGHUP) | ends the process | the system ends the process after some seconds, or it ends by itself before |
//! | the system is shut down, or the container is stopped (`docker stop`) | [`SIGTERM`](Signal::SIGTERM) | ends the process | the same |
//!
//! * There is one handler for the program. It is set with the first [`Signals`] and stays. When
//!   nobody watches an event, it is left to the handlers that were set before, and to the system:
//!   so a signal that is no longer watched ends the process again.
//! * A watched event is not told to handlers that were set before.
//! * For `SIGHUP` and `SIGTERM` the handler does not return, since the system ends the process when
//!   it does. So the program has its time to put things away, about five seconds, and ends by
//!   itself. How long that is, the system's settings say, and those of the container's image.
//! * Five events of each number are kept, as of signals. No system call ends early.
//! * A program that is started in a new process group (`CREATE_NEW_PROCESS_GROUP`) has Ctrl-C
//!   disabled, and so have the programs that it starts. Ctrl-Break works.
//! * Events come to processes that have a console. `AllocConsole`, `AttachConsole` and
//!   `FreeConsole` take out all handlers, so make the first `Signals` after such a call.
//! * `SIGTERM` comes to services, and to programs in a container. A program in the session of a
//!   user has ended when the system goes down: the user is logged off first. No other process can
//!   send it; what ends a process from outside, `TerminateProcess`, can't be watched.
//! * That a user logs off is not watched: services receive it, for each user.
//!
//! So a program for both Unix and Windows can watch [`SIGINT`](Signal::SIGINT), by which its user
//! ends it, and [`SIGTERM`](Signal::SIGTERM), by which its supervisor does:
//!
//! ```
//! # #[cfg(not(any(unix, windows)))]
//! # fn main() {}
//! # #[cfg(any(unix, windows))]
//! # fn main() -> std::io::Result<()> {
//! # use mio_sources::signal::{Signal, Signals};
//! let signals = Signals::new([Signal::SIGINT, Signal::SIGTERM])?;
//! # Ok(())
//! # }
//! ```
//!
//! # Systems
//!
//! Unix and Windows. It was run on Linux, and under Wine but for Ctrl-Break, the end of a console
//! and the shutdown as the system delivers them. For others it was type-checked. Elsewhere
//! [`Signals::new`] fails with [`Unsupported`](io::ErrorKind::Unsupported).
//!
//! [`signal-hook`]: https://docs.rs/signal-hook

use std::fmt;
use std::io;

#[cfg(console_events)]
mod console;
#[cfg(not(any(signals, console_events)))]
mod none;
mod number;
#[cfg(signals)]
pub(crate) mod self_pipe;

#[cfg(console_events)]
use self::console::Watch;
#[cfg(not(any(signals, console_events)))]
use self::none::Watch;
pub use self::number::Signal;
#[cfg(signals)]
use self::self_pipe::Watch;
use crate::interests::readable_source;

/// A set of signals, as a [`Source`](mio::event::Source) that is readable when one of them was
/// delivered.
///
/// [The module](self) says what is delivered and what watching does to the process.
///
/// On Unix it takes two descriptors, and one more for each signal. Register it for
/// [`READABLE`](mio::Interest::READABLE), in any mode; that is all it ever is. It is readable from
/// the first signal until [`receive`](Signals::receive) returns `None`.
///
/// In edge mode there may be no further event before that, so after an event receive until `None`,
/// as one reads a socket until `WouldBlock`. A program that would rather take one signal per turn
/// registers for [`level`](mio::Interest::level), or registers again after each turn: then there is
/// an event as long as `None` was not the answer.
///
/// # Examples
///
/// ```standalone_crate
/// # #[cfg(not(any(unix, windows)))]
/// # fn main() {}
/// # #[cfg(any(unix, windows))]
/// # fn main() -> std::io::Result<()> {
/// use mio_sources::signal::{Signal, Signals};
///
/// let mut signals = Signals::new([Signal::SIGHUP])?;
/// Signal::SIGHUP.raise()?;
/// assert_eq!(signals.receive().unwrap().signal, Signal::SIGHUP);
/// assert!(signals.receive().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Signals {
    watch: Watch,
}

/// A signal that was delivered to this process.
///
/// # Examples
///
/// ```standalone_crate
/// # #[cfg(not(any(unix, windows)))]
/// # fn main() {}
/// # #[cfg(any(unix, windows))]
/// # fn main() -> std::io::Result<()> {
/// # use mio_sources::signal::{Signal, Signals};
/// let mut signals = Signals::new([Signal::SIGHUP])?;
/// Signal::SIGHUP.raise()?;
/// let delivered = signals.receive().unwrap();
/// match delivered.sender {
///     Some(sender) => println!("{} from process {}", delivered.signal, sender.pid),
///     None => println!("{}", delivered.signal),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Delivered {
    /// Which one.
    pub signal: Signal,
    /// The process that sent it.
    ///
    /// For [`SIGCHLD`](Signal::SIGCHLD) it is the child whose state has changed.
    ///
    /// `None` if the system sent it by itself, as for Ctrl-C at a terminal on Linux; if the system
    /// does not tell; and in a build without the feature `signal-sender`.
    pub sender: Option<Sender>,
}

/// Who sent a signal.
///
/// # Examples
///
/// ```
/// # #[cfg(not(all(unix, feature = "signal-sender")))]
/// # fn main() {}
/// # #[cfg(all(unix, feature = "signal-sender"))]
/// # fn main() -> std::io::Result<()> {
/// # use mio_sources::signal::{Signal, Signals};
/// let mut signals = Signals::new([Signal::SIGUSR1])?;
/// Signal::SIGUSR1.raise()?;
/// let sender = signals.receive().unwrap().sender.expect("this process");
/// assert_eq!(sender.pid, std::process::id());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sender {
    /// Its process id, when it sent the signal. It may be gone by now, and another process may have
    /// its id.
    pub pid: u32,
    /// The real user id it had.
    pub uid: u32,
}

/// The signals that a [`Signals`] has to give; made by [`Signals::drain`].
///
/// # Examples
///
/// See [`Signals::drain`].
#[derive(Debug)]
pub struct Drain<'a> {
    signals: &'a mut Signals,
}

impl Signals {
    /// Watches these signals, from now on. A signal that is named twice is watched once.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) for a number that the system does not know,
    ///   which on Windows is all but `SIGINT`, `SIGBREAK`, `SIGHUP` and `SIGTERM`. On Unix also for
    ///   `SIGKILL` and `SIGSTOP`, which no process can handle; and for `SIGSEGV`, `SIGBUS`,
    ///   `SIGFPE`, `SIGILL` and `SIGTRAP`, which report a fault of the instruction that is running
    ///   and can't be put off until a poll.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on systems with neither signals nor events of
    ///   a console.
    /// * The system's error if it has no descriptor left (`EMFILE`, `ENFILE`).
    ///
    /// After an error nothing is watched.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    ///
    /// use mio_sources::signal::{Signal, Signals};
    ///
    /// let signals = Signals::new([Signal::SIGINT, Signal::SIGHUP])?;
    /// # drop(signals);
    /// let err = Signals::new([Signal::SIGKILL]).unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let mut watch = Watch::new()?;
        for signal in signals {
            watch.add(signal)?;
        }
        Ok(Signals { watch })
    }

    /// Watches one more signal. Nothing changes if it is watched already.
    ///
    /// It may be called while the source is registered.
    ///
    /// # Errors
    ///
    /// As [`new`](Signals::new). The other signals are watched as before.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio_sources::signal::{Signal, Signals};
    /// let mut signals = Signals::new([])?;
    /// signals.add(Signal::SIGHUP)?;
    /// Signal::SIGHUP.raise()?;
    /// assert_eq!(signals.receive().unwrap().signal, Signal::SIGHUP);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add(&mut self, signal: Signal) -> io::Result<()> {
        self.watch.add(signal)
    }

    /// Watches a signal no longer, and says whether it was watched.
    ///
    /// What was delivered of it and not received yet is thrown away. Other instances go on. If
    /// there is none, the signal is ignored on Unix, and ends the process on Windows:
    /// [the module](self) says why.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio_sources::signal::{Signal, Signals};
    /// let mut signals = Signals::new([Signal::SIGHUP])?;
    /// Signal::SIGHUP.raise()?;
    /// assert!(signals.remove(Signal::SIGHUP));
    /// assert!(!signals.remove(Signal::SIGHUP));
    /// assert!(signals.receive().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove(&mut self, signal: Signal) -> bool {
        self.watch.remove(signal)
    }

    /// The signals that are watched, in the order in which they were added.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio_sources::signal::{Signal, Signals};
    /// let signals = Signals::new([Signal::SIGINT, Signal::SIGHUP])?;
    /// assert!(signals.watched().eq([Signal::SIGINT, Signal::SIGHUP]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn watched(&self) -> impl Iterator<Item = Signal> + '_ {
        self.watch.watched()
    }

    /// The next signal that was delivered, or `None` if there is none. It never waits.
    ///
    /// An event is a hint: `None` may be the first answer after it.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio_sources::signal::{Signal, Signals};
    /// let mut signals = Signals::new([Signal::SIGINT])?;
    /// assert!(signals.receive().is_none());
    /// Signal::SIGINT.raise()?;
    /// assert_eq!(signals.receive().unwrap().signal, Signal::SIGINT);
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&mut self) -> Option<Delivered> {
        self.watch.receive()
    }

    /// [`receive`](Signals::receive) as an iterator, which ends when it returns `None`.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// # #[cfg(not(any(unix, windows)))]
    /// # fn main() {}
    /// # #[cfg(any(unix, windows))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio_sources::signal::{Signal, Signals};
    /// let mut signals = Signals::new([Signal::SIGINT, Signal::SIGHUP])?;
    /// Signal::SIGINT.raise()?;
    /// Signal::SIGHUP.raise()?;
    /// assert_eq!(signals.drain().count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&mut self) -> Drain<'_> {
        Drain { signals: self }
    }
}

impl Iterator for Drain<'_> {
    type Item = Delivered;

    fn next(&mut self) -> Option<Delivered> {
        self.signals.receive()
    }
}

readable_source!(Signals, watch);

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals ")?;
        f.debug_list().entries(self.watched()).finish()
    }
}

/// The signal, and who sent it: `SIGTERM from process 1 of user 0`.
impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signal.fmt(f)?;
        match self.sender {
            Some(Sender { pid, uid }) => write!(f, " from process {pid} of user {uid}"),
            None => Ok(()),
        }
    }
}
