//! What every socket and pipe of this crate is made of: the std type, and what a selector has to
//! know of the I/O that is done with it.

#[cfg(debug_assertions)]
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::{fmt, io};

use crate::event::Source;
use crate::sys::{AsRawSource, Direction, SourceIo, SourceState};
use crate::{Interest, Registry, Token};

/// A source that is registered by its descriptor or socket and whose I/O goes through here.
///
/// Selectors that can't see a source being used up learn it from an operation that would have
/// blocked. Where all selectors can, this is as large as `T`.
pub(crate) struct IoSource<T> {
    /// First, because it is dropped first: the registration ends before the descriptor is closed.
    state: SourceState,
    /// The `Poll` it is registered with, so that mistakes are told as such in debug builds.
    #[cfg(debug_assertions)]
    registered_with: Option<NonZeroUsize>,
    io: T,
}

impl<T> IoSource<T> {
    pub(crate) fn new(io: T) -> IoSource<T> {
        IoSource {
            state: SourceState::default(),
            #[cfg(debug_assertions)]
            registered_with: None,
            io,
        }
    }

    /// An operation that takes data in, or a connection.
    #[inline]
    pub(crate) fn read_with<R>(&self, f: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Read, f)
    }

    /// As [`read_with`](Self::read_with), for a pipe: its end need not be the last one, because a
    /// pipe with a name may get another writer.
    #[cfg(unix)]
    #[inline]
    pub(crate) fn read_pipe_with(
        &self,
        f: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let result = self.read_with(f);
        if SourceState::REARMS && matches!(result, Ok(0)) {
            self.state.would_block(Direction::Read);
        }
        result
    }

    /// An operation that sends data out.
    #[inline]
    pub(crate) fn write_with<R>(&self, f: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Write, f)
    }

    /// An operation of the user's own, of which we don't know the direction.
    #[inline]
    pub(crate) fn try_io<R>(&self, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Unknown, |_| f())
    }

    /// Gives the std type back. The registration ends, except on epoll and kqueue, where it is the
    /// kernel's and lasts as long as the open socket.
    pub(crate) fn into_inner(self) -> T {
        self.io
    }

    #[inline]
    fn operate<R>(
        &self,
        direction: Direction,
        f: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = f(&self.io);
        if SourceState::REARMS {
            if let Err(err) = &result {
                if err.kind() == io::ErrorKind::WouldBlock {
                    self.state.would_block(direction);
                }
            }
        }
        result
    }
}

impl<T: AsRawSource> Source for IoSource<T> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        #[cfg(debug_assertions)]
        if let Some(id) = self.registered_with {
            return Err(mistake::registered_twice(id == registry.id()));
        }
        let io = SourceIo::Seen(&mut self.state);
        registry
            .selector()
            .register(self.io.as_raw_source(), io, token, interests)?;
        #[cfg(debug_assertions)]
        (self.registered_with = Some(registry.id()));
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        #[cfg(debug_assertions)]
        mistake::check_registered(self.registered_with, registry)?;
        let io = SourceIo::Seen(&mut self.state);
        registry
            .selector()
            .reregister(self.io.as_raw_source(), io, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        #[cfg(debug_assertions)]
        mistake::check_registered(self.registered_with, registry)?;
        let io = SourceIo::Seen(&mut self.state);
        registry
            .selector()
            .deregister(self.io.as_raw_source(), io)?;
        #[cfg(debug_assertions)]
        (self.registered_with = None);
        Ok(())
    }
}

/// What is done with the socket beside reading and writing is std's business.
impl<T> Deref for IoSource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.io
    }
}

impl<T: fmt::Debug> fmt::Debug for IoSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

/// The checks of debug builds. In release builds the system's own error has the same kind. Named
/// pipes, which know their `Poll`, are checked in every build.
#[cfg(any(debug_assertions, windows))]
pub(crate) mod mistake {
    use std::io::{Error, ErrorKind};
    #[cfg(debug_assertions)]
    use std::{io::Result, num::NonZeroUsize};

    #[cfg(debug_assertions)]
    use crate::Registry;

    pub(crate) fn registered_twice(same: bool) -> Error {
        let message = if same {
            "this source is registered already; `reregister` changes its token and its interests"
        } else {
            "this source is registered with another `Poll`; deregister it there first"
        };
        Error::new(ErrorKind::AlreadyExists, message)
    }

    pub(crate) fn not_registered(elsewhere: bool) -> Error {
        let message = if elsewhere {
            "this source is registered with another `Poll`, not with this one"
        } else {
            "this source is not registered; use `register` first"
        };
        Error::new(ErrorKind::NotFound, message)
    }

    #[cfg(debug_assertions)]
    pub(super) fn check_registered(
        registered_with: Option<NonZeroUsize>,
        registry: &Registry,
    ) -> Result<()> {
        match registered_with {
            Some(id) if id == registry.id() => Ok(()),
            other => Err(not_registered(other.is_some())),
        }
    }
}
