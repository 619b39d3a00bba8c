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
//! # How the end is seen
//!
//! * On Linux by a *pidfd*, a descriptor that stands for the process. There is an event when the
//!   process ends, and none before. There may be another one after
//!   [`try_wait`](Child::try_wait) has said how.
//! * On macOS and its relatives, and on the BSDs, by a kqueue of the child's own with `EVFILT_PROC`
//!   in it. There is an event when the process ends. The system may tell a moment before the status
//!   is there: then [`try_wait`](Child::try_wait) gives `None`, and there is another event a
//!   millisecond later. This was type-checked, and never run.
//! * On other Unix systems by [`SIGCHLD`](crate::signal::Signal::SIGCHLD), which gets a handler as
//!   [signals](crate::signal#what-it-does-to-the-process) do. So it is where Linux has no pidfd
//!   (before Linux 5.3, or in a sandbox that refuses the call), and where a system with kqueue does
//!   not let us watch this child. The signal does not say whose it is. So each child that is waited
//!   for gets an event when *any* child of the program changes its state, and one at the start. It
//!   takes two descriptors for each child; a pidfd or a kqueue is one. A handler that runs in a
//!   thread that polls makes [`Poll::poll`](mio::Poll::poll) return an error of the kind
//!   [`Interrupted`](io::ErrorKind::Interrupted). Poll again.
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
//! On Windows they are std's pipes: no sources, and a call *blocks*. Reading waits until the child
//! writes or closes its end, and writing until there is room. Mio can watch a pipe only if it was
//! made for that, which std does not promise. So a program has a thread read them, which sends what
//! comes through a `mio_sources::channel`. Or it makes a `mio::windows::NamedPipe`, opens its name
//! as a [`File`](std::fs::File), and gives that to the command as its stream: then its own end is a
//! source.
//!
//! # The id of a process that is gone
//!
//! The system gives the id of a process to another one when its parent has waited for it. A
//! [`Child`] never sends a signal to an id that may be another's: it sends none when it has waited,
//! and with a pidfd it does not use the id at all, from the moment [`spawn`](Child::spawn) or
//! [`from_std`](Child::from_std) has returned. (Until then, and without a pidfd, that holds as long
//! as nothing else in the program waits for this child, as `waitpid(-1)` would.)
//!
//! If the program ignores `SIGCHLD`, the system waits for its children itself and
//! [`try_wait`](Child::try_wait) fails with `ECHILD`.

use std::fmt;
use std::io;
use std::process::{Command, ExitStatus};

use self::exit::Exit;
use self::owned::Owned;
use self::pipes::{Pipes, Stderr, Stdin, Stdout};
use crate::interests::readable_source;
use crate::signal::Signal;

mod exit;
mod owned;
mod pipes;

/// A child process, as a [`Source`](mio::event::Source) that is readable when it has ended.
///
/// [The module](self) says how the end is seen and what dropping does.
///
/// Register it for [`READABLE`](mio::Interest::READABLE), in any mode; that is all it ever is.
/// After an event call [`try_wait`](Child::try_wait). When that has given a status, deregister it
/// or drop it. In [`oneshot`](mio::Interest::oneshot) mode reregister it after `None`: where the
/// end is seen by `SIGCHLD`, the event may have been for another child, and with kqueue it may have
/// come a moment before the status. There is no other before that.
///
/// # Examples
///
/// ```
/// # #[cfg(not(unix))]
/// # fn main() {}
/// # #[cfg(unix)]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{ErrorKind, Read};
/// use std::process::{Command, Stdio};
///
/// use mio::{Events, Interest, Poll, Token};
/// use mio_sources::process::Child;
///
/// let mut child = Child::spawn(Command::new("echo").arg("hello").stdout(Stdio::piped()))?;
/// let mut stdout = child.stdout.take().expect("stdout is piped");
///
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut child, Token(0), Interest::READABLE)?;
/// poll.registry().register(&mut stdout, Token(1), Interest::READABLE)?;
/// let mut events = Events::with_capacity(8);
/// let (mut status, mut output, mut at_end) = (None, Vec::new(), false);
/// while status.is_none() || !at_end {
///     match poll.poll(&mut events, None) {
///         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
///         result => result?,
///     }
///     for event in &events {
///         match event.token() {
///             Token(0) => status = child.try_wait()?,
///             // The rest is left for later if it would block.
///             _ => at_end = stdout.read_to_end(&mut output).is_ok(),
///         }
///     }
/// }
/// assert!(status.is_some_and(|status| status.success()));
/// assert_eq!(output, b"hello\n");
/// # Ok(())
/// # }
/// ```
pub struct Child {
    /// What the child reads as its standard input, if it was started with
    /// [`Stdio::piped`](std::process::Stdio::piped). Non-blocking, and a source of its own; but
    /// std's pipe on Windows, which blocks: see [the module](self#its-standard-streams).
    pub stdin: Option<Stdin>,
    /// What the child writes to its standard output, if that was piped. Non-blocking, and a source
    /// of its own; but std's pipe on Windows, which blocks. It may have data after the child has
    /// ended.
    pub stdout: Option<Stdout>,
    /// What the child writes to its standard error, if that was piped; as
    /// [`stdout`](Child::stdout).
    pub stderr: Option<Stderr>,
    exit: Exit,
    child: Owned,
    kill_on_drop: bool,
}

impl Child {
    /// Starts a program. Streams that the command pipes are put into non-blocking mode, but for
    /// [those of Windows](self#its-standard-streams).
    ///
    /// # Errors
    ///
    /// * Those of [`Command::spawn`], as [`NotFound`](io::ErrorKind::NotFound) for a program that
    ///   is not there.
    /// * The system's error if it has no descriptor left for watching (`EMFILE`, `ENFILE`). The
    ///   child that was started by then is killed and waited for.
    /// * `ESRCH` on Linux if something else in the program, as `waitpid(-1)` would, has waited for
    ///   the child before it could be watched.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) where the end of a child can't be watched:
    ///   [the module](self) says where. No program is started.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use std::process::Command;
    ///
    /// use mio_sources::process::Child;
    ///
    /// let mut child = Child::spawn(&mut Command::new("true"))?;
    /// assert!(child.wait()?.success());
    ///
    /// let err = Child::spawn(&mut Command::new("/no/such/program")).unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn(command: &mut Command) -> io::Result<Child> {
        Exit::check_support()?;
        owned::reap_some();
        Child::watch(command.spawn()?, Exit::of_started).map_err(|(err, mut child)| {
            // It was started just now, and nobody will know of it. If others have waited for it,
            // its id may be another's.
            if let Ok(None) = child.try_wait() {
                let _ = child.kill();
                let _ = child.wait();
            }
            err
        })
    }

    /// Takes over a child that std has started, with its pipes, as [`spawn`](Child::spawn) does.
    /// It may have ended already, and may have been waited for.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Child::spawn), without those of starting a program, and `ECHILD` if something
    /// else has waited for the child. It is then treated as one that was
    /// [dropped](self#dropping): it goes on running.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// use std::process::Command;
    ///
    /// use mio_sources::process::Child;
    ///
    /// let started = Command::new("true").spawn()?;
    /// let mut child = Child::from_std(started)?;
    /// assert!(child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(child: std::process::Child) -> io::Result<Child> {
        owned::reap_some();
        Child::watch(child, Exit::of_any).map_err(|(err, child)| {
            drop(Owned::new(child));
            err
        })
    }

    /// Its process id.
    ///
    /// When the child has been waited for, the id may be another process's.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # use std::process::Command;
    /// # use mio_sources::process::Child;
    /// let mut child = Child::spawn(&mut Command::new("true"))?;
    /// println!("process {}", child.id());
    /// # child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, or `None` if it has not. It never waits.
    ///
    /// When it has ended, this waits for the child in the system's sense: there is no zombie from
    /// then on. Called again, it gives the same status.
    ///
    /// # Errors
    ///
    /// The system's: `ECHILD` if something else has waited for the child, or if the program ignores
    /// `SIGCHLD`.
    ///
    /// # Examples
    ///
    /// See [`Child`].
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.exit.check(self.child.get())
    }

    /// Blocks until it has ended, and says how. For the end of a program; an event loop has
    /// [`try_wait`](Child::try_wait).
    ///
    /// The child's standard input is closed first if it is still here, so that a child which reads
    /// to the end of it does not wait for us. Called again, it gives the same status.
    ///
    /// # Errors
    ///
    /// As [`try_wait`](Child::try_wait).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// use std::process::{Command, Stdio};
    ///
    /// use mio_sources::process::Child;
    ///
    /// let mut child = Child::spawn(Command::new("cat").stdin(Stdio::piped()))?;
    /// assert!(child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        self.child.get().wait()
    }

    /// Kills it, with `SIGKILL`; on Windows with `TerminateProcess`. There is an event when it has
    /// ended.
    ///
    /// It does nothing if the child has ended.
    ///
    /// # Errors
    ///
    /// The system's: `EPERM` if the child runs as another user by now.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # use std::process::Command;
    /// # use mio_sources::process::Child;
    /// let mut child = Child::spawn(Command::new("sleep").arg("1000"))?;
    /// child.kill()?;
    /// assert!(!child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        match self.signal(Signal::SIGKILL) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Sends it a signal, for example [`SIGTERM`](Signal::SIGTERM), which asks it to end.
    ///
    /// # Errors
    ///
    /// * [`NotFound`](io::ErrorKind::NotFound) if the child was waited for: the signal was sent to
    ///   nobody. (A child that has ended and was not waited for gets it and does not mind.)
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) for a number that POSIX has no name for.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on Windows, for all but
    ///   [`SIGKILL`](Signal::SIGKILL), which ends it.
    /// * The system's, as for [`kill`](Child::kill).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # use std::process::Command;
    /// # use mio_sources::process::Child;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// use mio_sources::signal::Signal;
    ///
    /// let mut child = Child::spawn(Command::new("sleep").arg("1000"))?;
    /// child.signal(Signal::SIGTERM)?;
    /// assert_eq!(child.wait()?.signal(), Some(Signal::SIGTERM.as_raw()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        self.exit.send(self.child.get(), signal)
    }

    /// Whether the child is killed when this is dropped. It is not, unless this was called.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # use std::process::Command;
    /// # use mio_sources::process::Child;
    /// let mut child = Child::spawn(Command::new("sleep").arg("1000"))?;
    /// child.kill_on_drop(true);
    /// drop(child);
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill_on_drop(&mut self, kill: bool) {
        self.kill_on_drop = kill;
    }

    /// All that is needed for watching it; or the child, and why it can't be watched.
    fn watch(
        mut child: std::process::Child,
        exit: fn(&mut std::process::Child) -> io::Result<Exit>,
    ) -> Result<Child, (io::Error, std::process::Child)> {
        let parts = exit(&mut child).and_then(|exit| Ok((exit, Pipes::take(&mut child)?)));
        match parts {
            Ok((exit, pipes)) => {
                let Pipes {
                    stdin,
                    stdout,
                    stderr,
                } = pipes;
                Ok(Child {
                    stdin,
                    stdout,
                    stderr,
                    exit,
                    child: Owned::new(child),
                    kill_on_drop: false,
                })
            }
            Err(err) => Err((err, child)),
        }
    }
}

/// See [Dropping](self#dropping).
impl Drop for Child {
    fn drop(&mut self) {
        if self.kill_on_drop {
            // Nobody is left who could be told.
            let _ = self.kill();
        }
    }
}

readable_source!(Child, exit);

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("kill_on_drop", &self.kill_on_drop)
            .finish_non_exhaustive()
    }
}

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
