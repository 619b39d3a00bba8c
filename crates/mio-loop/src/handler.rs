//! What a program brings: the callbacks.

use std::io;

use mio::Token;
use mio::event::Event;
use mio_sources::signal::Delivered;

use crate::Context;

/// What an [`EventLoop`](crate::EventLoop) calls.
///
/// **An error that a callback returns ends the loop**, for all sources and not only for the one it
/// was called for. So `?` on the I/O of one connection, or of one datagram, lets any peer end the
/// program. Handle such an error in the callback, and return only those that the program can't go
/// on after; see [below](#errors-and-panics).
///
/// Each callback does nothing by default, except [`ready`](Self::ready), so a program writes those
/// that it needs. All are called on the thread that runs the loop, one at a time. Each gets the
/// [`Context`] of the loop, and may do there whatever can be done from outside: register,
/// reregister and deregister any source, also the one it is called for, set and clear timeouts, and
/// end the loop. It may also drop sources.
///
/// # Order
///
/// An iteration is one poll, and then:
///
/// 1. [`interrupted`](Self::interrupted), if a signal handler ended the poll; there are no events
///    then;
/// 2. [`ready`](Self::ready) for each event, in the system's order;
/// 3. [`again`](Self::again) once for each token of [`Context::again`], in the order in which they
///    were added;
/// 4. [`notify`](Self::notify) for messages, in the order in which they were sent, and at most as
///    many as the [builder](crate::Builder::messages_per_tick) was told;
/// 5. [`timeout`](Self::timeout) for each timeout that is due, in the order of the deadlines, and
///    for equal ones in the order in which they were set, whether or not they were reset since;
/// 6. [`signal`](Self::signal) for signals, 64 at most;
/// 7. [`tick`](Self::tick).
///
/// Events come before timeouts so that a connection is not found idle while its data is waiting.
///
/// # Nothing starves
///
/// Each of these steps has an end. Messages and signals that are over their budget come with the
/// next iteration, whose poll does not wait. So does a token that is added by [`Context::again`] in
/// `again` or later. A timeout that is set or reset in `timeout`, also for a moment that has
/// passed, comes with a later iteration, after those that are due by now. `ready` is called once
/// for each event. A callback that reads or writes without end keeps all else waiting, as the loop
/// can't interrupt it: stop after some operations, and call [`Context::again`], or have the source
/// registered with [`level`](mio::Interest::level).
///
/// # Sources that have ended
///
/// The events of one poll are in memory when the first callback begins. After a token was
/// deregistered through the [`Context`], no event of it from before is handed out any more, `again`
/// is not called for it, and a new source may take the token at once. A source that is to stay is
/// not deregistered and registered but reregistered: else a callback that does so in each batch
/// keeps it waiting.
///
/// Reregistering takes no event back. One that has been polled before is still handed out, and the
/// next poll tells what is ready then, which may be the same again. So a callback may find nothing
/// to do, and its operation says [`WouldBlock`](io::ErrorKind::WouldBlock); and an event from
/// before may tell of a direction that the source is no longer registered for. There is one
/// exception: if a source is reregistered in `readable`, without writing, `writable` does not
/// follow for the same event.
///
/// A source that is *dropped* ends without the loop's knowledge, so an event of it may still come
/// within the same batch, unless its token is registered again. Look the token up, best in a
/// [`Sources`](crate::Sources), which knows stale tokens, or call
/// [`Context::forget`](crate::Context::forget).
///
/// # Errors and panics
///
/// An error of a callback, and with it each `?` in a callback, ends the run: no further callback is
/// made, and [`run`](crate::EventLoop::run) returns it. If the loop is run again, it finishes the
/// iteration: it goes on with the next event of the same batch, or, if `again`, a message, a
/// timeout or a signal has failed, with the step after that one. What is left of that step comes
/// with the next iteration, so that messages which fail each time don't keep the timeouts waiting.
/// So it does after a panic that was caught. What is lost is what the callback that failed was
/// called for; and if that was `readable`, `writable` for the same event. To hear of an event
/// again, reregister the source: the next poll tells what is ready.
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
    /// What a timeout carries: what the handler needs to know when it comes, such as the token of a
    /// connection. `()` if there is nothing, or no timeout.
    type Timeout;

    /// What other threads send. `()` if there is nothing.
    type Message: Send;

    /// Why the loop has ended. [`io::Error`] will often do. An error of the system, which the loop
    /// itself may have, is made into one.
    type Error: From<io::Error>;

    /// A source has an event.
    ///
    /// By default it calls [`readable`](Self::readable) if the source is readable, priority data
    /// has come, the peer has ended, or there is an error
    /// ([`is_error`](mio::event::Event::is_error)): the next read returns what has happened. Then
    /// it calls [`writable`](Self::writable) if the source is writable or a write would fail,
    /// unless `readable` has deregistered or forgotten the token, or has reregistered it without
    /// writing. Both may be called for a source that is registered for one direction only. An event
    /// that is not writable always calls `readable`. Implement `ready` instead to look at the
    /// [`Event`] yourself.
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

    /// Something can be read, accepted or received, or reading would tell of an end or an error.
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

    /// Something can be written, or a connection has been made or has failed, or writing would tell
    /// of an error, such as that the reader of a pipe has gone.
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

    /// A source was left before [`WouldBlock`](io::ErrorKind::WouldBlock), and it is its turn: a
    /// callback has named its token in [`Context::again`].
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

    /// Another thread has sent a message, by a [`Sender`](crate::Sender).
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

    /// A timeout is due. It is not set any more.
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

    /// A signal that [`Context::signals`] was told to watch was delivered. What it does by default
    /// has not happened: to end the program for it is up to the handler.
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

    /// A poll was ended by a signal handler, or for another reason of the system's own. Nothing is
    /// lost and there is nothing to do: the error of that poll does not leave the loop.
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

    /// All else in this iteration is done, and the loop is about to poll. For what is done once per
    /// iteration, such as writing what the callbacks have put together.
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
