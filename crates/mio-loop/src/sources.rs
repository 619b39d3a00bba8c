//! Sources by token, so that a token of one that is gone is known as such.

use std::fmt;
use std::iter::FusedIterator;

use mio::Token;
use slab::Slab;

use crate::reserved::RESERVED;

/// The lower part of a token is the place of an entry, and the upper part its generation.
const PLACE_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const PLACE: usize = (1 << PLACE_BITS) - 1;

/// There are so many places. The last ones are left out, so that no token is one of the loop's own.
const PLACES: usize = PLACE - 2;
const GENERATIONS: usize = (1 << (usize::BITS - PLACE_BITS)) - 1;
const _: () = assert!((GENERATIONS << PLACE_BITS | (PLACES - 1)) < RESERVED);

/// Values by [`Token`], with tokens that are not used twice.
///
/// For the connections of a server, with whatever belongs to each. To find, insert and remove one
/// takes a time that does not depend on how many there are. A token has the place of the value and
/// a *generation*, a number that each insertion increases: so the token of a value that was removed
/// finds nothing, also when its place is taken again. That is what an event or a timeout has that
/// comes late.
///
/// Generations begin again after 2^32 - 1 insertions, and where a `usize` has 32 bits after 4095.
/// Only then can a token come again, and only if its place is free.
///
/// Tokens below [`FIRST`](Self::FIRST) are never handed out, and are yours for sources that are
/// found otherwise, such as a listener.
///
/// # Examples
///
/// ```
/// use mio::Token;
/// use mio_loop::Sources;
///
/// const LISTENER: Token = Token(0);
///
/// let mut sources = Sources::new();
/// let first = sources.insert("first");
/// assert_eq!(sources.get(first), Some(&"first"));
/// assert_eq!(sources.remove(first), Some("first"));
///
/// // In the same place, and yet another token.
/// let second = sources.insert("second");
/// assert_ne!(second, first);
/// assert_eq!(sources.get(first), None);
/// assert_ne!(second, LISTENER);
/// ```
#[derive(Clone)]
pub struct Sources<T> {
    entries: Slab<Entry<T>>,
    /// The generation of the last insertion.
    generation: usize,
}

#[derive(Clone)]
struct Entry<T> {
    token: Token,
    value: T,
}

/// The tokens and values of a [`Sources`], from [`Sources::iter`].
pub struct Iter<'a, T> {
    entries: slab::Iter<'a, Entry<T>>,
}

/// The tokens and values of a [`Sources`], to change these, from [`Sources::iter_mut`].
pub struct IterMut<'a, T> {
    entries: slab::IterMut<'a, Entry<T>>,
}

impl<T> Sources<T> {
    /// The first token that may be handed out: 2^32, or 2^20 where a `usize` has 32 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_loop::Sources;
    ///
    /// assert!(Sources::new().insert("any") >= Sources::<&str>::FIRST);
    /// ```
    pub const FIRST: Token = Token(1 << PLACE_BITS);

    /// Without any, and without allocating.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_loop::Sources::<u8>::new().is_empty());
    /// ```
    pub fn new() -> Sources<T> {
        Sources::with_capacity(0)
    }

    /// Without any, and with room for so many before it allocates again.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_loop::Sources::<u8>::with_capacity(10).capacity() >= 10);
    /// ```
    pub fn with_capacity(capacity: usize) -> Sources<T> {
        Sources {
            entries: Slab::with_capacity(capacity),
            generation: 0,
        }
    }

    /// Adds a value, and returns its token.
    ///
    /// # Panics
    ///
    /// If there are 2^32 - 3 values, or 2^20 - 3 where a `usize` has 32 bits, or no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert("value");
    /// assert_eq!(sources.get(token), Some(&"value"));
    /// ```
    pub fn insert(&mut self, value: T) -> Token {
        let (token, vacant) = vacant(&mut self.entries, &mut self.generation);
        vacant.insert(Entry { token, value });
        token
    }

    /// Adds the value that `make` returns, unless it fails. It is passed the token, so that it can
    /// register a source with it.
    ///
    /// # Errors
    ///
    /// That of `make`. Nothing is added then.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # use mio::{Interest, net::UdpSocket};
    /// # let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// # let mut sources = mio_loop::Sources::new();
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let token = sources.try_insert_with(|token| {
    ///     event_loop.register(&mut socket, token, Interest::READABLE)?;
    ///     std::io::Result::Ok(socket)
    /// })?;
    /// assert!(sources.contains(token));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_insert_with<E>(
        &mut self,
        make: impl FnOnce(Token) -> Result<T, E>,
    ) -> Result<Token, E> {
        let (token, vacant) = vacant(&mut self.entries, &mut self.generation);
        let value = make(token)?;
        vacant.insert(Entry { token, value });
        Ok(token)
    }

    /// The value of a token. `None` if it was removed, or the token is of another kind.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert(1);
    /// assert_eq!(sources.get(token), Some(&1));
    /// assert_eq!(sources.get(mio::Token(0)), None);
    /// ```
    #[inline]
    pub fn get(&self, token: Token) -> Option<&T> {
        let entry = self.entries.get(token.0 & PLACE)?;
        (entry.token == token).then_some(&entry.value)
    }

    /// The value of a token, to change it. `None` as in [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert(1);
    /// *sources.get_mut(token).unwrap() += 1;
    /// assert_eq!(sources.remove(token), Some(2));
    /// ```
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        let entry = self.entries.get_mut(token.0 & PLACE)?;
        (entry.token == token).then_some(&mut entry.value)
    }

    /// Takes a value out. Its token finds nothing from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert("value");
    /// assert_eq!(sources.remove(token), Some("value"));
    /// assert_eq!(sources.remove(token), None);
    /// ```
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get(token)?;
        let entry = self.entries.try_remove(token.0 & PLACE)?;
        Some(entry.value)
    }

    /// Whether there is a value with this token.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert(());
    /// assert!(sources.contains(token));
    /// ```
    pub fn contains(&self, token: Token) -> bool {
        self.get(token).is_some()
    }

    /// How many values there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// sources.insert(());
    /// assert_eq!(sources.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_loop::Sources::<u8>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many values there can be before it allocates.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_loop::Sources::<u8>::with_capacity(3).capacity() >= 3);
    /// ```
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Removes all. Their tokens find nothing from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert("value");
    /// sources.clear();
    /// sources.insert("another");
    /// assert_eq!(sources.get(token), None);
    /// ```
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// All tokens and values, in no order that means something.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert("value");
    /// assert!(sources.iter().eq([(token, &"value")]));
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            entries: self.entries.iter(),
        }
    }

    /// As [`iter`](Self::iter), to change the values.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_loop::Sources::new();
    /// let token = sources.insert(1);
    /// for (_, value) in sources.iter_mut() {
    ///     *value += 1;
    /// }
    /// assert_eq!(sources.get(token), Some(&2));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        IterMut {
            entries: self.entries.iter_mut(),
        }
    }
}

/// The next place and its token.
fn vacant<'a, T>(
    entries: &'a mut Slab<Entry<T>>,
    generation: &mut usize,
) -> (Token, slab::VacantEntry<'a, Entry<T>>) {
    let vacant = entries.vacant_entry();
    let place = vacant.key();
    assert!(
        place < PLACES,
        "there are {PLACES} sources, and no token for another one"
    );
    *generation = if *generation == GENERATIONS {
        1
    } else {
        *generation + 1
    };
    (Token(*generation << PLACE_BITS | place), vacant)
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Sources::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Sources<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a, T> IntoIterator for &'a Sources<T> {
    type Item = (Token, &'a T);
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Sources<T> {
    type Item = (Token, &'a mut T);
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> IterMut<'a, T> {
        self.iter_mut()
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = (Token, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        let (_, entry) = self.entries.next()?;
        Some((entry.token, &entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<'a, T> Iterator for IterMut<'a, T> {
    type Item = (Token, &'a mut T);

    fn next(&mut self) -> Option<Self::Item> {
        let (_, entry) = self.entries.next()?;
        Some((entry.token, &mut entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
impl<T> ExactSizeIterator for IterMut<'_, T> {}
impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IterMut<'_, T> {}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("len", &self.len()).finish()
    }
}

impl<T> fmt::Debug for IterMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_begin_again_above_the_programs_own_tokens() {
        let mut sources = Sources::new();
        sources.generation = GENERATIONS - 1;
        let last = sources.insert("last");
        assert!(last.0 < RESERVED);
        assert_eq!(sources.remove(last), Some("last"));
        let first = sources.insert("first");
        assert_eq!(first, Sources::<&str>::FIRST);
        assert_eq!(sources.get(last), None);
    }
}
