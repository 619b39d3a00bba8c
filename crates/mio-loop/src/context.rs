//! What can be done with a loop, from outside and within each callback.

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

/// What can be done with an [`EventLoop`](crate::EventLoop), within a callback as well as outside.
///
/// Each callback gets it. An `EventLoop` dereferences to its context, so that all methods are there
/// too, for setting up. Running is not among them: a callback can't run the loop that calls it.
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
    /// Sources to be called without an event.
    pub(crate) again: ReadyList,
    /// The last step that was begun in this iteration.
    pub(crate) begun: Step,
    pub(crate) timeouts: TimerWheel<H::Timeout>,
    /// While timeouts are handed out: up to which moment.
    pub(crate) expiring: Option<Instant>,
    /// Timeouts that are due within one step of this grid come together.
    pub(crate) resolution: Duration,
    pub(crate) start: Instant,
    pub(crate) receiver: Receiver<H::Message>,
    /// So that there always is one, and the channel never disconnected.
    pub(crate) sender: Sender<H::Message>,
    pub(crate) messages_per_tick: usize,
    /// There may be messages, and no event will say so.
    pub(crate) has_messages: bool,
    pub(crate) signals: Option<Signals>,
    /// As `has_messages`.
    pub(crate) has_signals: bool,
    pub(crate) is_running: bool,
    pub(crate) shutdown: Shutdown,
    pub(crate) notifier: Notifier,
    pub(crate) metrics: Metrics,
}

impl<H: Handler> Context<H> {
    /// Starts watching `source`: its events call the handler with this token.
    ///
    /// As [`Registry::register`]. If the source is ready already, the next poll says so. Give each
    /// source a token of its own: nothing tells two with the same token apart, and to deregister
    /// one of them would pass over events of the other.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::register`], and [`InvalidInput`](io::ErrorKind::InvalidInput) for the
    /// last three numbers, from `usize::MAX - 2` on, which are the loop's own tokens.
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
        // What the batch has of this token is of a source that was dropped.
        self.forget(token);
        Ok(())
    }

    /// Changes the token and the interests of a registered source.
    ///
    /// As [`Registry::reregister`]. What is ready then is told by the next poll. An event of this
    /// token that has been polled already [still comes](Handler#sources-that-have-ended), and may
    /// find nothing to do. If the token changes, tell [`forget`](Self::forget) the old one, as the
    /// loop does not know it.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register), and [`NotFound`](io::ErrorKind::NotFound) if the source is
    /// not registered here.
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

    /// Stops watching `source`, which was registered with this token.
    ///
    /// No callback follows for this token, also if an event of it has been polled already, until it
    /// is registered again. The loop needs the token for that, as a source does not know its own.
    ///
    /// # Errors
    ///
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

    /// Passes over the events of this token that have been polled already, and a call
    /// [`again`](Self::again) that it waits for.
    ///
    /// For a source that was dropped within a callback, which the loop does not notice. Later polls
    /// are not changed by it. Outside of callbacks there are no events to pass over, unless the
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

    /// Hands `timeout` to the handler when the time has come. `when` is a [`Duration`] from now, or
    /// an [`Instant`].
    ///
    /// It never comes early. How late it may come is up to the system's poll
    /// ([Timeouts](Poll#timeouts)), to the callbacks before it, and to the
    /// [resolution](crate::Builder::timer_resolution). Zero, or a moment that has passed, is as
    /// soon as can be, and never within this call. A duration that is beyond the range of the clock
    /// lasts for centuries instead.
    ///
    /// # Panics
    ///
    /// If there are `u32::MAX` timeouts, or if there is no memory.
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

    /// Takes a timeout back, so that it does not come, also if it is due in this very iteration.
    /// `None` if it was handed to the handler or cleared before.
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

    /// Gives a timeout another time, and returns whether it was still set. Cheaper than to clear it
    /// and set another one, and the handle stays good.
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
    /// // The connection has said something.
    /// assert!(event_loop.reset_timeout(idle, Duration::from_secs(30)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_timeout(&mut self, timeout: Timeout, when: impl Into<When>) -> bool {
        let deadline = self.after_this_step(when.into().deadline());
        self.timeouts.reschedule(timeout.0, deadline)
    }

    /// When [`run_once`](crate::EventLoop::run_once) is next needed, also if no event comes. `None`
    /// if only an event makes it needed.
    ///
    /// For a loop inside another one, which waits for the loop's descriptor until this moment at
    /// most. It is the deadline of the first timeout, rounded up to the
    /// [resolution](crate::Builder::timer_resolution). It is now if something is to be done at
    /// once: there are messages or signals over the budget of the last iteration, or sources to
    /// call [`again`](Self::again), or the last iteration has failed and something of it is left,
    /// or the loop was told to shut down. If the first timeout
    /// was cleared or reset, it may be the old deadline: running is then in vain, and never too
    /// late.
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

    /// A sender of messages to this loop, for any thread, also that of the loop.
    ///
    /// It can be cloned. [`try_send`](Sender::try_send) never waits. When the channel is
    /// [full](crate::Builder::message_capacity), or the loop is gone, it gives the message back. If
    /// the OS refuses to wake the loop, it returns
    /// [`Unnotified`](crate::TrySendError::Unnotified). Messages that are still queued when the
    /// loop is dropped are dropped with it.
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

    /// Hands these signals to the handler from now on, beside those that were named before.
    ///
    /// They no longer do what they do by default, in the whole process: [`mio_sources::signal`]
    /// tells all of it. To drop the loop does not undo that: they are ignored from then on, and
    /// `SIGTERM` or Ctrl-C does not end the program. Another loop may watch them.
    ///
    /// # Errors
    ///
    /// Those of [`Signals::new`]: [`InvalidInput`](io::ErrorKind::InvalidInput) for a signal that
    /// can't be watched, as `SIGQUIT` on Windows; [`Unsupported`](io::ErrorKind::Unsupported) on
    /// systems without signals. The signals before it in the list are watched.
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

    /// Ends the run that is in progress, after this iteration, or else the next one at once.
    ///
    /// What has been polled is handed out before, so that no event is lost. A loop that has ended
    /// can be run again. If a callback fails in this iteration, the run ends by that error, and
    /// the next one is not concerned. From another thread it is done by a
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

    /// A handle by which any thread can end this loop.
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

    /// Whether the loop is running and will go on: `true` in callbacks, until it is told to shut
    /// down.
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

    /// What the loop has done so far, for this thread or another one.
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

    /// Where sources are registered, for what is not done through this type, such as a clone of it
    /// for another thread.
    ///
    /// The handler is called for what is registered there. What is deregistered there the loop does
    /// not know of; [`forget`](Self::forget) tells it. Tokens are not checked.
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

    /// What the loop polls with.
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

/// The selector's own descriptor, for watching this loop with another one: it is readable while
/// there are events. Watch it with levels: an edge comes once for several messages. See
/// [`next_deadline`](Context::next_deadline) for the other half.
///
/// # Panics
///
/// On poll(2), which has no descriptor; [`selector_kind`](Context::selector_kind) tells.
#[cfg(unix)]
impl<H: Handler> AsFd for Context<H> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }
}
