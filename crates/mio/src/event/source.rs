use std::io;

use crate::{Interest, Registry, Token};

/// A source of readiness events that can be registered with a [`Registry`].
///
/// Users call [`Registry::register`], [`Registry::reregister`] and [`Registry::deregister`], which
/// call these methods. A source of your own usually holds a source of this crate and forwards the
/// three calls, or it holds a raw descriptor and uses `SourceFd`.
///
/// An implementation must keep these rules:
///
/// * A call that fails leaves the source as it was: not registered, or registered as before.
/// * After [`deregister`](Source::deregister) has returned, no later poll delivers an event of this
///   source.
/// * A source may be dropped without being deregistered. Dropping deregisters the sockets of this
///   crate. A source over a borrowed descriptor should document the effect of dropping it.
///
/// # Examples
///
/// A named socket that is registered like the socket itself:
///
/// ```
/// # #[cfg(all(feature = "os-poll", feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io;
///
/// use mio::event::Source;
/// use mio::net::UdpSocket;
/// use mio::{Interest, Poll, Registry, Token};
///
/// struct Named {
///     name: &'static str,
///     socket: UdpSocket,
/// }
///
/// impl Source for Named {
///     fn register(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
///         self.socket.register(registry, token, interests)
///     }
///
///     fn reregister(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
///         self.socket.reregister(registry, token, interests)
///     }
///
///     fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
///         self.socket.deregister(registry)
///     }
/// }
///
/// let poll = Poll::new()?;
/// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut clock = Named { name: "clock", socket };
/// poll.registry().register(&mut clock, Token(1), Interest::READABLE)?;
/// println!("{} is registered", clock.name);
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
/// # fn main() {}
/// ```
pub trait Source {
    /// Registers this source. Called by [`Registry::register`], which lists the errors.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Replaces the token and the interests. Called by [`Registry::reregister`].
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Deregisters this source. Called by [`Registry::deregister`].
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;
}

impl<T> Source for Box<T>
where
    T: Source + ?Sized,
{
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        (**self).deregister(registry)
    }
}
