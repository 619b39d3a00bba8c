//! Counters of a loop that any thread can read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of an [`EventLoop`](crate::EventLoop) since its creation, readable from any thread.
///
/// Returned by [`Context::metrics`](crate::Context::metrics). The loop updates the counters while
/// it works, and reading them costs it nothing. Each is read on its own, so they are consistent
/// with each other only while the loop does not run. They wrap around after 2^64.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use std::{io, thread};
///
/// use mio_loop::{Context, EventLoop, Handler};
///
/// struct Once;
/// impl Handler for Once {
///     type Timeout = ();
///     type Message = ();
///     type Error = io::Error;
///
///     fn timeout(&mut self, context: &mut Context<Self>, (): ()) -> io::Result<()> {
///         context.shutdown();
///         Ok(())
///     }
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::<Once>::new()?;
/// let metrics = event_loop.metrics();
/// let reader = thread::spawn(move || {
///     while metrics.timeouts() == 0 {
///         thread::yield_now();
///     }
///     metrics.waiting()
/// });
/// event_loop.timeout(Duration::from_millis(5), ());
/// event_loop.run(&mut Once)?;
/// assert!(reader.join().unwrap() >= Duration::from_millis(4));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    counters: Arc<Counters>,
}

/// Only the loop writes them, so it needs no atomic read-modify-write.
#[derive(Debug, Default)]
struct Counters {
    iterations: AtomicU64,
    wakeups: AtomicU64,
    events: AtomicU64,
    messages: AtomicU64,
    timeouts: AtomicU64,
    signals: AtomicU64,
    waiting: AtomicU64,
    working: AtomicU64,
}

impl Metrics {
    /// Returns the number of iterations: polls, each with the callbacks that follow. The rest of an
    /// iteration after a callback that failed is not counted as another one.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().iterations(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn iterations(&self) -> u64 {
        self.counters.iterations.load(Ordering::Relaxed)
    }

    /// Returns the number of polls that were allowed to wait. In these the thread may have slept
    /// until an event, a timeout or a signal handler woke it. The other polls only checked, because
    /// a timeout was due, because messages, signals or calls of [`again`](crate::Context::again)
    /// were left, or because [`run_once`](crate::EventLoop::run_once) was not allowed to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().wakeups(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wakeups(&self) -> u64 {
        self.counters.wakeups.load(Ordering::Relaxed)
    }

    /// Returns the number of events of sources that the polls have returned, including skipped
    /// ones. The events of a poll are counted when the last of them was delivered.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().events(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> u64 {
        self.counters.events.load(Ordering::Relaxed)
    }

    /// Returns the number of messages passed to [`notify`](crate::Handler::notify).
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().messages(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self) -> u64 {
        self.counters.messages.load(Ordering::Relaxed)
    }

    /// Returns the number of timeouts passed to [`timeout`](crate::Handler::timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().timeouts(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeouts(&self) -> u64 {
        self.counters.timeouts.load(Ordering::Relaxed)
    }

    /// Returns the number of signals passed to [`signal`](crate::Handler::signal).
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().signals(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn signals(&self) -> u64 {
        self.counters.signals.load(Ordering::Relaxed)
    }

    /// Returns the time that the loop has been inside its polls, to the nanosecond. The time of a
    /// poll is added at its end.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().waiting(), std::time::Duration::ZERO);
    /// # Ok(())
    /// # }
    /// ```
    pub fn waiting(&self) -> Duration {
        Duration::from_nanos(self.counters.waiting.load(Ordering::Relaxed))
    }

    /// Returns the time that the loop has been running outside its polls, most of it in callbacks.
    /// The time of an iteration is added at its end, even if it ends with an error or a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.metrics().working(), std::time::Duration::ZERO);
    /// # Ok(())
    /// # }
    /// ```
    pub fn working(&self) -> Duration {
        Duration::from_nanos(self.counters.working.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn waited(&self, time: Duration, could_sleep: bool) {
        add(&self.counters.iterations, 1);
        add(&self.counters.wakeups, u64::from(could_sleep));
        add(&self.counters.waiting, nanos(time));
    }

    pub(crate) fn worked(&self, time: Duration) {
        add(&self.counters.working, nanos(time));
    }

    pub(crate) fn had_events(&self, count: usize) {
        add(&self.counters.events, count as u64);
    }

    pub(crate) fn had_message(&self) {
        add(&self.counters.messages, 1);
    }

    pub(crate) fn had_timeout(&self) {
        add(&self.counters.timeouts, 1);
    }

    pub(crate) fn had_signal(&self) {
        add(&self.counters.signals, 1);
    }
}

/// Adds without an atomic read-modify-write, because only one thread adds.
#[inline]
fn add(counter: &AtomicU64, number: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(number);
    counter.store(sum, Ordering::Relaxed);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
