//! Keeps the registration of a source up to date, as its mode requires.

use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::Next;

/// The mode in which a source is reported, as in [`Interest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Each change of readiness once: [`Interest`]'s default.
    Edge,
    /// Each poll, as long as the source is ready: [`Interest::level`].
    Level,
    /// Once, until it is registered again: [`Interest::oneshot`].
    Oneshot,
}

/// The registration of one source. It makes the calls that its mode requires after each event.
///
/// | mode | after an event |
/// |---|---|
/// | [`Edge`](Mode::Edge) | nothing: the source is registered for both directions once |
/// | [`Level`](Mode::Level) | `reregister`, if the interest has changed |
/// | [`Oneshot`](Mode::Oneshot) | `reregister`, if there is an interest |
///
/// # Examples
///
/// ```
/// # #[cfg(all(unix, feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::Write;
///
/// use mio::{Events, Poll, Token};
/// use mio_util::{Connection, Mode, Registration};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let (stream, mut peer) = mio::net::UnixStream::pair()?;
/// let mut connection = Connection::new(stream, 1024);
/// let mut registration = Registration::new(Token(1), Mode::Level);
/// registration.register(poll.registry(), connection.stream_mut())?;
///
/// peer.write_all(b"data")?;
/// poll.poll(&mut events, None)?;
/// let next = connection.ready(|exchange| {
///     exchange.input.clear();
///     std::io::Result::Ok(())
/// })?;
/// registration.update(poll.registry(), connection.stream_mut(), &next)?;
/// # Ok(())
/// # }
/// # #[cfg(not(all(unix, feature = "net")))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Registration {
    token: Token,
    mode: Mode,
    current: Option<Interest>,
}

impl Registration {
    /// Creates the state of a source that is not registered yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    /// use mio_util::{Mode, Registration};
    ///
    /// let registration = Registration::new(Token(1), Mode::Oneshot);
    /// ```
    pub fn new(token: Token, mode: Mode) -> Registration {
        Registration {
            token,
            mode,
            current: None,
        }
    }

    /// Creates the state of a source that is registered already, for both directions in edge mode,
    /// such as a stream that a `Connector` has connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    /// use mio_util::Registration;
    ///
    /// let registration = Registration::of_registered(Token(1));
    /// ```
    pub fn of_registered(token: Token) -> Registration {
        Registration {
            token,
            mode: Mode::Edge,
            current: Some(Interest::READABLE | Interest::WRITABLE),
        }
    }

    /// Registers the source: for both directions in edge mode, else for reading.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Registry::register`].
    ///
    /// # Examples
    ///
    /// See [`Registration`].
    pub fn register(
        &mut self,
        registry: &Registry,
        source: &mut (impl Source + ?Sized),
    ) -> io::Result<()> {
        let interest = match self.mode {
            Mode::Edge => Interest::READABLE | Interest::WRITABLE,
            Mode::Level | Mode::Oneshot => Interest::READABLE,
        };
        self.set(registry, source, Some(interest))
    }

    /// Updates the registration to the interest that
    /// [`Connection::ready`](crate::Connection::ready) returned.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Registry::register`], `reregister` and `deregister`. The source
    /// stays registered as it was.
    ///
    /// # Examples
    ///
    /// See [`Registration`].
    pub fn update(
        &mut self,
        registry: &Registry,
        source: &mut (impl Source + ?Sized),
        next: &Next,
    ) -> io::Result<()> {
        let wanted = next.interest();
        match self.mode {
            Mode::Edge => Ok(()),
            // A level-triggered source without an interest would end each poll at once, so it is
            // deregistered.
            Mode::Level if wanted == self.current => Ok(()),
            Mode::Level => self.set(registry, source, wanted),
            // The event has disarmed it already.
            Mode::Oneshot if wanted.is_none() => Ok(()),
            Mode::Oneshot => self.set(registry, source, wanted),
        }
    }

    /// Deregisters the source, if it is registered.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Registry::deregister`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, Token};
    /// use mio_util::{Mode, Registration};
    ///
    /// let poll = Poll::new()?;
    /// let (mut stream, _peer) = mio::net::UnixStream::pair()?;
    /// let mut registration = Registration::new(Token(1), Mode::Edge);
    /// registration.register(poll.registry(), &mut stream)?;
    /// registration.deregister(poll.registry(), &mut stream)?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn deregister(
        &mut self,
        registry: &Registry,
        source: &mut (impl Source + ?Sized),
    ) -> io::Result<()> {
        self.set(registry, source, None)
    }

    fn set(
        &mut self,
        registry: &Registry,
        source: &mut (impl Source + ?Sized),
        wanted: Option<Interest>,
    ) -> io::Result<()> {
        match (self.current, wanted) {
            (None, None) => {}
            (Some(_), None) => registry.deregister(source)?,
            (None, Some(interest)) => registry.register(source, self.token, self.of(interest))?,
            (Some(_), Some(interest)) => {
                registry.reregister(source, self.token, self.of(interest))?;
            }
        }
        self.current = wanted;
        Ok(())
    }

    fn of(&self, interest: Interest) -> Interest {
        match self.mode {
            Mode::Edge => interest,
            Mode::Level => interest.level(),
            Mode::Oneshot => interest.oneshot(),
        }
    }
}
