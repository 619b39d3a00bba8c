//! Configuration of a loop.

use std::marker::PhantomData;
use std::time::{Duration, Instant};
use std::{fmt, io};

use mio::{Events, Interest, Notifier, Poll, SelectorKind};
use mio_sources::channel;
use mio_sources::timer::TimerWheel;
use mio_util::ReadyList;

use crate::batch::Batch;
use crate::event_loop::Step;
use crate::reserved::{MESSAGES, SHUTDOWN};
use crate::shutdown::Shutdown;
use crate::{Context, EventLoop, Handler, Metrics};

/// Configures and creates an [`EventLoop`]. Created by [`EventLoop::builder`].
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
/// use mio_loop::EventLoop;
///
/// let event_loop: EventLoop<Idle> = EventLoop::builder()
///     .event_capacity(256)
///     .message_capacity(64)
///     .messages_per_tick(16)
///     .timer_resolution(Duration::from_millis(1))
///     .build()?;
/// # drop(event_loop);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder<H> {
    selector: Option<SelectorKind>,
    busy_poll: Duration,
    events: usize,
    messages: usize,
    messages_per_tick: usize,
    timers: usize,
    resolution: Duration,
    handler: PhantomData<fn(H)>,
}

impl<H: Handler> Builder<H> {
    /// Sets the maximum number of events per poll: 1024 by default.
    ///
    /// The remaining events stay in the kernel until the next iteration. A small number makes
    /// iterations short, so timeouts and messages are delivered sooner when many sources are ready.
    /// A large number needs fewer polls.
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
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().event_capacity(64);
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn event_capacity(mut self, capacity: usize) -> Builder<H> {
        self.events = capacity;
        self
    }

    /// Sets the number of messages that can be queued, sent but not yet delivered: 1024 by default.
    /// When the queue is full, the sender gets its message back.
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
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().message_capacity(64);
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn message_capacity(mut self, capacity: usize) -> Builder<H> {
        self.messages = capacity;
        self
    }

    /// Sets the maximum number of messages that one iteration delivers: 256 by default.
    ///
    /// The remaining messages are delivered in the next iteration, whose poll does not wait. The
    /// timeouts and signals of this iteration and the events of the next one come before them.
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
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().messages_per_tick(16);
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages_per_tick(mut self, most: usize) -> Builder<H> {
        self.messages_per_tick = most;
        self
    }

    /// Sets the number of timeouts to allocate for: 256 by default. More timeouts at a time make
    /// the loop allocate.
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
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().timer_capacity(10_000);
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timer_capacity(mut self, capacity: usize) -> Builder<H> {
        self.timers = capacity;
        self
    }

    /// Sets the granularity of timeouts, so that those due at about the same time are delivered
    /// together. The default is zero: each timeout is delivered at its own time.
    ///
    /// Time is divided into steps of this length, and the poll ends at the end of the step that a
    /// timeout falls into. The thread wakes once for all timeouts of a step. Each is late by up to
    /// one step, and never early. If the poll ends sooner for another reason, the timeouts that are
    /// due by then are delivered.
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
    /// # use std::time::Duration;
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().timer_resolution(Duration::from_millis(10));
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timer_resolution(mut self, resolution: Duration) -> Builder<H> {
        self.resolution = resolution;
        self
    }

    /// Uses this selector instead of the platform's default. [`SelectorKind::available`] lists
    /// those of this build.
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
    /// # use mio_loop::EventLoop;
    /// let kind = mio::SelectorKind::available().next().unwrap();
    /// let builder = EventLoop::<Idle>::builder().selector(kind);
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn selector(mut self, kind: SelectorKind) -> Builder<H> {
        self.selector = Some(kind);
        self
    }

    /// Lets each poll check for events without sleeping, for up to this long, before it waits: zero
    /// by default. See [`mio::Builder::busy_poll`] for when this pays.
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
    /// # use std::time::Duration;
    /// # use mio_loop::EventLoop;
    /// let builder = EventLoop::<Idle>::builder().busy_poll(Duration::from_micros(20));
    /// let event_loop = builder.build()?;
    /// # drop(event_loop);
    /// # Ok(())
    /// # }
    /// ```
    pub fn busy_poll(mut self, limit: Duration) -> Builder<H> {
        self.busy_poll = limit;
        self
    }

    /// Creates the loop and allocates what it needs.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) if a capacity or `messages_per_tick` is
    ///   zero. The message names it.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) if this build does not have the selector, and
    ///   on WASI, which has no threads to receive messages from.
    /// * The error of the OS if no descriptor is left (`EMFILE`, `ENFILE`).
    ///
    /// # Panics
    ///
    /// Panics if there is not enough memory for these events, messages and timeouts.
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
    /// use std::io::ErrorKind;
    ///
    /// use mio_loop::EventLoop;
    ///
    /// let err = EventLoop::<Idle>::builder().event_capacity(0).build().unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::InvalidInput);
    /// ```
    pub fn build(self) -> io::Result<EventLoop<H>> {
        not_zero("event_capacity", self.events)?;
        not_zero("message_capacity", self.messages)?;
        not_zero("messages_per_tick", self.messages_per_tick)?;
        let mut builder = Poll::builder().busy_poll(self.busy_poll);
        if let Some(kind) = self.selector {
            builder = builder.selector(kind);
        }
        let poll = builder.build()?;
        let (sender, mut receiver) = channel::bounded(self.messages)?;
        let mut notifier = Notifier::new()?;
        let registry = poll.registry();
        registry.register(&mut receiver, MESSAGES, Interest::READABLE)?;
        registry.register(&mut notifier, SHUTDOWN, Interest::READABLE)?;
        let context = Context {
            poll,
            batch: Batch::with_capacity(self.events),
            again: ReadyList::with_capacity(self.events),
            begun: Step::Events,
            timeouts: TimerWheel::with_capacity(self.timers),
            expiring: None,
            resolution: self.resolution,
            start: Instant::now(),
            receiver,
            sender,
            messages_per_tick: self.messages_per_tick,
            has_messages: false,
            signals: None,
            has_signals: false,
            is_running: false,
            shutdown: Shutdown::default(),
            notifier,
            metrics: Metrics::default(),
        };
        Ok(EventLoop::from_parts(
            Events::with_capacity(self.events),
            context,
        ))
    }
}

fn not_zero(name: &str, number: usize) -> io::Result<()> {
    if number > 0 {
        return Ok(());
    }
    let message = format!("{name} is zero, so that nothing would ever come; pass one or more");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

impl<H> Default for Builder<H> {
    fn default() -> Self {
        Builder {
            selector: None,
            busy_poll: Duration::ZERO,
            events: 1024,
            messages: 1024,
            messages_per_tick: 256,
            timers: 256,
            resolution: Duration::ZERO,
            handler: PhantomData,
        }
    }
}

impl<H> Clone for Builder<H> {
    fn clone(&self) -> Self {
        Builder { ..*self }
    }
}

impl<H> fmt::Debug for Builder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("selector", &self.selector)
            .field("busy_poll", &self.busy_poll)
            .field("event_capacity", &self.events)
            .field("message_capacity", &self.messages)
            .field("messages_per_tick", &self.messages_per_tick)
            .field("timer_capacity", &self.timers)
            .field("timer_resolution", &self.resolution)
            .finish()
    }
}
