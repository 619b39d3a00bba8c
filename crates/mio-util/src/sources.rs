//! Values by token. A stale token finds nothing.

use std::fmt;
use std::iter::FusedIterator;

use mio::Token;
use slab::Slab;

/// The bits of a token, from the lowest: the place of the value, the part, and the generation.
const PLACE_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const PART_BITS: u32 = if usize::BITS >= 64 { 3 } else { 2 };
const GENERATION_SHIFT: u32 = PLACE_BITS + PART_BITS;

const PLACE: usize = (1 << PLACE_BITS) - 1;
const PART: usize = (1 << PART_BITS) - 1;

/// Number of places. The last one is excluded, so that no token has all bits set: event loops
/// reserve the highest tokens for themselves.
const PLACES: usize = PLACE - 2;
const GENERATIONS: usize = (1 << (usize::BITS - GENERATION_SHIFT)) - 1;

/// Values by [`Token`], with tokens that are not reused.
///
/// Use it for the connections of a server, with the state of each. Finding, inserting and removing
/// a value takes constant time. A token holds the place of its value and a *generation*, a number
/// that each insertion increases. So the token of a removed value finds nothing, even if its place
/// is taken again: a late event, or a timeout that was not cleared, does not affect another value.
///
/// Generations start again after 2^29 - 1 insertions, or 1023 where a `usize` has 32 bits. Only
/// then can a token be reused, and only if its place is free.
///
/// # Several tokens for one value
///
/// A value may have several sources: a proxy has two sockets, a session a socket and a timer.
/// [`part`](Self::part) derives further tokens, which find the same value, and
/// [`part_of`](Self::part_of) returns the part of a token.
///
/// # Tokens of your own
///
/// Tokens below [`FIRST`](Self::FIRST) are never used here. Use them for sources that are stored
/// elsewhere, such as a listener or a waker.
///
/// # Examples
///
/// ```
/// use mio::Token;
/// use mio_util::Sources;
///
/// const LISTENER: Token = Token(0);
///
/// let mut sources = Sources::new();
/// let first = sources.insert("first");
/// assert_eq!(sources.get(first), Some(&"first"));
/// assert_eq!(sources.remove(first), Some("first"));
///
/// // The same place, but another token.
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

/// An iterator over the tokens and values of a [`Sources`], created by [`Sources::iter`].
pub struct Iter<'a, T> {
    entries: slab::Iter<'a, Entry<T>>,
}

/// An iterator over the tokens and mutable values of a [`Sources`], created by
/// [`Sources::iter_mut`].
pub struct IterMut<'a, T> {
    entries: slab::IterMut<'a, Entry<T>>,
}

/// An iterator that removes all values of a [`Sources`], created by [`Sources::drain`].
pub struct Drain<'a, T> {
    entries: slab::Drain<'a, Entry<T>>,
}

impl<T> Sources<T> {
    /// The first token that an insertion may return: 2^35, or 2^22 where a `usize` has 32 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::Sources;
    ///
    /// assert!(Sources::new().insert("any") >= Sources::<&str>::FIRST);
    /// ```
    pub const FIRST: Token = Token(1 << GENERATION_SHIFT);

    /// The highest token that an insertion may return. Those above are free for event loops.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::LAST.0 < usize::MAX - 2);
    /// ```
    pub const LAST: Token =
        Token(GENERATIONS << GENERATION_SHIFT | PART << PLACE_BITS | (PLACES - 1));

    /// The number of tokens that one value may have: 8, or 4 where a `usize` has 32 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::PARTS >= 4);
    /// ```
    pub const PARTS: usize = PART + 1;

    /// Creates an empty collection. Allocates nothing yet.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::new().is_empty());
    /// ```
    pub fn new() -> Sources<T> {
        Sources::with_capacity(0)
    }

    /// Creates an empty collection with room for `capacity` values before it allocates again.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::with_capacity(10).capacity() >= 10);
    /// ```
    pub fn with_capacity(capacity: usize) -> Sources<T> {
        Sources {
            entries: Slab::with_capacity(capacity),
            generation: 0,
        }
    }

    /// Inserts a value, and returns its token.
    ///
    /// # Panics
    ///
    /// Panics if there are 2^32 - 3 values (2^20 - 3 where a `usize` has 32 bits), or if there is
    /// not enough memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// assert_eq!(sources.get(token), Some(&"value"));
    /// ```
    pub fn insert(&mut self, value: T) -> Token {
        self.insert_with(|_| value)
    }

    /// Inserts the value that `make` returns for its token.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert_with(|token| token);
    /// assert_eq!(sources.get(token), Some(&token));
    /// ```
    pub fn insert_with(&mut self, make: impl FnOnce(Token) -> T) -> Token {
        let (token, vacant) = vacant(&mut self.entries, &mut self.generation);
        let value = make(token);
        vacant.insert(Entry { token, value });
        token
    }

    /// Inserts the value that `make` returns for its token, unless `make` fails. So `make` can
    /// register a source.
    ///
    /// # Errors
    ///
    /// Returns the error of `make`. Nothing is inserted then.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "net")]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio::{Interest, Poll, net::UdpSocket};
    /// # let poll = Poll::new()?;
    /// # let mut sources = mio_util::Sources::new();
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let token = sources.try_insert_with(|token| {
    ///     poll.registry().register(&mut socket, token, Interest::READABLE)?;
    ///     std::io::Result::Ok(socket)
    /// })?;
    /// assert!(sources.contains(token));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "net"))]
    /// # fn main() {}
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

    /// Returns the token of another source of the same value. Part 0 is the token that was handed
    /// out, and each part finds the value.
    ///
    /// # Panics
    ///
    /// Panics if `part` is not below [`PARTS`](Self::PARTS).
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::Sources;
    ///
    /// const CLIENT: usize = 0;
    /// const BACKEND: usize = 1;
    ///
    /// let mut sessions = Sources::new();
    /// let client = sessions.insert("a session");
    /// let backend = Sources::<&str>::part(client, BACKEND);
    /// assert_eq!(sessions.get(backend), Some(&"a session"));
    /// assert_eq!(Sources::<&str>::part_of(backend), BACKEND);
    /// assert_eq!(Sources::<&str>::part_of(client), CLIENT);
    /// ```
    pub fn part(token: Token, part: usize) -> Token {
        assert!(
            part <= PART,
            "part {part} of a token: there are {}",
            Self::PARTS
        );
        Token(token.0 & !(PART << PLACE_BITS) | part << PLACE_BITS)
    }

    /// Returns the part that a token refers to: 0 unless it comes from [`part`](Self::part).
    ///
    /// # Examples
    ///
    /// See [`part`](Self::part).
    pub fn part_of(token: Token) -> usize {
        token.0 >> PLACE_BITS & PART
    }

    /// Returns the value of a token, or `None` if the token is stale or unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert(1);
    /// assert_eq!(sources.get(token), Some(&1));
    /// assert_eq!(sources.get(mio::Token(0)), None);
    /// ```
    #[inline]
    pub fn get(&self, token: Token) -> Option<&T> {
        let entry = self.entries.get(token.0 & PLACE)?;
        (entry.token == first_part(token)).then_some(&entry.value)
    }

    /// Returns a mutable reference to the value of a token, or `None` as [`get`](Self::get) does.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert(1);
    /// *sources.get_mut(token).unwrap() += 1;
    /// assert_eq!(sources.remove(token), Some(2));
    /// ```
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        let entry = self.entries.get_mut(token.0 & PLACE)?;
        (entry.token == first_part(token)).then_some(&mut entry.value)
    }

    /// Removes and returns the value of a token. Its tokens are stale from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// assert_eq!(sources.remove(token), Some("value"));
    /// assert_eq!(sources.remove(token), None);
    /// ```
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get(token)?;
        let entry = self.entries.try_remove(token.0 & PLACE)?;
        Some(entry.value)
    }

    /// Returns `true` if there is a value for this token.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert(());
    /// assert!(sources.contains(token));
    /// ```
    pub fn contains(&self, token: Token) -> bool {
        self.get(token).is_some()
    }

    /// Returns the number of values.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// sources.insert(());
    /// assert_eq!(sources.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns `true` if there are no values.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of values that this can hold before it allocates again.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::Sources::<u8>::with_capacity(3).capacity() >= 3);
    /// ```
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Removes all values. Their tokens are stale from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// sources.clear();
    /// sources.insert("another");
    /// assert_eq!(sources.get(token), None);
    /// ```
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Removes the values for which `keep` returns `false`, after visiting all of them.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let odd = sources.insert(1);
    /// let even = sources.insert(2);
    /// sources.retain(|_token, value| *value % 2 == 0);
    /// assert!(sources.contains(even) && !sources.contains(odd));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(Token, &mut T) -> bool) {
        self.entries
            .retain(|_, entry| keep(entry.token, &mut entry.value));
    }

    /// Removes all values, and returns them with their tokens. Values that are not taken from the
    /// iterator are dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// assert!(sources.drain().eq([(token, "value")]));
    /// assert!(sources.is_empty());
    /// ```
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain {
            entries: self.entries.drain(),
        }
    }

    /// Returns an iterator over the tokens, in an unspecified order.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// assert!(sources.tokens().eq([token]));
    /// ```
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = Token> + '_ {
        self.iter().map(|(token, _)| token)
    }

    /// Returns an iterator over the tokens and values, in an unspecified order.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
    /// let token = sources.insert("value");
    /// assert!(sources.iter().eq([(token, &"value")]));
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            entries: self.entries.iter(),
        }
    }

    /// Returns an iterator like [`iter`](Self::iter) with mutable values.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut sources = mio_util::Sources::new();
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

    /// Returns an object that formats a token for logs: its place, its part, and its generation.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::Sources;
    ///
    /// let token = Sources::new().insert("value");
    /// assert_eq!(Sources::<&str>::display(token).to_string(), "0.0#1");
    /// assert_eq!(Sources::<&str>::display(mio::Token(7)).to_string(), "token 7");
    /// ```
    pub fn display(token: Token) -> impl fmt::Display + fmt::Debug {
        Readable(token)
    }
}

struct Readable(Token);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.0.0;
        match token >> GENERATION_SHIFT {
            0 => write!(f, "token {token}"),
            generation => {
                let (place, part) = (token & PLACE, token >> PLACE_BITS & PART);
                write!(f, "{place}.{part}#{generation}")
            }
        }
    }
}

impl fmt::Debug for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn first_part(token: Token) -> Token {
    Token(token.0 & !(PART << PLACE_BITS))
}

/// Returns the next place and its token.
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
    (Token(*generation << GENERATION_SHIFT | place), vacant)
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Sources::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Sources<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(token, value)| (Readable(token), value));
        f.debug_map().entries(entries).finish()
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

impl<T> Iterator for Drain<'_, T> {
    type Item = (Token, T);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        Some((entry.token, entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
impl<T> ExactSizeIterator for IterMut<'_, T> {}
impl<T> ExactSizeIterator for Drain<'_, T> {}
impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IterMut<'_, T> {}
impl<T> FusedIterator for Drain<'_, T> {}

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

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_wrap_above_the_tokens_of_the_program() {
        let mut sources = Sources::new();
        sources.generation = GENERATIONS - 1;
        let last = sources.insert("last");
        let last_part = Sources::<&str>::part(last, PART);
        assert!(last_part <= Sources::<&str>::LAST);
        assert_eq!(sources.remove(last_part), Some("last"));
        let first = sources.insert("first");
        assert_eq!(first, Sources::<&str>::FIRST);
        assert_eq!(sources.get(last), None);
        assert_eq!(sources.get(last_part), None);
    }
}
