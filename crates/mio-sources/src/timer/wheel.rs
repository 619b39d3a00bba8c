//! Many timers in one structure, of which the next one tells how long to wait.

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
/// For a server with a timeout per connection: put one in when the connection is idle, cancel it
/// when something arrives, and wait no longer than until [`next_deadline`](Self::next_deadline).
/// Each timer has a payload, for example the token of the connection, which
/// [`expire`](Self::expire) hands out when the deadline has come.
///
/// The wheel does not look at the clock. The time is passed in, so a program can take it once per
/// turn of its loop, and a test need not wait.
///
/// # Order
///
/// No payload is handed out before its deadline, by the `now` that was passed in. They come in the
/// order of their deadlines, compared to the nanosecond, and those with the same deadline in the
/// order in which they were inserted.
///
/// # Cost
///
/// A timer that lies ahead is in a list of those that expire about the same time: to insert, cancel
/// or reschedule it is a change of that list. While the time comes nearer it moves to a finer list,
/// at most seven times in its life, and mostly once or twice. The timers of the 17 milliseconds
/// that have begun are in a heap, which makes the order exact: to insert, cancel, reschedule or
/// hand out one of `n` that lie within this tick takes O(log `n`) steps.
///
/// An empty wheel takes about 11 KiB. Room for timers grows as a [`Vec`] does, and is not given
/// back: a wheel that has had `n` timers, or was made [`with_capacity`](Self::with_capacity) of
/// `n`, does not allocate for up to `n`. The heap has room for all of them, because all may fall
/// into one tick, and takes 32 bytes for each on a 64-bit system beside the timer itself.
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
    /// So that a handle of another wheel is known as such.
    id: u32,
    /// The serial number of the next timer.
    serial: u64,
    slab: Slab<T>,
    slots: Slots,
    due: Due,
}

/// Stands for one timer of one [`TimerWheel`].
///
/// It never stands for a later timer: once its own has expired or was cancelled it does nothing.
/// Nor does it in another wheel.
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

/// The payloads of the timers that have expired, from [`TimerWheel::expire`].
///
/// What is not taken out of it stays in the wheel, and comes with the next one.
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
/// // Two per turn, so that the rest of the program has its turn too.
/// assert!(timers.expire(now).take(2).eq([1, 2]));
/// assert!(timers.expire(now).take(2).eq([3]));
/// ```
pub struct Expired<'a, T> {
    wheel: &'a mut TimerWheel<T>,
    now: Instant,
}

impl<T> TimerWheel<T> {
    /// A wheel without timers.
    ///
    /// Works best for deadlines that are not before this moment and within 2000 years from it;
    /// others are kept in the same order, and cost what they cost in a binary heap.
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

    /// A wheel without timers, which does not allocate until it has more than `capacity`.
    ///
    /// # Panics
    ///
    /// If there is no memory for so many timers.
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
            // The one look at the clock: it decides which list a timer is in, never when it
            // expires.
            slots: Slots::new(Instant::now()),
        }
    }

    /// Adds a timer: `value` is handed out by the first [`expire`](Self::expire) with a `now` that
    /// is not before `deadline`.
    ///
    /// A deadline may be in the past. The handle can be thrown away if the timer will not be
    /// cancelled.
    ///
    /// # Panics
    ///
    /// If the wheel has `u32::MAX` timers, or if there is no memory.
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

    /// Takes a timer out, and gives its payload back. `None` if it has expired or was cancelled.
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

    /// Gives a timer another deadline. Returns whether there still was a timer.
    ///
    /// The handle stays good. Among timers with the same deadline its place is that of when it was
    /// inserted.
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

    /// The deadline of a timer. `None` if it has expired or was cancelled.
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

    /// The payload of a timer. `None` if it has expired or was cancelled.
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

    /// The payload of a timer, to change it. `None` if it has expired or was cancelled.
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

    /// When to look again: no timer expires before this. `None` if there are no timers.
    ///
    /// It is the deadline of the first timer. Only if the first one was cancelled or rescheduled it
    /// may still be the old deadline: a program that then wakes finds nothing expired, and calling
    /// [`expire`](Self::expire) makes it exact again. It is never late.
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

    /// Hands out the payloads of all timers whose deadline is not after `now`, in their order.
    ///
    /// A payload is taken out of the wheel when the iterator yields it: one that is not read to its
    /// end leaves the rest for the next. A `now` that is before an earlier one is no mistake, and
    /// expires what it should.
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

    /// How many timers there are.
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

    /// Whether there are no timers.
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

    /// How many timers there can be before the wheel has to allocate.
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

    /// Takes a timer out of where it waits, and leaves it in the slab.
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
