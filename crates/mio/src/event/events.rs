use std::{fmt, iter, slice};

use crate::event::Event;

/// The buffer that [`Poll::poll`](crate::Poll::poll) fills.
///
/// Create one and reuse it for every call. The kernel writes its records into this buffer, so a
/// poll neither allocates nor copies. The capacity limits the number of events per call; further
/// events are delivered by the next call. 1024 is a good size for a server, and 1 is enough to wait
/// for a single socket.
///
/// # Examples
///
/// ```
/// use mio::Events;
///
/// let events = Events::with_capacity(128);
/// assert!(events.is_empty());
/// assert_eq!(events.capacity(), 128);
/// for event in &events {
///     println!("{:?} is ready", event.token());
/// }
/// ```
pub struct Events {
    inner: Vec<Event>,
}

/// An iterator over [`Events`], in the order in which the OS reported them.
///
/// # Examples
///
/// ```
/// let events = mio::Events::with_capacity(8);
/// let ready = events.iter().filter(|event| event.is_readable()).count();
/// assert_eq!(ready, 0);
/// ```
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    inner: slice::Iter<'a, Event>,
}

impl Events {
    /// No OS accepts a buffer of more than `i32::MAX` bytes. Checked once here instead of in each
    /// poll.
    const MOST: usize = i32::MAX as usize / size_of::<Event>();

    /// Creates an empty buffer with room for `capacity` events, but for no more than fit into two
    /// gigabytes.
    ///
    /// With a capacity of 0, [`Poll::poll`](crate::Poll::poll) fails with
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput).
    ///
    /// # Examples
    ///
    /// ```
    /// let events = mio::Events::with_capacity(1024);
    /// # drop(events);
    /// ```
    pub fn with_capacity(capacity: usize) -> Events {
        Events {
            inner: Vec::with_capacity(capacity.min(Events::MOST)),
        }
    }

    /// Returns the maximum number of events that one poll delivers.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(mio::Events::with_capacity(16).capacity(), 16);
    /// ```
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Returns `true` if the buffer holds no event: the timeout ended the poll, or there was no
    /// poll yet.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Events::with_capacity(16).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Returns an iterator over the events of the last poll. `for event in &events` does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// let events = mio::Events::with_capacity(16);
    /// assert_eq!(events.iter().count(), 0);
    /// ```
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            inner: self.inner.iter(),
        }
    }

    /// Removes all events. [`Poll::poll`](crate::Poll::poll) does this itself before it waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut events = mio::Events::with_capacity(16);
    /// events.clear();
    /// assert!(events.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.inner.clear();
    }

    /// Returns the buffer into which the selector writes its records.
    pub(crate) fn buffer(&mut self) -> &mut Vec<Event> {
        &mut self.inner
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Event;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }

    fn count(self) -> usize {
        self.inner.count()
    }
}

impl iter::ExactSizeIterator for Iter<'_> {}

impl iter::FusedIterator for Iter<'_> {}

/// Lists the events.
impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
