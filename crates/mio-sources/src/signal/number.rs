//! Which signal: its number and its name.

use std::fmt;
#[cfg(any(signals, console_events))]
use std::io;

/// A signal, which is a number to the system.
///
/// The constants are the signals that POSIX names, with this system's numbers. On systems without
/// signals there are those whose number POSIX fixes, so that a program which only names them
/// compiles. Windows has `SIGBREAK` too. [`from_raw`](Signal::from_raw) makes any other, such as a
/// real-time signal.
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

/// The system's number, or the one that POSIX fixes.
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
    /// `abort` was called. That ends the process also if the signal is handled.
    pub const SIGABRT: Signal = number!(SIGABRT, 6);
    /// Ends a process at once. Can't be watched.
    pub const SIGKILL: Signal = number!(SIGKILL, 9);
    /// The timer of `alarm` has expired.
    pub const SIGALRM: Signal = number!(SIGALRM, 14);
    /// Please end. What `kill` sends if it is told nothing else; on Windows the shutdown of the
    /// system, or the stop of the container.
    pub const SIGTERM: Signal = number!(SIGTERM, 15);

    /// The signal of this number. Whether there is one is found out when it is used.
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

    /// Its number.
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

/// Signals that only Unix has, and what can be done with any there.
#[cfg(signals)]
#[cfg_attr(docsrs, doc(cfg(unix)))]
impl Signal {
    /// A system call with bad arguments was made, or one that is forbidden.
    pub const SIGSYS: Signal = number!(SIGSYS);
    /// Memory that is not there. Can't be watched.
    pub const SIGBUS: Signal = number!(SIGBUS);
    /// A child has ended, stopped or continued.
    pub const SIGCHLD: Signal = number!(SIGCHLD);
    /// Continue, after a stop.
    pub const SIGCONT: Signal = number!(SIGCONT);
    /// Division by zero and the like. Can't be watched.
    pub const SIGFPE: Signal = number!(SIGFPE);
    /// An instruction that does not exist. Can't be watched.
    pub const SIGILL: Signal = number!(SIGILL);
    /// Written to a pipe or socket that nobody reads. Rust programs ignore it until it is watched.
    pub const SIGPIPE: Signal = number!(SIGPIPE);
    /// A timer that counts the processor's time has expired.
    pub const SIGPROF: Signal = number!(SIGPROF);
    /// Memory that is not the process's. Can't be watched.
    pub const SIGSEGV: Signal = number!(SIGSEGV);
    /// Stops a process. Can't be watched.
    pub const SIGSTOP: Signal = number!(SIGSTOP);
    /// A breakpoint. Can't be watched.
    pub const SIGTRAP: Signal = number!(SIGTRAP);
    /// Ctrl-Z at the terminal.
    pub const SIGTSTP: Signal = number!(SIGTSTP);
    /// Reading from the terminal in the background.
    pub const SIGTTIN: Signal = number!(SIGTTIN);
    /// Writing to the terminal in the background.
    pub const SIGTTOU: Signal = number!(SIGTTOU);
    /// Out-of-band data has come to a socket.
    pub const SIGURG: Signal = number!(SIGURG);
    /// For the program's own use.
    pub const SIGUSR1: Signal = number!(SIGUSR1);
    /// For the program's own use.
    pub const SIGUSR2: Signal = number!(SIGUSR2);
    /// A timer that counts the time in user space has expired.
    pub const SIGVTALRM: Signal = number!(SIGVTALRM);
    /// The terminal has another size.
    pub const SIGWINCH: Signal = number!(SIGWINCH);
    /// The limit of the processor's time is reached.
    pub const SIGXCPU: Signal = number!(SIGXCPU);
    /// The limit of a file's size is reached.
    pub const SIGXFSZ: Signal = number!(SIGXFSZ);

    /// Sends it to the thread that calls this, with raise(3).
    ///
    /// If the thread does not block the signal, it has been delivered when this returns; or the
    /// process has ended, if that is what the signal does and it is not watched.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) (`EINVAL`) if the system has no such signal.
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

    /// Does what the system would have done about it, had it not been watched: ends the process,
    /// stops it, or nothing.
    ///
    /// For the second Ctrl-C, or for when all is put away: a process that ends by the signal itself
    /// lets its parent know. A process that was stopped goes on from here when it is continued.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) (`EINVAL`) for a signal that POSIX does not
    /// name, such as a real-time signal.
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

/// The console of Windows has one more, and these are what its events can be used for.
#[cfg(console_events)]
#[cfg_attr(docsrs, doc(cfg(windows)))]
impl Signal {
    /// Ctrl-Break at the console. The number is that of the system's C library.
    pub const SIGBREAK: Signal = Signal(21);

    /// Gives it to each [`Signals`](super::Signals) of this process that watches it, as the event
    /// of the console would be.
    ///
    /// It has been delivered when this returns. If nobody watches it the process ends, as it would
    /// by default. Other handlers of the program are not called, and no other process is sent
    /// anything.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is none of those that can be watched.
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

    /// Does what the system would have done about it, had it not been watched: ends the process,
    /// with the exit code `STATUS_CONTROL_C_EXIT` (`0xC000013A`).
    ///
    /// # Errors
    ///
    /// As [`raise`](Signal::raise).
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

/// As [`Display`](fmt::Display).
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Its name, or `signal 42` if it has none.
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
