//! What a loop has done, as numbers that any thread can read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an [`EventLoop`](crate::EventLoop) has done since it was made, readable from any thread.
///
/// Comes from [`Context::metrics`](crate::Context::metrics). The loop adds to the numbers while it
/// works, and reading them costs it nothing. They belong together only when the loop stands still:
/// two of them are read one after the other. They wrap around after 2^64.
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

/// Only the loop writes them, so it need not exchange them.
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
    /// How many times the loop has polled and then called back what there was. The rest of
    /// one, after a callback that failed, is no iteration of its own.
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

    /// How many of its polls were allowed to wait: the thread may have slept, and was woken by an
    /// event, a timeout or a signal handler. The others only looked, because a timeout was due, or
    /// messages, signals or calls [`again`](crate::Context::again) were left, or
    /// [`run_once`](crate::EventLoop::run_once) was told to.
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

    /// How many events of sources the polls have brought, also those that were passed over. They
    /// are counted when the last one of a poll was handed out.
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

    /// How many messages have been handed to [`notify`](crate::Handler::notify).
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

    /// How many timeouts have been handed to [`timeout`](crate::Handler::timeout).
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

    /// How many signals have been handed to [`signal`](crate::Handler::signal).
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

    /// How long the loop has been inside its polls, to the nanosecond. The time of a poll is added
    /// at its end.
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

    /// How long the loop has been outside its polls while it ran, most of it in callbacks. The time
    /// of an iteration is added at its end, also if it ends by an error or a panic.
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

/// Without an exchange, as there is one thread that adds.
#[inline]
fn add(counter: &AtomicU64, number: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(number);
    counter.store(sum, Ordering::Relaxed);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
