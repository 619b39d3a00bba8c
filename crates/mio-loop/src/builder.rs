//! A loop with settings of its own.

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

/// Makes an [`EventLoop`] that is not the usual one. Comes from [`EventLoop::builder`].
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
    /// How many events one poll brings at most: 1024 by default.
    ///
    /// What does not fit waits in the system for the next iteration. A small number makes
    /// iterations short, so that timeouts and messages have their turn sooner when many sources are
    /// ready; a large one makes polls few.
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

    /// How many messages can be on their way, sent and not yet handed out: 1024 by default. A
    /// sender gets back what does not fit.
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

    /// How many messages are handed out in one iteration at most: 256 by default.
    ///
    /// Those that are left over come with the next one, whose poll does not wait. Before them come
    /// the timeouts and signals of this iteration, and the events of the next one.
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

    /// For how many timeouts at a time there is room from the start: 256 by default. More of them
    /// make the loop allocate.
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

    /// Lets timeouts that are due about the same time come together: zero by default, which lets
    /// each come at its own time.
    ///
    /// Time is cut into steps of this length, and for a timeout the poll ends at the end of its
    /// step. So the thread is woken once for all timeouts of a step, and each is up to this much
    /// late, and never early. One that is due when the poll ends for another reason comes then.
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

    /// Uses this selector instead of the system's default. [`SelectorKind::available`] has those of
    /// this build.
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

    /// Lets each poll look for events without sleeping, for up to this long, before it waits: zero
    /// by default. [`mio::Builder::busy_poll`] tells when that pays.
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

    /// Makes the loop, and allocates what it needs.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) if a capacity or the messages per tick are
    ///   zero, by name.
    /// * [`Unsupported`](io::ErrorKind::Unsupported) if this build has no such selector, and on
    ///   WASI, which has no other threads to get messages from.
    /// * The system's error if it has no descriptor left (`EMFILE`, `ENFILE`).
    ///
    /// # Panics
    ///
    /// If there is no memory for so many events, messages or timeouts.
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
