//! Operations on a loop, available from outside and within each callback.

#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};
use std::{fmt, io};

use mio::event::Source;
use mio::{Interest, Notifier, Poll, Registry, SelectorKind, Token};
use mio_sources::channel::{Receiver, Sender};
use mio_sources::signal::{Signal, Signals};
use mio_sources::timer::TimerWheel;
use mio_util::ReadyList;

use crate::batch::Batch;
use crate::event_loop::Step;
use crate::reserved::{SIGNALS, may_be_used};
use crate::shutdown::Shutdown;
use crate::{Handler, Metrics, ShutdownHandle, Timeout, When};

/// The operations on an [`EventLoop`](crate::EventLoop): sources, timeouts, messages, signals and
/// shutdown.
///
/// Each callback receives it. An `EventLoop` dereferences to its context, so the same methods set
/// the loop up from outside. Running is not among them: a callback can't run the loop that calls
/// it.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::{Duration, Instant};
///
/// use mio_loop::{Context, EventLoop, Handler};
///
/// struct Server;
/// impl Handler for Server {
///     type Timeout = &'static str;
///     type Message = u64;
///     type Error = io::Error;
/// }
///
/// fn set_up(context: &mut Context<Server>) {
///     context.timeout(Duration::from_secs(1), "first");
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::<Server>::new()?;
/// set_up(&mut event_loop);
/// event_loop.timeout(Instant::now(), "zeroth");
/// # Ok(())
/// # }
/// ```
pub struct Context<H: Handler> {
    pub(crate) poll: Poll,
    pub(crate) batch: Batch,
    /// Sources to call without an event.
    pub(crate) again: ReadyList,
    /// The last step that this iteration has begun.
    pub(crate) begun: Step,
    pub(crate) timeouts: TimerWheel<H::Timeout>,
    /// While timeouts are being delivered: the moment up to which they are due.
    pub(crate) expiring: Option<Instant>,
    /// Granularity of timeouts: those due within one step of this grid are delivered together.
    pub(crate) resolution: Duration,
    pub(crate) start: Instant,
    pub(crate) receiver: Receiver<H::Message>,
    /// Keeps the channel connected, and is cloned for callers.
    pub(crate) sender: Sender<H::Message>,
    pub(crate) messages_per_tick: usize,
    /// Set if there may be messages for which no event will come.
    pub(crate) has_messages: bool,
    pub(crate) signals: Option<Signals>,
    /// The same for signals.
    pub(crate) has_signals: bool,
    pub(crate) is_running: bool,
    pub(crate) shutdown: Shutdown,
    pub(crate) notifier: Notifier,
    pub(crate) metrics: Metrics,
}

impl<H: Handler> Context<H> {
    /// Registers `source`, whose events then call the handler with this token.
    ///
    /// This is [`Registry::register`]. If the source is ready already, the next poll reports it.
    /// Give each source its own token. The loop can't distinguish two sources with one token, and
    /// deregistering one of them would skip events of the other.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Registry::register`], and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for the three highest tokens (from
    /// `usize::MAX - 2` on), which the loop reserves.
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
    /// use mio::net::TcpListener;
    /// use mio::{Interest, Token};
    ///
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// event_loop.register(&mut listener, Token(0), Interest::READABLE)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register<S>(
        &mut self,
        source: &mut S,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        may_be_used(token)?;
        self.poll.registry().register(source, token, interests)?;
        // The batch may hold events of a source that was dropped and had this token.
        self.forget(token);
        Ok(())
    }

    /// Changes the token and the interests of a registered source.
    ///
    /// This is [`Registry::reregister`]. The next poll reports the readiness of the source. An
    /// event of this token that has been polled already [is still
    /// delivered](Handler#sources-that-have-ended), and its callback may find nothing to do. If the
    /// token changes, pass the old one to [`forget`](Self::forget), because the loop does not know
    /// it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`register`](Self::register), and
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered here.
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
    /// # use mio::net::UdpSocket;
    /// # use mio::{Interest, Token};
    /// # let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// event_loop.register(&mut socket, Token(0), Interest::READABLE)?;
    /// event_loop.reregister(&mut socket, Token(0), Interest::WRITABLE)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reregister<S>(
        &mut self,
        source: &mut S,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        may_be_used(token)?;
        self.poll.registry().reregister(source, token, interests)?;
        self.batch.renew(token, interests.is_writable());
        Ok(())
    }

    /// Deregisters `source`, which was registered with this token.
    ///
    /// No callback follows for this token until it is registered again, even if an event of it has
    /// been polled already. The loop needs the token because a source does not know its own.
    ///
    /// # Errors
    ///
    /// Returns [`NotFound`](io::ErrorKind::NotFound) if the source is not registered here.
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
    /// # use mio::net::UdpSocket;
    /// # use mio::{Interest, Token};
    /// # let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// event_loop.register(&mut socket, Token(0), Interest::READABLE)?;
    /// event_loop.deregister(&mut socket, Token(0))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn deregister<S>(&mut self, source: &mut S, token: Token) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        self.poll.registry().deregister(source)?;
        self.forget(token);
        Ok(())
    }

    /// Skips the polled events of this token, and cancels a pending call of [`again`](Self::again).
    ///
    /// Use it for a source that was dropped within a callback, which the loop does not notice. It
    /// does not affect later polls. Outside of callbacks there are no events to skip, unless the
    /// last run has [failed](Handler#errors-and-panics) and left events behind.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::{Token, net::TcpStream};
    /// # use mio_loop::{Context, Handler};
    /// # struct Server { connections: std::collections::HashMap<Token, TcpStream> }
    /// # impl Handler for Server {
    /// #     type Timeout = Token;
    /// #     type Message = ();
    /// #     type Error = io::Error;
    /// fn readable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
    ///     // Dropping it closes it.
    ///     self.connections.remove(&token);
    ///     context.forget(token);
    ///     Ok(())
    /// }
    /// # }
    /// ```
    pub fn forget(&mut self, token: Token) {
        self.batch.end(token);
        if !self.again.is_empty() {
            self.again.remove(token);
        }
    }

    /// Sets a timeout: passes `timeout` to the handler at `when`, which is a [`Duration`] from now
    /// or an [`Instant`].
    ///
    /// It is never delivered early. It may be late by the precision of the poll (see
    /// [Timeouts](Poll#timeouts)), by the callbacks before it, and by the
    /// [resolution](crate::Builder::timer_resolution). Zero, or a moment in the past, means as soon
    /// as possible, but never within this call. A duration beyond the range of the clock lasts for
    /// centuries instead.
    ///
    /// # Panics
    ///
    /// Panics if there are `u32::MAX` timeouts, or if there is not enough memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = &'static str;
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::{Duration, Instant};
    ///
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// event_loop.timeout(Duration::from_millis(1500), "in a while");
    /// event_loop.timeout(Instant::now(), "as soon as can be");
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(&mut self, when: impl Into<When>, timeout: H::Timeout) -> Timeout {
        let deadline = self.after_this_step(when.into().deadline());
        Timeout(self.timeouts.insert(deadline, timeout))
    }

    /// Clears a timeout, so that it is not delivered, even if it is due in this iteration. Returns
    /// `None` if it was delivered or cleared before.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = &'static str;
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// # let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// let timeout = event_loop.timeout(std::time::Duration::ZERO, "too late");
    /// assert_eq!(event_loop.clear_timeout(timeout), Some("too late"));
    /// assert_eq!(event_loop.next_deadline(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_timeout(&mut self, timeout: Timeout) -> Option<H::Timeout> {
        self.timeouts.cancel(timeout.0)
    }

    /// Moves a timeout to another time. Returns `false` if it is no longer set.
    ///
    /// This is cheaper than clearing it and setting another one, and the handle stays valid.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = &'static str;
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// # use std::time::Duration;
    /// # let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// let idle = event_loop.timeout(Duration::from_secs(30), "idle");
    /// // The connection has received data.
    /// assert!(event_loop.reset_timeout(idle, Duration::from_secs(30)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_timeout(&mut self, timeout: Timeout, when: impl Into<When>) -> bool {
        let deadline = self.after_this_step(when.into().deadline());
        self.timeouts.reschedule(timeout.0, deadline)
    }

    /// Returns when [`run_once`](crate::EventLoop::run_once) has to run even if no event comes.
    /// `None` if only an event makes it necessary.
    ///
    /// Use it for a loop inside another one, which waits for this loop's descriptor until this
    /// moment at most. It is the deadline of the first timeout, rounded up to the
    /// [resolution](crate::Builder::timer_resolution).
    ///
    /// It is the current time if there is work that needs no event:
    ///
    /// - messages or signals over the budget of the last iteration,
    /// - sources to call [`again`](Self::again),
    /// - the rest of an iteration that has failed,
    /// - a requested shutdown.
    ///
    /// If the first timeout was cleared or reset, it may be the old deadline. Running then does
    /// nothing, and is never too late.
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
    /// # use std::time::{Duration, Instant};
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// assert_eq!(event_loop.next_deadline(), None);
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// event_loop.timeout(deadline, ());
    /// assert_eq!(event_loop.next_deadline(), Some(deadline));
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.has_left_over() || self.is_unfinished() || self.shutdown.is_made() {
            return Some(Instant::now());
        }
        self.next_timeout()
    }

    /// Returns a sender of messages to this loop, for any thread, including the one that runs the
    /// loop.
    ///
    /// It can be cloned. [`try_send`](Sender::try_send) never blocks. When the channel is
    /// [full](crate::Builder::message_capacity) or the loop is gone, it gives the message back. If
    /// the OS refuses to wake the loop, it returns [`Unnotified`](crate::TrySendError::Unnotified).
    /// Messages that are still queued when the loop is dropped are dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = &'static str;
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// use mio_loop::{EventLoop, TrySendError};
    ///
    /// let event_loop: EventLoop<Idle> = EventLoop::builder().message_capacity(1).build()?;
    /// let sender = event_loop.sender();
    /// assert_eq!(sender.try_send("first"), Ok(()));
    /// assert_eq!(sender.try_send("second"), Err(TrySendError::Full("second")));
    /// drop(event_loop);
    /// assert_eq!(sender.try_send("third"), Err(TrySendError::Disconnected("third")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sender(&self) -> Sender<H::Message> {
        self.sender.clone()
    }

    /// Watches these signals, in addition to those of earlier calls, and passes them to the
    /// handler.
    ///
    /// They lose their default action in the whole process; see [`mio_sources::signal`]. Dropping
    /// the loop does not undo this: the signals are ignored from then on, and `SIGTERM` or Ctrl-C
    /// does not end the program. Another loop may watch them.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Signals::new`]: [`InvalidInput`](io::ErrorKind::InvalidInput) for a
    /// signal that can't be watched, such as `SIGQUIT` on Windows, and
    /// [`Unsupported`](io::ErrorKind::Unsupported) on platforms without signals. The signals before
    /// it in the list are watched.
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
    /// use std::io::ErrorKind;
    ///
    /// use mio_loop::{EventLoop, Signal};
    ///
    /// let mut event_loop = EventLoop::<Idle>::new()?;
    /// match event_loop.signals([Signal::SIGINT, Signal::SIGTERM]) {
    ///     Err(err) if err.kind() == ErrorKind::Unsupported => println!("no signals here"),
    ///     Err(err) if err.kind() == ErrorKind::InvalidInput => println!("not here: {err}"),
    ///     result => result?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn signals(&mut self, signals: impl IntoIterator<Item = Signal>) -> io::Result<()> {
        let watched = match &mut self.signals {
            Some(watched) => watched,
            none => {
                let mut watched = Signals::new([])?;
                let registry = self.poll.registry();
                registry.register(&mut watched, SIGNALS, Interest::READABLE)?;
                none.insert(watched)
            }
        };
        signals
            .into_iter()
            .try_for_each(|signal| watched.add(signal))
    }

    /// Ends the current run after this iteration, or else the next run at once.
    ///
    /// The events that have been polled are delivered first, so none is lost. A loop that has ended
    /// can be run again. If a callback fails in this iteration, the run ends with that error, and
    /// the request does not affect the next run. Other threads use a
    /// [`shutdown_handle`](Self::shutdown_handle).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    /// fn timeout(&mut self, context: &mut Context<Self>, (): ()) -> io::Result<()> {
    ///     context.shutdown();
    ///     Ok(())
    /// }
    /// # }
    /// # fn main() -> io::Result<()> {
    /// # let mut event_loop = mio_loop::EventLoop::new()?;
    /// # event_loop.timeout(std::time::Duration::ZERO, ());
    /// # event_loop.run(&mut Server)
    /// # }
    /// ```
    pub fn shutdown(&mut self) {
        self.shutdown.own = true;
    }

    /// Returns a handle with which any thread can end this loop.
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
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// let handle = event_loop.shutdown_handle();
    /// std::thread::spawn(move || handle.shutdown());
    /// event_loop.run(&mut Idle)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle::new(self.shutdown.others.clone(), self.notifier.handle())
    }

    /// Returns `true` if the loop is running and will continue: in callbacks, until a shutdown is
    /// requested.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    /// fn timeout(&mut self, context: &mut Context<Self>, (): ()) -> io::Result<()> {
    ///     assert!(context.is_running());
    ///     context.shutdown();
    ///     assert!(!context.is_running());
    ///     Ok(())
    /// }
    /// # }
    /// # fn main() -> io::Result<()> {
    /// # let mut event_loop = mio_loop::EventLoop::new()?;
    /// # event_loop.timeout(std::time::Duration::ZERO, ());
    /// # event_loop.run(&mut Server)
    /// # }
    /// ```
    pub fn is_running(&self) -> bool {
        self.is_running && !self.shutdown.is_made()
    }

    /// Returns the counters of this loop, for this thread or another one.
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
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// event_loop.run_once(&mut Idle, Some(std::time::Duration::ZERO))?;
    /// assert_eq!(event_loop.metrics().iterations(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Returns the registry of the loop's `Poll`, for operations that this type does not have, such
    /// as cloning it for another thread.
    ///
    /// The handler is called for sources that are registered there. The loop does not notice that a
    /// source is deregistered there: call [`forget`](Self::forget) too. Tokens are not checked.
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
    /// let registry = event_loop.registry().try_clone()?;
    /// std::thread::spawn(move || drop(registry)).join().unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Returns the kind of selector that the loop uses.
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
    /// let kinds: Vec<_> = mio::SelectorKind::available().collect();
    /// assert_eq!(event_loop.selector_kind(), kinds[0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn selector_kind(&self) -> SelectorKind {
        self.poll.selector_kind()
    }
}

impl<H: Handler> fmt::Debug for Context<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("poll", &self.poll)
            .field("timeouts", &self.timeouts)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

/// Borrows the selector's own descriptor, so that another loop can watch this one. It is readable
/// while there are events. Watch it in level mode: an edge comes once for several messages. The
/// outer loop also needs [`next_deadline`](Context::next_deadline).
///
/// # Panics
///
/// Panics on poll(2), which has no descriptor. Check [`selector_kind`](Context::selector_kind)
/// first.
#[cfg(unix)]
impl<H: Handler> AsFd for Context<H> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }
}
