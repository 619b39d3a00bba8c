//! Signal numbers and names.

use std::fmt;
#[cfg(any(signals, console_events))]
use std::io;

/// A signal number of the OS.
///
/// The constants are the signals that POSIX names, with the numbers of this platform. Platforms
/// without signals have those whose number POSIX fixes, so that a program which only names them
/// compiles. Windows also has `SIGBREAK`. [`from_raw`](Signal::from_raw) creates any other, such as
/// a real-time signal.
///
/// # Examples
///
/// ```
/// use mio_sources::signal::Signal;
///
/// assert_eq!(Signal::SIGTERM.as_raw(), 15);
/// assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from_raw(99).to_string(), "signal 99");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// Expands to the number of the platform, or the one that POSIX fixes.
macro_rules! number {
    ($name:ident) => {
        Signal(signal_hook::consts::$name)
    };
    ($name:ident, $fixed:literal) => {{
        #[cfg(signals)]
        let number = number!($name);
        #[cfg(not(signals))]
        let number = Signal($fixed);
        number
    }};
}

impl Signal {
    /// The terminal is gone; by custom, "read your configuration again".
    pub const SIGHUP: Signal = number!(SIGHUP, 1);
    /// Ctrl-C at the terminal.
    pub const SIGINT: Signal = number!(SIGINT, 2);
    /// Ctrl-\ at the terminal. By default the process ends with a core dump.
    pub const SIGQUIT: Signal = number!(SIGQUIT, 3);
    /// `abort` was called. That ends the process even if the signal is handled.
    pub const SIGABRT: Signal = number!(SIGABRT, 6);
    /// Ends a process at once. Can't be watched.
    pub const SIGKILL: Signal = number!(SIGKILL, 9);
    /// The timer of `alarm` has expired.
    pub const SIGALRM: Signal = number!(SIGALRM, 14);
    /// Request to terminate, which `kill` sends by default; on Windows the shutdown of the OS, or
    /// the stop of the container.
    pub const SIGTERM: Signal = number!(SIGTERM, 15);

    /// Creates a signal from its number, which is checked when it is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_sources::signal::Signal;
    ///
    /// assert_eq!(Signal::from_raw(15), Signal::SIGTERM);
    /// ```
    pub const fn from_raw(number: i32) -> Signal {
        Signal(number)
    }

    /// Returns the number.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_sources::signal::Signal;
    ///
    /// assert_eq!(Signal::SIGINT.as_raw(), 2);
    /// ```
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}

/// Signals that only Unix has, and the operations on signals there.
#[cfg(signals)]
#[cfg_attr(docsrs, doc(cfg(unix)))]
impl Signal {
    /// A system call with bad arguments, or a forbidden one.
    pub const SIGSYS: Signal = number!(SIGSYS);
    /// Access to missing memory. Can't be watched.
    pub const SIGBUS: Signal = number!(SIGBUS);
    /// A child has ended, stopped or continued.
    pub const SIGCHLD: Signal = number!(SIGCHLD);
    /// Continue after a stop.
    pub const SIGCONT: Signal = number!(SIGCONT);
    /// Division by zero or a similar error. Can't be watched.
    pub const SIGFPE: Signal = number!(SIGFPE);
    /// Invalid instruction. Can't be watched.
    pub const SIGILL: Signal = number!(SIGILL);
    /// A write to a pipe or socket without a reader. Rust programs ignore it until it is watched.
    pub const SIGPIPE: Signal = number!(SIGPIPE);
    /// A timer of CPU time has expired.
    pub const SIGPROF: Signal = number!(SIGPROF);
    /// Invalid memory access. Can't be watched.
    pub const SIGSEGV: Signal = number!(SIGSEGV);
    /// Stops a process. Can't be watched.
    pub const SIGSTOP: Signal = number!(SIGSTOP);
    /// A breakpoint. Can't be watched.
    pub const SIGTRAP: Signal = number!(SIGTRAP);
    /// Ctrl-Z at the terminal.
    pub const SIGTSTP: Signal = number!(SIGTSTP);
    /// A read from the terminal in the background.
    pub const SIGTTIN: Signal = number!(SIGTTIN);
    /// A write to the terminal in the background.
    pub const SIGTTOU: Signal = number!(SIGTTOU);
    /// Out-of-band data has arrived at a socket.
    pub const SIGURG: Signal = number!(SIGURG);
    /// For the program's own use.
    pub const SIGUSR1: Signal = number!(SIGUSR1);
    /// For the program's own use.
    pub const SIGUSR2: Signal = number!(SIGUSR2);
    /// A timer of user-space CPU time has expired.
    pub const SIGVTALRM: Signal = number!(SIGVTALRM);
    /// The size of the terminal has changed.
    pub const SIGWINCH: Signal = number!(SIGWINCH);
    /// The limit of CPU time is reached.
    pub const SIGXCPU: Signal = number!(SIGXCPU);
    /// The limit of the file size is reached.
    pub const SIGXFSZ: Signal = number!(SIGXFSZ);

    /// Sends the signal to the calling thread, with raise(3).
    ///
    /// If the thread does not block the signal, it has been delivered when this returns. If it is
    /// not watched, its default action has happened, which may end the process.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](io::ErrorKind::InvalidInput) (`EINVAL`) if the platform has no such
    /// signal.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio_sources::signal::{Signal, Signals};
    ///
    /// let mut signals = Signals::new([Signal::SIGUSR1])?;
    /// Signal::SIGUSR1.raise()?;
    /// assert!(signals.receive().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn raise(self) -> io::Result<()> {
        signal_hook::low_level::raise(self.0)
    }

    /// Performs the default action of the signal, as if it were not watched: ends the process,
    /// stops it, or does nothing.
    ///
    /// Use it for the second Ctrl-C, or after cleaning up: the parent sees that the process was
    /// ended by the signal. A process that was stopped returns from this call when it is continued.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](io::ErrorKind::InvalidInput) (`EINVAL`) for a signal that POSIX
    /// does not name, such as a real-time signal.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio_sources::signal::Signal;
    ///
    /// // This one does nothing by default. `SIGTERM` would not return.
    /// Signal::SIGWINCH.default_action()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn default_action(self) -> io::Result<()> {
        signal_hook::low_level::emulate_default_handler(self.0)
    }
}

/// The additional signal of the Windows console, and the operations on console events.
#[cfg(console_events)]
#[cfg_attr(docsrs, doc(cfg(windows)))]
impl Signal {
    /// Ctrl-Break at the console. The number is that of the C library.
    pub const SIGBREAK: Signal = Signal(21);

    /// Delivers the signal to each [`Signals`](super::Signals) of this process that watches it, as
    /// the console event would be.
    ///
    /// It has been delivered when this returns. If no instance watches it, the process ends, as it
    /// would by default. Other handlers of the program are not called, and other processes are not
    /// affected.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](io::ErrorKind::InvalidInput) if the signal can't be watched.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// # fn main() -> std::io::Result<()> {
    /// use mio_sources::signal::{Signal, Signals};
    ///
    /// let mut signals = Signals::new([Signal::SIGBREAK])?;
    /// Signal::SIGBREAK.raise()?;
    /// assert!(signals.receive().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn raise(self) -> io::Result<()> {
        super::console::raise(self)
    }

    /// Performs the default action of the signal, as if it were not watched: ends the process with
    /// the exit code `STATUS_CONTROL_C_EXIT` (`0xC000013A`).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`raise`](Signal::raise).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mio_sources::signal::Signal;
    ///
    /// // This does not return.
    /// Signal::SIGINT.default_action()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn default_action(self) -> io::Result<()> {
        super::console::default_action(self)
    }
}

/// Formats like [`Display`](fmt::Display).
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Formats the name, or `signal 42` for a number without one.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(*self) {
            Some(name) => f.pad(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(signals)]
fn name(signal: Signal) -> Option<&'static str> {
    signal_hook::low_level::signal_name(signal.0)
}

#[cfg(not(signals))]
fn name(signal: Signal) -> Option<&'static str> {
    Some(match signal {
        Signal::SIGHUP => "SIGHUP",
        Signal::SIGINT => "SIGINT",
        Signal::SIGQUIT => "SIGQUIT",
        Signal::SIGABRT => "SIGABRT",
        Signal::SIGKILL => "SIGKILL",
        Signal::SIGALRM => "SIGALRM",
        Signal::SIGTERM => "SIGTERM",
        #[cfg(console_events)]
        Signal::SIGBREAK => "SIGBREAK",
        _ => return None,
    })
}
