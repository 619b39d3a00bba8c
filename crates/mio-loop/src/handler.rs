//! The callbacks that a program implements.

use std::io;

use mio::Token;
use mio::event::Event;
use mio_sources::signal::Delivered;

use crate::Context;

/// The callbacks of an [`EventLoop`](crate::EventLoop).
///
/// **An error that a callback returns ends the loop**, for all sources and not only for its own. So
/// `?` on the I/O of one connection, or of one datagram, lets any peer end the program. Handle such
/// an error in the callback, and return only errors that the program can't continue after; see
/// [below](#errors-and-panics).
///
/// Each callback does nothing by default, except [`ready`](Self::ready) and [`again`](Self::again),
/// so a program implements those that it needs. The thread that runs the loop makes all calls, one
/// at a time. Each callback receives the [`Context`] of the loop, with every operation that is
/// available from outside: it may register, reregister and deregister any source, including its
/// own, set and clear timeouts, and end the loop. It may also drop sources.
///
/// # Order
///
/// An iteration is one poll, followed by these callbacks:
///
/// 1. [`interrupted`](Self::interrupted), if a signal handler ended the poll, which then has no
///    events;
/// 2. [`ready`](Self::ready) for each event, in the order of the selector;
/// 3. [`again`](Self::again) once for each token of [`Context::again`], in the order in which they
///    were added;
/// 4. [`notify`](Self::notify) for messages, in the order in which they were sent, up to the
///    [maximum](crate::Builder::messages_per_tick) per iteration;
/// 5. [`timeout`](Self::timeout) for each timeout that is due, in the order of the deadlines.
///    Timeouts with equal deadlines come in the order in which they were set, even if they were
///    reset since;
/// 6. [`signal`](Self::signal) for signals, 64 at most;
/// 7. [`tick`](Self::tick).
///
/// Events come before timeouts, so that a connection does not time out as idle while its data is
/// waiting.
///
/// # Nothing starves
///
/// Each of these steps is bounded:
///
/// - `ready` is called once for each event.
/// - Messages and signals over their budget are delivered in the next iteration, whose poll does
///   not wait. So is a token that is added by [`Context::again`] in `again` or later.
/// - A timeout that is set or reset in `timeout` is delivered in a later iteration, after those
///   that are due by now, even if its moment has passed.
///
/// The loop can't interrupt a callback: one that reads or writes without end starves everything
/// else. Stop after some operations and call [`Context::again`], or register the source with
/// [`level`](mio::Interest::level).
///
/// # Sources that have ended
///
/// The events of one poll are in memory when the first callback begins. Once a token is
/// deregistered through the [`Context`], its earlier events are skipped, `again` is not called for
/// it, and a new source may take the token at once. To change the interests of a source, reregister
/// it instead of deregistering and registering it: a callback that does the latter in each batch
/// starves the source.
///
/// Reregistering takes no event back. An event that was polled before is still delivered, and the
/// next poll reports the readiness of the source, which may be the same again. So a callback may
/// find nothing to do, and its operation returns [`WouldBlock`](io::ErrorKind::WouldBlock). An
/// earlier event may also report a direction that the source is no longer registered for. There is
/// one exception: if `readable` reregisters a source without writing, `writable` does not follow
/// for the same event.
///
/// The loop does not notice that a source is *dropped*, so an event of it may still be delivered
/// within the same batch, unless its token is registered again. Look the token up, preferably in a
/// [`Sources`](crate::Sources), which recognizes stale tokens, or call
/// [`Context::forget`](crate::Context::forget).
///
/// # Errors and panics
///
/// An error of a callback, and so each `?` in a callback, ends the run: no further callback is
/// called, and [`run`](crate::EventLoop::run) returns the error.
///
/// If the loop is run again, it first finishes that iteration. This holds after a caught panic too.
/// If an event failed, it resumes with the next event of the same batch. If `again`, a message, a
/// timeout or a signal failed, it resumes with the step after that one, and the rest of the failed
/// step follows in the next iteration. So messages that fail each time don't delay the timeouts.
///
/// The event, message, timeout or signal that the failed callback was called for is lost. If that
/// was `readable`, `writable` for the same event is lost too. To get an event reported again,
/// reregister the source: the next poll reports its readiness.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use mio_loop::{Context, EventLoop, Handler};
///
/// struct Countdown;
///
/// impl Handler for Countdown {
///     type Timeout = u32;
///     type Message = ();
///     type Error = io::Error;
///
///     fn timeout(&mut self, context: &mut Context<Self>, left: u32) -> io::Result<()> {
///         println!("{left}");
///         if left == 0 {
///             context.shutdown();
///         } else {
///             context.timeout(Duration::from_millis(1), left - 1);
///         }
///         Ok(())
///     }
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::new()?;
/// event_loop.timeout(Duration::ZERO, 3);
/// event_loop.run(&mut Countdown)
/// # }
/// ```
pub trait Handler: Sized {
    /// The data of a timeout: what the handler needs when the timeout is due, such as the token of
    /// a connection. `()` if it needs nothing, or there are no timeouts.
    type Timeout;

    /// The message that other threads send. `()` if they send nothing.
    type Message: Send;

    /// The error that ends the loop, often [`io::Error`]. OS errors of the loop itself are
    /// converted into it.
    type Error: From<io::Error>;

    /// Called for each event of a source.
    ///
    /// By default it calls [`readable`](Self::readable) if the source is readable, priority data
    /// has arrived, the peer has ended, or there is an error
    /// ([`is_error`](mio::event::Event::is_error)): the next read returns the cause. Then it calls
    /// [`writable`](Self::writable) if the source is writable or a write would fail. It skips
    /// `writable` if `readable` has deregistered or forgotten the token, or has reregistered it
    /// without writing.
    ///
    /// Both may be called for a source that is registered for one direction only. An event that is
    /// not writable always calls `readable`. Implement `ready` instead to inspect the [`Event`]
    /// itself.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::{Token, event::Event};
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn close(&mut self, _: Token) {}
    /// #     fn serve(&mut self, _: Token) {}
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn ready(
    ///         &mut self,
    ///         context: &mut Context<Self>,
    ///         token: Token,
    ///         event: &Event,
    ///     ) -> io::Result<()> {
    ///         if event.is_error() {
    ///             self.close(token);
    ///             context.forget(token);
    ///         } else {
    ///             self.serve(token);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn ready(
        &mut self,
        context: &mut Context<Self>,
        token: Token,
        event: &Event,
    ) -> Result<(), Self::Error> {
        let has_room = event.is_writable();
        let writable = has_room || event.is_write_closed();
        let readable = event.is_readable()
            || event.is_read_closed()
            || event.is_priority()
            || event.is_error();
        // An event that names no direction may concern either one.
        if readable || !has_room {
            if !writable {
                return self.readable(context, token);
            }
            context.batch.begin(token);
            self.readable(context, token)?;
            if !context.batch.goes_on(token) {
                return Ok(());
            }
        }
        self.writable(context, token)
    }

    /// Called when a source can be read, accepted from or received from, or when reading would
    /// return an end or an error.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::Token;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn read(&mut self, _: Token) -> io::Result<()> { Ok(()) }
    /// #     fn close(&mut self, _: Token) {}
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn readable(&mut self, _context: &mut Context<Self>, token: Token) -> io::Result<()> {
    ///         // The error of one connection, which does not concern the others.
    ///         if let Err(err) = self.read(token) {
    ///             eprintln!("{token:?}: {err}");
    ///             self.close(token);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn readable(&mut self, context: &mut Context<Self>, token: Token) -> Result<(), Self::Error> {
        let _ = (context, token);
        Ok(())
    }

    /// Called when a source can be written, when a connection has been made or has failed, or when
    /// writing would return an error, such as that of a pipe without a reader.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::Token;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn flush(&mut self, _: Token) -> io::Result<()> { Ok(()) }
    /// #     fn close(&mut self, _: Token) {}
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn writable(&mut self, _context: &mut Context<Self>, token: Token) -> io::Result<()> {
    ///         if let Err(err) = self.flush(token) {
    ///             eprintln!("{token:?}: {err}");
    ///             self.close(token);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn writable(&mut self, context: &mut Context<Self>, token: Token) -> Result<(), Self::Error> {
        let _ = (context, token);
        Ok(())
    }

    /// Called for a token of [`Context::again`]: a callback has left the source before
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// By default it calls [`readable`](Self::readable). A handler that implements
    /// [`ready`](Self::ready), or that leaves a source while it writes, implements this too.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::{Token, event::Event};
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn serve(&mut self, _: &mut Context<Self>, _: Token) -> io::Result<()> { Ok(()) }
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn ready(
    ///         &mut self,
    ///         context: &mut Context<Self>,
    ///         token: Token,
    ///         _event: &Event,
    ///     ) -> io::Result<()> {
    ///         self.serve(context, token)
    ///     }
    ///
    ///     fn again(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
    ///         self.serve(context, token)
    ///     }
    /// }
    /// ```
    #[inline]
    fn again(&mut self, context: &mut Context<Self>, token: Token) -> Result<(), Self::Error> {
        self.readable(context, token)
    }

    /// Called for each message that a [`Sender`](crate::Sender) has sent.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = String;
    /// #     type Error = io::Error;
    ///     fn notify(&mut self, context: &mut Context<Self>, message: String) -> io::Result<()> {
    ///         if message == "quit" {
    ///             context.shutdown();
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn notify(
        &mut self,
        context: &mut Context<Self>,
        message: Self::Message,
    ) -> Result<(), Self::Error> {
        let _ = (context, message);
        Ok(())
    }

    /// Called for each timeout that is due. The timeout is no longer set.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::Token;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn close(&mut self, _: Token) {}
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = Token;
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn timeout(
    ///         &mut self,
    ///         _context: &mut Context<Self>,
    ///         connection: Token,
    ///     ) -> io::Result<()> {
    ///         self.close(connection);
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn timeout(
        &mut self,
        context: &mut Context<Self>,
        timeout: Self::Timeout,
    ) -> Result<(), Self::Error> {
        let _ = (context, timeout);
        Ok(())
    }

    /// Called for each delivered signal that [`Context::signals`] watches. Its default action has
    /// not happened: ending the program is up to the handler.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Delivered, Handler};
    /// # struct Server;
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn signal(
    ///         &mut self,
    ///         context: &mut Context<Self>,
    ///         delivered: Delivered,
    ///     ) -> io::Result<()> {
    ///         println!("{delivered}: ending");
    ///         context.shutdown();
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn signal(
        &mut self,
        context: &mut Context<Self>,
        signal: Delivered,
    ) -> Result<(), Self::Error> {
        let _ = (context, signal);
        Ok(())
    }

    /// Called when a signal handler, or another cause within the OS, has interrupted a poll.
    /// Nothing is lost and there is nothing to do: the error of that poll does not leave the loop.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server { interruptions: u32 }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn interrupted(&mut self, _context: &mut Context<Self>) -> io::Result<()> {
    ///         self.interruptions += 1;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn interrupted(&mut self, context: &mut Context<Self>) -> Result<(), Self::Error> {
        let _ = context;
        Ok(())
    }

    /// Called at the end of each iteration, before the next poll, for work that is done once per
    /// iteration, such as writing what the callbacks have collected.
    ///
    /// # Errors
    ///
    /// An error ends the [whole run](Self#errors-and-panics).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     fn flush_all(&mut self) {}
    /// # }
    /// impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    ///     fn tick(&mut self, _context: &mut Context<Self>) -> io::Result<()> {
    ///         self.flush_all();
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline]
    fn tick(&mut self, context: &mut Context<Self>) -> Result<(), Self::Error> {
        let _ = context;
        Ok(())
    }
}
