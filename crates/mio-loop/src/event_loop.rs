//! The loop itself: one iteration after another.

use std::ops::{Deref, DerefMut};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};
use std::{fmt, io};

use mio::Events;

use crate::again::again;
use crate::reserved::{MESSAGES, RESERVED, SIGNALS};
use crate::{Builder, Context, Handler};

/// The steps that follow the events of an iteration, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Events,
    Again,
    Messages,
    Timeouts,
    Signals,
}

/// Maximum number of signals per iteration. Other processes can send any number.
const SIGNALS_PER_TICK: usize = 64;

/// Waits for sources, timeouts, messages and signals, and calls a [`Handler`] for each.
///
/// It dereferences to its [`Context`], which registers sources and sets timeouts. It does not own
/// the handler: [`run`](Self::run) borrows it. See [`Handler`](Handler#order) for the order of the
/// callbacks.
///
/// When the loop is dropped, sources that are still registered stay open but are no longer watched,
/// senders get back what they try to send, and undelivered timeouts and messages are dropped.
/// Signals that it has watched stay [ignored](Context::signals).
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use mio_loop::{Context, EventLoop, Handler};
///
/// #[derive(Default)]
/// struct Adder {
///     sum: u64,
/// }
///
/// impl Handler for Adder {
///     type Timeout = ();
///     type Message = u64;
///     type Error = io::Error;
///
///     fn notify(&mut self, context: &mut Context<Self>, number: u64) -> io::Result<()> {
///         self.sum += number;
///         if number == 0 {
///             context.shutdown();
///         }
///         Ok(())
///     }
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::new()?;
/// let sender = event_loop.sender();
/// std::thread::spawn(move || [1, 2, 3, 0].map(|number| sender.try_send(number)));
///
/// let mut adder = Adder::default();
/// event_loop.run(&mut adder)?;
/// assert_eq!(adder.sum, 6);
/// # Ok(())
/// # }
/// ```
pub struct EventLoop<H: Handler> {
    /// Separate from the context, so that callbacks can use that while these are iterated over.
    events: Events,
    context: Context<H>,
}

impl<H: Handler> EventLoop<H> {
    /// Creates a loop with the defaults that are stated at [`Builder`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Builder::build`].
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
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> io::Result<EventLoop<H>> {
        EventLoop::builder().build()
    }

    /// Returns a builder, to configure a loop.
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
    /// use mio_loop::EventLoop;
    ///
    /// let event_loop: EventLoop<Idle> = EventLoop::builder().event_capacity(64).build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder<H> {
        Builder::default()
    }

    pub(crate) fn from_parts(events: Events, context: Context<H>) -> EventLoop<H> {
        EventLoop { events, context }
    }

    /// Runs until a [shutdown](Context::shutdown) is requested or a callback fails.
    ///
    /// If a shutdown was requested before, it returns at once, without a callback. Each request
    /// ends one run.
    ///
    /// # Errors
    ///
    /// Returns the error of a callback, of whatever kind, or the OS error of a poll, of which none
    /// is expected. A poll that is [interrupted](io::ErrorKind::Interrupted) is no error: it calls
    /// [`interrupted`](Handler::interrupted). The loop can be run again, and
    /// [resumes](Handler#errors-and-panics) where it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{self, ErrorKind};
    /// use std::time::Duration;
    ///
    /// use mio_loop::{Context, EventLoop, Handler};
    ///
    /// struct Failing;
    /// impl Handler for Failing {
    ///     type Timeout = ();
    ///     type Message = ();
    ///     type Error = io::Error;
    ///
    ///     fn timeout(&mut self, _: &mut Context<Self>, (): ()) -> io::Result<()> {
    ///         Err(ErrorKind::TimedOut.into())
    ///     }
    /// }
    ///
    /// # fn main() -> io::Result<()> {
    /// let mut event_loop = EventLoop::new()?;
    /// event_loop.timeout(Duration::from_millis(1), ());
    /// let err = event_loop.run(&mut Failing).unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::TimedOut);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&mut self, handler: &mut H) -> Result<(), H::Error> {
        let mut clock = Instant::now();
        while self.turn(handler, None, &mut clock)? {}
        Ok(())
    }

    /// Runs one iteration: one poll, which waits for `timeout` at most, and the callbacks for what
    /// it has found. Returns `false` after a [shutdown](Context::shutdown), else `true`.
    ///
    /// `None` waits without limit. The poll always ends in time for the next timeout. It does not
    /// wait if the last iteration has left messages or signals over its budget, or sources to call
    /// [again](Context::again). If that iteration has failed or panicked, [the rest of
    /// it](Handler#errors-and-panics) runs instead of a poll. If a shutdown was requested before,
    /// there is no iteration.
    ///
    /// [`run`](Self::run) is the same as `while event_loop.run_once(&mut handler, None)? {}`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`run`](Self::run).
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
    /// use std::time::Duration;
    ///
    /// let mut event_loop = mio_loop::EventLoop::new()?;
    /// assert!(event_loop.run_once(&mut Idle, Some(Duration::from_millis(1)))?);
    /// event_loop.shutdown();
    /// assert!(!event_loop.run_once(&mut Idle, None)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_once(
        &mut self,
        handler: &mut H,
        timeout: Option<Duration>,
    ) -> Result<bool, H::Error> {
        self.turn(handler, timeout, &mut Instant::now())
    }

    /// Runs an iteration that begins at `clock`, and sets `clock` to the time of its end.
    fn turn(
        &mut self,
        handler: &mut H,
        timeout: Option<Duration>,
        clock: &mut Instant,
    ) -> Result<bool, H::Error> {
        if self.context.shutdown.take() {
            return Ok(false);
        }
        let running = Running::new(self, clock);
        let interrupted = running.event_loop.wait(timeout, running.clock)?;
        let result = running.event_loop.call_back(handler, interrupted);
        let ended = result.is_ok() && running.event_loop.context.shutdown.take();
        drop(running);
        result.map(|()| !ended)
    }

    /// Polls. Returns whether the poll was interrupted.
    fn wait(&mut self, timeout: Option<Duration>, clock: &mut Instant) -> io::Result<bool> {
        let context = &mut self.context;
        if context.is_unfinished() {
            return Ok(false);
        }
        let timeout = context.limit(timeout, *clock);
        let result = context.poll.poll(&mut self.events, timeout);
        let now = Instant::now();
        let could_sleep = timeout != Some(Duration::ZERO);
        context.metrics.waited(now - *clock, could_sleep);
        *clock = now;
        match result {
            Ok(()) => {
                context.batch.open();
                Ok(false)
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(err) => Err(err),
        }
    }

    fn call_back(&mut self, handler: &mut H, interrupted: bool) -> Result<(), H::Error> {
        let context = &mut self.context;
        if interrupted {
            handler.interrupted(context)?;
        } else if context.batch.is_open {
            events(&self.events, context, handler)?;
        }
        if !context.again.is_empty() && context.begins(Step::Again) {
            again(context, handler)?;
        }
        if context.begins(Step::Messages) {
            messages(context, handler)?;
        }
        if context.begins(Step::Timeouts) {
            timeouts(context, handler)?;
        }
        if context.begins(Step::Signals) {
            signals(context, handler)?;
        }
        context.begun = Step::Events;
        handler.tick(context)
    }
}

/// A loop within an iteration, which may end by an error or a panic of a callback. Dropping it
/// discards the callbacks' own shutdown request.
struct Running<'a, H: Handler> {
    event_loop: &'a mut EventLoop<H>,
    /// The moment up to which time is accounted for.
    clock: &'a mut Instant,
}

impl<'a, H: Handler> Running<'a, H> {
    fn new(event_loop: &'a mut EventLoop<H>, clock: &'a mut Instant) -> Running<'a, H> {
        event_loop.context.is_running = true;
        Running { event_loop, clock }
    }
}

impl<H: Handler> Drop for Running<'_, H> {
    fn drop(&mut self) {
        let now = Instant::now();
        let context = &mut self.event_loop.context;
        context.metrics.worked(now - *self.clock);
        *self.clock = now;
        context.is_running = false;
        context.expiring = None;
        context.shutdown.own = false;
    }
}

/// Delivers the remaining events of the batch.
fn events<H: Handler>(
    events: &Events,
    context: &mut Context<H>,
    handler: &mut H,
) -> Result<(), H::Error> {
    let mut left = events.iter();
    if let Some(last) = context.batch.begun.checked_sub(1) {
        left.nth(last);
    }
    for event in left {
        context.batch.begun += 1;
        let token = event.token();
        if token.0 >= RESERVED {
            own_event(context, token);
        } else if !context.batch.has_ended(token) {
            handler.ready(context, token, event)?;
        }
    }
    let count = context.batch.close();
    context.metrics.had_events(count);
    Ok(())
}

#[cold]
fn own_event<H: Handler>(context: &mut Context<H>, token: mio::Token) {
    context.batch.own += 1;
    match token {
        MESSAGES => context.has_messages = true,
        SIGNALS => context.has_signals = true,
        // The request itself is read after each iteration. The notifier fails only if its
        // descriptor is no longer valid.
        _ => drop(context.notifier.clear()),
    }
}

fn messages<H: Handler>(context: &mut Context<H>, handler: &mut H) -> Result<(), H::Error> {
    if !context.has_messages {
        return Ok(());
    }
    for _ in 0..context.messages_per_tick {
        let Ok(message) = context.receiver.try_recv() else {
            context.has_messages = false;
            return Ok(());
        };
        context.metrics.had_message();
        handler.notify(context, message)?;
    }
    Ok(())
}

fn timeouts<H: Handler>(context: &mut Context<H>, handler: &mut H) -> Result<(), H::Error> {
    let Some(next) = context.next_timer() else {
        return Ok(());
    };
    let now = Instant::now();
    if now < next {
        return Ok(());
    }
    context.expiring = Some(now);
    let result = due_timeouts(context, handler, now);
    context.expiring = None;
    result
}

/// Terminates, because timeouts that are set meanwhile are due later than `now`.
fn due_timeouts<H: Handler>(
    context: &mut Context<H>,
    handler: &mut H,
    now: Instant,
) -> Result<(), H::Error> {
    while let Some(timeout) = context.timeouts.expire(now).next() {
        context.metrics.had_timeout();
        handler.timeout(context, timeout)?;
    }
    Ok(())
}

fn signals<H: Handler>(context: &mut Context<H>, handler: &mut H) -> Result<(), H::Error> {
    if !context.has_signals {
        return Ok(());
    }
    for _ in 0..SIGNALS_PER_TICK {
        let delivered = context.signals.as_mut();
        let Some(delivered) = delivered.and_then(|signals| signals.receive()) else {
            context.has_signals = false;
            return Ok(());
        };
        context.metrics.had_signal();
        handler.signal(context, delivered)?;
    }
    Ok(())
}

impl<H: Handler> Deref for EventLoop<H> {
    type Target = Context<H>;

    fn deref(&self) -> &Context<H> {
        &self.context
    }
}

impl<H: Handler> DerefMut for EventLoop<H> {
    fn deref_mut(&mut self) -> &mut Context<H> {
        &mut self.context
    }
}

impl<H: Handler> fmt::Debug for EventLoop<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// See [that of its context](Context#impl-AsFd-for-Context<H>).
#[cfg(unix)]
impl<H: Handler> AsFd for EventLoop<H> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.context.as_fd()
    }
}
