//! A child process as a source: the public type.

use std::fmt;
use std::io;
use std::process::{Command, ExitStatus};

use mio::event::Source;
use mio::{Interest, Registry, Token};

use super::exit::{self, Exit};
#[cfg(signals)]
use super::group;
#[cfg(not(signals))]
use super::group_none as group;
use super::owned::{self, Owned};
use super::pipes::{Pipes, Stderr, Stdin, Stdout};
use crate::interests::readable;
use crate::signal::Signal;

/// A child process, as a [`Source`] that is readable when the process has ended.
///
/// See [the module](super) for how the end is detected and for dropping.
///
/// Register it for [`READABLE`](mio::Interest::READABLE), in any mode; it has no other readiness.
/// After an event call [`try_wait`](Child::try_wait). Once that has returned a status, deregister
/// or drop the child: in [`level`](mio::Interest::level) mode each poll has an event until then.
///
/// In [`oneshot`](mio::Interest::oneshot) mode reregister it after `None`, because there is no
/// other event before that. With `SIGCHLD` the event may have been for another child, and with
/// kqueue it may come a moment before the status.
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
///             // The rest is read later if it would block.
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
    /// The child's standard input, if it was started with
    /// [`Stdio::piped`](std::process::Stdio::piped). Non-blocking, and a source of its own; on
    /// Windows from the moment it is registered: see [the module](super#its-standard-streams).
    pub stdin: Option<Stdin>,
    /// The child's standard output, if that was piped. Non-blocking, and a source of its own; on
    /// Windows from the moment it is registered. It may have data after the child has ended.
    pub stdout: Option<Stdout>,
    /// The child's standard error, if that was piped; otherwise like [`stdout`](Child::stdout).
    pub stderr: Option<Stderr>,
    /// `None` once the child is lost. It has no status, so a level-triggered event would never end.
    exit: Option<Exit>,
    child: Owned,
    kill_on_drop: bool,
}

impl Child {
    /// Starts a program. Puts piped streams into non-blocking mode, except for [those of
    /// Windows](super#its-standard-streams).
    ///
    /// # Errors
    ///
    /// * The errors of [`Command::spawn`], such as [`NotFound`](io::ErrorKind::NotFound) if the
    ///   program does not exist.
    /// * The error of the OS if no descriptor is left for watching (`EMFILE`, `ENFILE`). The child
    ///   is then killed and waited for.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on the platforms where [the end of a child
    ///   can't be watched](super#how-the-end-is-seen). No program is started.
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
        Child::start(command, Owned::new)
    }

    /// Starts a program in a *process group* of its own, as
    /// [`Command::process_group`](std::os::unix::process::CommandExt::process_group) with 0 does;
    /// the command keeps that setting. The processes that the child starts are in its group too,
    /// unless they leave it. [`signal_group`](Child::signal_group) and
    /// [`kill_group`](Child::kill_group) reach all of them. [`kill_on_drop`](Child::kill_on_drop)
    /// kills the whole group.
    ///
    /// The child can't read from the terminal of this process, and Ctrl-C at that terminal does not
    /// reach it.
    ///
    /// The id of the child is also the id of its group. To keep other processes from reusing it,
    /// the child stays a zombie from its end until its [`Child`] is dropped. So the group can be
    /// signalled even after [`try_wait`](Child::try_wait) has returned the status. This holds on
    /// Linux, Android, macOS and its relatives, FreeBSD, DragonFly, illumos and Solaris. On other
    /// Unix platforms the group can be signalled until the child has ended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`spawn`](Child::spawn), and
    /// [`Unsupported`](io::ErrorKind::Unsupported) on Windows, where no program is started. Windows
    /// has neither signals nor groups that can be ended. It has *job objects*: a program can put a
    /// child into one by its handle.
    ///
    /// # Examples
    ///
    /// The shell is killed together with the program that it waits for:
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
    /// let mut child = Child::spawn_group(Command::new("sh").args(["-c", "sleep 1000; true"]))?;
    /// child.kill_group()?;
    /// assert!(!child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_group(command: &mut Command) -> io::Result<Child> {
        group::set_own(command)?;
        Child::start(command, |child| {
            let mut child = Owned::new(child);
            group::set_led_by(&mut child);
            child
        })
    }

    /// Takes over a child that std has started, with its pipes, as [`spawn`](Child::spawn) does.
    /// The child may have ended already, and may have been waited for.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`spawn`](Child::spawn), without those of starting a program. The
    /// child is then treated as one that was [dropped](super#dropping): it keeps running.
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
        Child::watch(Owned::new(child), Exit::of_any).map_err(|(err, _)| err)
    }

    /// Returns the process id.
    ///
    /// Once the child has been waited for, another process may have this id.
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

    /// Returns the exit status, or `None` if the child has not ended. Never blocks.
    ///
    /// Once the child has ended, this reaps it: there is no zombie from then on, unless the child
    /// [leads a group](Child::spawn_group). Later calls return the same status.
    ///
    /// # Errors
    ///
    /// Returns the error of the OS: `ECHILD` if something else has waited for the child, or if the
    /// program [ignores `SIGCHLD`](super#a-program-that-ignores-sigchld). Later calls fail too.
    ///
    /// # Examples
    ///
    /// See [`Child`].
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(exit) = &mut self.exit else {
            return self.child.try_wait();
        };
        let result = exit.check(&mut self.child);
        if self.child.is_lost() {
            self.exit = None;
        }
        result
    }

    /// Blocks until the child has ended, and returns the exit status. Use it at the end of a
    /// program; an event loop uses [`try_wait`](Child::try_wait).
    ///
    /// It first closes the child's standard input if that was not taken, so that a child which
    /// reads until the end does not wait for this process. Later calls return the same status. On
    /// Windows a registered `stdin` that was written to is closed only by a later poll: take it
    /// out, drop it, and poll, before you call this.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`try_wait`](Child::try_wait).
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
        self.child.wait()
    }

    /// Kills the child, with `SIGKILL`; on Windows with `TerminateProcess`. There is an event when
    /// it has ended.
    ///
    /// Does nothing if the child has ended.
    ///
    /// # Errors
    ///
    /// Returns the error of the OS: `EPERM` if the child runs as another user by now.
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

    /// Sends a signal to the child, for example [`SIGTERM`](Signal::SIGTERM), which asks it to end.
    ///
    /// # Errors
    ///
    /// * [`NotFound`](io::ErrorKind::NotFound) if the child was waited for. No signal was sent. (A
    ///   child that has ended but was not waited for accepts the signal, which has no effect.)
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) for a number that POSIX does not name.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on Windows, for all but
    ///   [`SIGKILL`](Signal::SIGKILL), which ends the child.
    /// * The error of the OS, as for [`kill`](Child::kill).
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
        match &self.exit {
            Some(exit) if !self.child.has_status() => exit.send(&mut self.child, signal),
            _ => Err(exit::gone()),
        }
    }

    /// Sends a signal to each process of the group that the child leads: to the child, and to the
    /// processes that it has started and that have not left the group.
    ///
    /// [`spawn_group`](Child::spawn_group) starts such a child. If a child became a leader by other
    /// means, its group can be signalled until the child is waited for.
    ///
    /// # Errors
    ///
    /// * [`NotFound`](io::ErrorKind::NotFound) if the group has no process, or if another group may
    ///   have its id by now: see [`spawn_group`](Child::spawn_group).
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) if the child leads no group, and for a
    ///   number that POSIX does not name.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) on Windows.
    /// * The error of the OS: `EPERM` if this process may signal no process of the group. (On macOS
    ///   also if all of them have ended.)
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
    /// use mio_sources::signal::Signal;
    ///
    /// let mut child = Child::spawn_group(Command::new("sh").args(["-c", "sleep 1000; true"]))?;
    /// child.signal_group(Signal::SIGTERM)?;
    /// assert!(!child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn signal_group(&mut self, signal: Signal) -> io::Result<()> {
        group::send(&mut self.child, signal)
    }

    /// Kills each process of the group that the child leads, with `SIGKILL`.
    ///
    /// Does nothing if the group has no process.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`signal_group`](Child::signal_group), without
    /// [`NotFound`](io::ErrorKind::NotFound).
    ///
    /// # Examples
    ///
    /// See [`spawn_group`](Child::spawn_group).
    pub fn kill_group(&mut self) -> io::Result<()> {
        match self.signal_group(Signal::SIGKILL) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Sets whether dropping this kills the child, or the whole group of a child that
    /// [`spawn_group`](Child::spawn_group) has started. By default it does not.
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

    fn start(command: &mut Command, own: fn(std::process::Child) -> Owned) -> io::Result<Child> {
        Exit::check_support()?;
        owned::reap_some();
        let child = own(command.spawn()?);
        Child::watch(child, Exit::of_started).map_err(|(err, mut child)| {
            // It was started just now, and no caller receives it. If others have waited for it,
            // another process may have its id.
            if group::is_led_by(&child) {
                let _ = group::send(&mut child, Signal::SIGKILL);
            }
            if let Ok(None) = child.try_wait() {
                let _ = child.get().kill();
                let _ = child.wait();
            }
            err
        })
    }

    /// Creates the source of a child and takes its pipes. If it can't be watched, returns it with
    /// the error.
    fn watch(
        mut child: Owned,
        exit: fn(&mut Owned) -> io::Result<Exit>,
    ) -> Result<Child, (io::Error, Owned)> {
        let parts = exit(&mut child).and_then(|exit| Ok((exit, Pipes::take(child.get())?)));
        match parts {
            Ok((exit, pipes)) => Ok(Child {
                stdin: pipes.stdin,
                stdout: pipes.stdout,
                stderr: pipes.stderr,
                exit: Some(exit),
                child,
                kill_on_drop: false,
            }),
            Err(err) => Err((err, child)),
        }
    }

    /// Returns the source to register. For a lost child it is a source that is readable at once.
    fn source(&mut self) -> io::Result<&mut dyn Source> {
        let exit = match self.exit.take() {
            Some(exit) => exit,
            None => Exit::of_any(&mut self.child)?,
        };
        Ok(self.exit.insert(exit).source())
    }
}

/// See [Dropping](super#dropping).
impl Drop for Child {
    fn drop(&mut self) {
        if self.kill_on_drop {
            // A drop can't report an error.
            let _ = if group::is_led_by(&self.child) {
                self.kill_group()
            } else {
                self.kill()
            };
        }
    }
}

/// Registers for reading, in any mode. An interest without `READABLE` is
/// [`InvalidInput`](io::ErrorKind::InvalidInput); other interests are ignored.
///
/// When [`try_wait`](Child::try_wait) has failed with `ECHILD`, the child is no longer registered:
/// there are no more events, and deregistering it does nothing. If it is registered after that, it
/// is readable at once.
impl Source for Child {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let wanted = readable(interests)?;
        self.source()?.register(registry, token, wanted)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let wanted = readable(interests)?;
        match &mut self.exit {
            Some(exit) => exit.source().reregister(registry, token, wanted),
            None => self.source()?.register(registry, token, wanted),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match &mut self.exit {
            Some(exit) => exit.source().deregister(registry),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("kill_on_drop", &self.kill_on_drop)
            .finish_non_exhaustive()
    }
}
