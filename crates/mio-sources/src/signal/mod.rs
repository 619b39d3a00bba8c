//! Signals as event sources: one thread waits for `SIGTERM` beside its sockets.
//!
//! [`Signals`] is a [`Source`](mio::event::Source) that is readable when one of its signals has
//! been delivered to the process. [`receive`](Signals::receive) returns the signal and its sender.
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
//!         // A handler ran in this thread. The next poll reports the signal.
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
//! # Deliveries
//!
//! * Several [`Signals`] in one process may watch the same signal. Each sees every one of them.
//! * Signals that arrive faster than they are received are merged. The kernel keeps one of each
//!   number until a thread handles it, and this source keeps up to five of each number. It drops a
//!   signal only while others of its number are still to be received. So after a signal was sent,
//!   [`receive`](Signals::receive) returns at least one of its number. Do not count them.
//! * Signals of one number are received in the order in which they were handled. Between different
//!   numbers there is no order.
//!
//! # Effects on the process on Unix
//!
//! A watched signal has a *handler*, installed by the crate [`signal-hook`], for all threads. It
//! records the signal and writes a byte to a socket, which the source reads (a *self-pipe*). No
//! thread is started. This has the following consequences:
//!
//! * A system call that a handler interrupts is restarted (`SA_RESTART`). Calls that wait for
//!   events are not: [`Poll::poll`](mio::Poll::poll) may return an error of the kind
//!   [`Interrupted`](io::ErrorKind::Interrupted). Poll again.
//! * An earlier handler stays, and is called first.
//! * When a signal is no longer watched, its handler stays and does nothing: the signal is ignored
//!   from then on, and no longer ends the process. [`Signal::default_action`] performs the default
//!   action of the OS.
//! * A started program does not inherit handlers. Its signals have their default actions.
//! * Nothing is blocked. A signal that the program blocks in all its threads is not delivered.
//! * The handler runs on the stack of the thread that the kernel picks: signal-hook installs it
//!   without `SA_ONSTACK`, and has no option for that. A thread whose stack has no room for a
//!   handler, such as that of a coroutine or of a Go runtime, has to block the signals.
//! * A forked process that continues without `exec` shares the socket with its parent. A signal to
//!   the child makes the [`Signals`] of the parent readable, whose [`receive`](Signals::receive)
//!   returns `None`, because the record is in the memory of the child. A byte that one process
//!   reads is missing in the other. So such a child has to drop the [`Signals`] that it has
//!   inherited, and create its own. [`Command`](std::process::Command) starts programs by `exec`,
//!   which share nothing.
//!
//! # Why not signalfd
//!
//! Linux has signalfd(2), which needs no handler. But it reports a signal only while the signal is
//! *blocked* in every thread of the process. A library can't ensure that: it can block the signal
//! in its own thread, but the kernel would deliver it to any other thread, which ends the process.
//! A started program inherits blocked signals unless its parent clears the mask. std clears it, but
//! C libraries do not: such a child can't be ended by `SIGTERM`. Also, two instances for one signal
//! would share its deliveries instead of each seeing all.
//!
//! kqueue's `EVFILT_SIGNAL` has neither problem. But it counts signals without naming their sender,
//! and the signal needs a handler too, or has to be ignored, which started programs inherit. So the
//! self-pipe is used on each platform, and behaves the same on each.
//!
//! # The sender
//!
//! The feature `signal-sender` fills in [`Delivered::sender`]. std has no safe way to read the
//! sender. signal-hook has one, in a few lines of C. So this feature needs a C compiler and the
//! platform's headers for the target, and is separate for that reason.
//!
//! # On Windows
//!
//! Windows has no signals. The closest equivalent are console events, which Windows passes to a
//! handler on a thread that it creates. Each is reported as the corresponding signal of Unix, and
//! there are no others:
//!
//! | event | signal | default action | when watched |
//! |---|---|---|---|
//! | Ctrl-C | [`SIGINT`](Signal::SIGINT) | ends the process | the program continues |
//! | Ctrl-Break | `SIGBREAK` | ends the process | the program continues |
//! | the console is closed | [`SIGHUP`](Signal::SIGHUP) | ends the process | Windows ends the process after some seconds, unless it exits before |
//! | Windows shuts down, or the container is stopped (`docker stop`) | [`SIGTERM`](Signal::SIGTERM) | ends the process | the same |
//!
//! * There is one handler for the program. The first [`Signals`] installs it, and it stays. An
//!   event that no instance watches is left to earlier handlers and to Windows: so a signal that is
//!   no longer watched ends the process again.
//! * A watched event is not passed to earlier handlers.
//! * For `SIGHUP` and `SIGTERM` the handler does not return, because Windows ends the process when
//!   it does. So the program has time to clean up, about five seconds, and exits by itself. The
//!   settings of Windows, and those of the container's image, determine the time.
//! * Five events of each number are kept, as for signals. No system call ends early.
//! * A program that is started in a new process group (`CREATE_NEW_PROCESS_GROUP`) has Ctrl-C
//!   disabled, and so have the programs that it starts. Ctrl-Break works.
//! * Events are sent to processes that have a console. `AllocConsole`, `AttachConsole` and
//!   `FreeConsole` remove all handlers, so create the first `Signals` after such a call.
//! * `SIGTERM` is sent to services, and to programs in a container. A program in a user's session
//!   has ended before Windows shuts down: the user is logged off first. No other process can send
//!   it; `TerminateProcess`, which ends a process from outside, can't be watched.
//! * The logoff of a user is not watched: services receive it, for each user.
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
//! # Platforms
//!
//! Unix and Windows. The tests were run on Linux, and under Wine. Under Wine, Ctrl-Break, console
//! close and shutdown were not tested as Windows delivers them. For other platforms the crate was
//! type-checked. Elsewhere [`Signals::new`] fails with [`Unsupported`](io::ErrorKind::Unsupported).
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
/// See [the module](self) for deliveries, and for the effects of watching on the process.
///
/// On Unix it takes two descriptors, and one more for each signal. Register it for
/// [`READABLE`](mio::Interest::READABLE), in any mode; it has no other readiness. It is readable
/// from the first signal until [`receive`](Signals::receive) returns `None`.
///
/// In edge mode there may be no further event before that. So receive until `None` after an event,
/// as one reads a socket until `WouldBlock`. To take only one signal per iteration, register for
/// [`level`](mio::Interest::level), or reregister after each iteration: then there is an event
/// until `receive` has returned `None`.
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
    /// The signal.
    pub signal: Signal,
    /// The process that sent it.
    ///
    /// For [`SIGCHLD`](Signal::SIGCHLD) it is the child whose state has changed.
    ///
    /// `None` if the kernel sent it, as for Ctrl-C at a terminal on Linux; if the platform does not
    /// report the sender; and in a build without the feature `signal-sender`.
    pub sender: Option<Sender>,
}

/// The sender of a signal.
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
    /// The process id at the time of sending. The process may be gone by now, and another may have
    /// its id.
    pub pid: u32,
    /// Its real user id at that time.
    pub uid: u32,
}

/// An iterator over the delivered signals, created by [`Signals::drain`].
///
/// # Examples
///
/// See [`Signals::drain`].
#[derive(Debug)]
pub struct Drain<'a> {
    signals: &'a mut Signals,
}

impl Signals {
    /// Watches these signals. A signal that is named twice is watched once.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) for a number that the platform does not
    ///   have, which on Windows is all but `SIGINT`, `SIGBREAK`, `SIGHUP` and `SIGTERM`. On Unix
    ///   also for `SIGKILL` and `SIGSTOP`, which no process can handle; and for `SIGSEGV`,
    ///   `SIGBUS`, `SIGFPE`, `SIGILL` and `SIGTRAP`, which report a fault of the running
    ///   instruction and can't be deferred until a poll.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on platforms with neither signals nor console
    ///   events.
    /// * The error of the OS if no descriptor is left (`EMFILE`, `ENFILE`).
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

    /// Watches one more signal. Does nothing if it is watched already.
    ///
    /// It may be called while the source is registered.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Signals::new). The other signals are watched as before.
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

    /// Stops watching a signal. Returns `false` if it was not watched.
    ///
    /// Deliveries that were not received yet are discarded. Other instances that watch the signal
    /// are not affected. If there are none, the signal is ignored on Unix, and ends the process on
    /// Windows: see [the module](self) for the reason.
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

    /// Returns the watched signals, in the order in which they were added.
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

    /// Returns the next delivered signal, or `None` if there is none. Never blocks.
    ///
    /// An event is a hint: the first call after it may return `None`.
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

    /// Returns an iterator that calls [`receive`](Signals::receive) until it returns `None`.
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

/// Formats the signal and its sender: `SIGTERM from process 1 of user 0`.
impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signal.fmt(f)?;
        match self.sender {
            Some(Sender { pid, uid }) => write!(f, " from process {pid} of user {uid}"),
            None => Ok(()),
        }
    }
}
