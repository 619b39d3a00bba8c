//! Many timers in one structure, whose next deadline limits the wait.

mod due;
mod slab;
mod slots;

use std::fmt;
use std::iter::FusedIterator;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use self::due::Due;
use self::slab::{Node, Place, Slab};
use self::slots::{Advance, Slots};

/// Any number of timers on one thread, without a system call and without a source.
///
/// Use it for a server with a timeout per connection: insert a timer when the connection is idle,
/// cancel it when data arrives, and wait no longer than until
/// [`next_deadline`](Self::next_deadline). Each timer has a payload, for example the token of the
/// connection. [`expire`](Self::expire) returns it once the deadline has passed.
///
/// The wheel does not read the clock. The caller passes the time in, so a program can read it once
/// per iteration, and a test need not wait.
///
/// # Order
///
/// No payload is returned before its deadline, compared to the `now` that was passed in. Payloads
/// come in the order of their deadlines, compared to the nanosecond. Those with the same deadline
/// come in the order in which they were inserted.
///
/// # Cost
///
/// A future timer is in a list of timers that expire at about the same time: inserting, cancelling
/// or rescheduling it changes that list. As its deadline approaches it moves to a finer list, at
/// most seven times in its life, and usually once or twice. The timers of the 17 milliseconds that
/// have begun are in a heap, which makes the order exact: each operation on one of `n` timers in
/// this tick takes O(log `n`) steps.
///
/// An empty wheel takes about 11 KiB. Its capacity grows like that of a [`Vec`], and does not
/// shrink: a wheel that has had `n` timers, or was created [`with_capacity`](Self::with_capacity)
/// of `n`, does not allocate for up to `n`. The heap has room for all timers, because all may fall
/// into one tick. It takes 32 bytes for each on a 64-bit platform, in addition to the timer itself.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, Instant};
///
/// use mio::{Events, Poll};
/// use mio_sources::timer::TimerWheel;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(16);
/// let mut timers = TimerWheel::new();
///
/// let start = Instant::now();
/// timers.insert(start + Duration::from_millis(20), "second");
/// timers.insert(start + Duration::from_millis(10), "first");
/// let never = timers.insert(start + Duration::from_secs(60), "never");
/// timers.cancel(never);
///
/// let mut expired = Vec::new();
/// while !timers.is_empty() {
///     poll.poll_until(&mut events, timers.next_deadline())?;
///     expired.extend(timers.expire(Instant::now()));
/// }
/// assert_eq!(expired, ["first", "second"]);
/// # Ok(())
/// # }
/// ```
pub struct TimerWheel<T> {
    /// Identifies the wheel, so that handles of other wheels are rejected.
    id: u32,
    /// The serial number of the next timer.
    serial: u64,
    slab: Slab<T>,
    slots: Slots,
    due: Due,
}

/// A handle to one timer of one [`TimerWheel`].
///
/// It never refers to a later timer: once its own has expired or was cancelled, it does nothing. It
/// does nothing in another wheel either.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// use mio_sources::timer::TimerWheel;
///
/// let now = Instant::now();
/// let mut timers = TimerWheel::new();
/// let first = timers.insert(now, "first");
/// assert_eq!(timers.cancel(first), Some("first"));
///
/// let second = timers.insert(now, "second");
/// assert_ne!(first, second);
/// assert_eq!(timers.cancel(first), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimerHandle {
    serial: u64,
    index: u32,
    wheel: u32,
}

/// An iterator over the payloads of expired timers, created by [`TimerWheel::expire`].
///
/// Payloads that are not taken from it stay in the wheel. The next call of `expire` returns them.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// use mio_sources::timer::TimerWheel;
///
/// let now = Instant::now();
/// let mut timers = TimerWheel::new();
/// for number in [1, 2, 3] {
///     timers.insert(now, number);
/// }
/// // Two per iteration, so that the rest of the program makes progress too.
/// assert!(timers.expire(now).take(2).eq([1, 2]));
/// assert!(timers.expire(now).take(2).eq([3]));
/// ```
pub struct Expired<'a, T> {
    wheel: &'a mut TimerWheel<T>,
    now: Instant,
}

impl<T> TimerWheel<T> {
    /// Creates a wheel without timers.
    ///
    /// It is efficient for deadlines from now until 2000 years from now. Other deadlines are kept
    /// in the same order, at the cost of a binary heap.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let timers = TimerWheel::<u64>::new();
    /// assert_eq!(timers.next_deadline(), None);
    /// ```
    pub fn new() -> TimerWheel<T> {
        TimerWheel::with_capacity(0)
    }

    /// Creates a wheel without timers that does not allocate until it has more than `capacity`.
    ///
    /// # Panics
    ///
    /// Panics if there is not enough memory for the capacity.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let timers = TimerWheel::<u64>::with_capacity(1000);
    /// assert!(timers.capacity() >= 1000);
    /// ```
    pub fn with_capacity(capacity: usize) -> TimerWheel<T> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let slab = Slab::with_capacity(capacity);
        TimerWheel {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            serial: 0,
            due: Due::with_capacity(slab.capacity()),
            slab,
            // The only read of the clock. It decides which list a timer is in, never when it
            // expires.
            slots: Slots::new(Instant::now()),
        }
    }

    /// Inserts a timer. The first [`expire`](Self::expire) with a `now` not before `deadline`
    /// returns `value`.
    ///
    /// A deadline may be in the past. The handle can be dropped if the timer will not be cancelled.
    ///
    /// # Panics
    ///
    /// Panics if the wheel has `u32::MAX` timers, or if there is not enough memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let now = Instant::now();
    /// let mut timers = TimerWheel::new();
    /// timers.insert(now + Duration::from_nanos(1), "soon");
    /// timers.insert(now, "now");
    /// assert_eq!(timers.expire(now).collect::<Vec<_>>(), ["now"]);
    /// ```
    pub fn insert(&mut self, deadline: Instant, value: T) -> TimerHandle {
        let serial = self.serial;
        self.serial += 1;
        let index = self.slab.insert(deadline, serial, value);
        self.due.make_room(self.slab.capacity());
        self.slots.insert(&mut self.slab, &mut self.due, index);
        TimerHandle {
            serial,
            index,
            wheel: self.id,
        }
    }

    /// Removes a timer and returns its payload, or `None` if it has expired or was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let mut timers = TimerWheel::new();
    /// let timer = timers.insert(Instant::now(), "timeout");
    /// assert_eq!(timers.cancel(timer), Some("timeout"));
    /// assert_eq!(timers.cancel(timer), None);
    /// ```
    pub fn cancel(&mut self, timer: TimerHandle) -> Option<T> {
        self.node(timer)?;
        self.take_out(timer.index);
        self.slab.remove(timer.index)
    }

    /// Changes the deadline of a timer. Returns `false` if it has expired or was cancelled.
    ///
    /// The handle stays valid. Among timers with the same deadline it keeps the order of its
    /// insertion.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let now = Instant::now();
    /// let mut timers = TimerWheel::new();
    /// let idle = timers.insert(now, "idle");
    /// assert!(timers.reschedule(idle, now + Duration::from_secs(30)));
    /// assert_eq!(timers.expire(now).next(), None);
    /// ```
    pub fn reschedule(&mut self, timer: TimerHandle, deadline: Instant) -> bool {
        if self.node(timer).is_none() {
            return false;
        }
        self.take_out(timer.index);
        self.slab.node_mut(timer.index).deadline = deadline;
        self.slots
            .insert(&mut self.slab, &mut self.due, timer.index);
        true
    }

    /// Returns the deadline of a timer, or `None` if it has expired or was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let now = Instant::now();
    /// let mut timers = TimerWheel::new();
    /// let timer = timers.insert(now, ());
    /// assert_eq!(timers.deadline(timer), Some(now));
    /// ```
    pub fn deadline(&self, timer: TimerHandle) -> Option<Instant> {
        Some(self.node(timer)?.deadline)
    }

    /// Returns the payload of a timer, or `None` if it has expired or was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let mut timers = TimerWheel::new();
    /// let timer = timers.insert(Instant::now(), "payload");
    /// assert_eq!(timers.get(timer), Some(&"payload"));
    /// ```
    pub fn get(&self, timer: TimerHandle) -> Option<&T> {
        self.node(timer)?;
        self.slab.value(timer.index)
    }

    /// Returns a mutable reference to the payload of a timer, or `None` if it has expired or was
    /// cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let mut timers = TimerWheel::new();
    /// let timer = timers.insert(Instant::now(), 1);
    /// if let Some(value) = timers.get_mut(timer) {
    ///     *value += 1;
    /// }
    /// assert_eq!(timers.cancel(timer), Some(2));
    /// ```
    pub fn get_mut(&mut self, timer: TimerHandle) -> Option<&mut T> {
        self.node(timer)?;
        self.slab.value_mut(timer.index)
    }

    /// Returns a moment before which no timer expires, or `None` if there are no timers.
    ///
    /// It is the deadline of the first timer, and never late. If that timer was cancelled or
    /// rescheduled, it may still be the old deadline. A program that wakes then finds nothing
    /// expired, and calling [`expire`](Self::expire) makes the value exact again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let now = Instant::now();
    /// let mut timers = TimerWheel::new();
    /// timers.insert(now + Duration::from_secs(3600), ());
    /// timers.insert(now + Duration::from_nanos(1), ());
    /// assert_eq!(timers.next_deadline(), Some(now + Duration::from_nanos(1)));
    /// ```
    #[inline]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.deadline().or_else(|| self.slots.earliest())
    }

    /// Returns an iterator over the payloads of all timers whose deadline is not after `now`, in
    /// order.
    ///
    /// The iterator removes a payload when it yields it: if it is dropped before its end, the rest
    /// stays for the next call. `now` may be earlier than in a former call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let now = Instant::now();
    /// let mut timers = TimerWheel::new();
    /// for nanos in [3, 1, 2] {
    ///     timers.insert(now + Duration::from_nanos(nanos), nanos);
    /// }
    /// let expired: Vec<_> = timers.expire(now + Duration::from_nanos(2)).collect();
    /// assert_eq!(expired, [1, 2]);
    /// ```
    #[inline]
    pub fn expire(&mut self, now: Instant) -> Expired<'_, T> {
        Expired { wheel: self, now }
    }

    /// Returns the number of timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use mio_sources::timer::TimerWheel;
    ///
    /// let mut timers = TimerWheel::new();
    /// timers.insert(Instant::now(), ());
    /// assert_eq!(timers.len(), 1);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Returns `true` if there are no timers.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_sources::timer::TimerWheel::<()>::new().is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of timers that the wheel can hold before it allocates.
    ///
    /// # Examples
    ///
    /// ```
    /// let timers = mio_sources::timer::TimerWheel::<()>::with_capacity(10);
    /// assert!(timers.capacity() >= 10);
    /// ```
    pub fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    fn node(&self, timer: TimerHandle) -> Option<&Node<T>> {
        if timer.wheel != self.id {
            return None;
        }
        self.slab.get(timer.index, timer.serial)
    }

    /// Removes a timer from its list or heap, and leaves it in the slab.
    fn take_out(&mut self, index: u32) {
        match self.slab.node(index).place {
            Place::Slot { .. } => self.slots.remove(&mut self.slab, index),
            Place::Due { at } => self.due.remove(&mut self.slab, at as usize),
            Place::Nowhere { .. } => {}
        }
    }

    fn pop(&mut self, now: Instant) -> Option<T> {
        loop {
            if let Some(index) = self.due.pop(&mut self.slab, now) {
                return self.slab.remove(index);
            }
            let waits = self.due.deadline().is_some();
            if waits || self.slots.advance(&mut self.slab, &mut self.due, now) == Advance::Nothing {
                return None;
            }
        }
    }
}

impl<T> Default for TimerWheel<T> {
    fn default() -> Self {
        TimerWheel::new()
    }
}

impl<T> fmt::Debug for TimerWheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerWheel")
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}

impl<T> Iterator for Expired<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.wheel.pop(self.now)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.wheel.len()))
    }
}

impl<T> FusedIterator for Expired<'_, T> {}

impl<T> fmt::Debug for Expired<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expired")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
