//! Sources that have more to do although no event will say so.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use mio::Token;

/// The tokens of sources that stopped at their budget, each at most once.
///
/// A source in edge mode that is left before `WouldBlock`, so that one busy peer does not starve
/// the others, gets no event for what is still there. Insert its token, visit the list after each
/// batch of events, and poll with [`timeout`](Self::timeout).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use mio::Token;
/// use mio_util::ReadyList;
///
/// let mut ready = ReadyList::new();
/// ready.insert(Token(7));
/// ready.insert(Token(7));
/// assert_eq!(ready.timeout(None), Some(Duration::ZERO));
///
/// let mut visited = Vec::new();
/// ready.visit(|token, ready| {
///     visited.push(token);
///     ready.insert(token); // It is still not done: next turn.
/// });
/// assert_eq!(visited, [Token(7)]);
/// assert!(!ready.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct ReadyList {
    /// With the number of the insertion: a token that was removed and inserted again has two
    /// entries, of which the last one counts.
    order: Vec<(Token, u64)>,
    contained: HashMap<Token, u64>,
    insertions: u64,
    /// The list of the turn under way, kept for its memory.
    visiting: Vec<(Token, u64)>,
}

impl ReadyList {
    /// Creates an empty list. Allocates nothing yet.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::ReadyList::new().is_empty());
    /// ```
    pub fn new() -> ReadyList {
        ReadyList::default()
    }

    /// Creates an empty list with room for `capacity` tokens before it allocates again.
    ///
    /// # Examples
    ///
    /// ```
    /// let ready = mio_util::ReadyList::with_capacity(1024);
    /// assert!(ready.is_empty());
    /// ```
    pub fn with_capacity(capacity: usize) -> ReadyList {
        ReadyList {
            order: Vec::with_capacity(capacity),
            contained: HashMap::with_capacity(capacity),
            insertions: 0,
            visiting: Vec::with_capacity(capacity),
        }
    }

    /// Adds a token to the next turn. Returns `false` if it is in the list already.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    ///
    /// let mut ready = mio_util::ReadyList::new();
    /// assert!(ready.insert(Token(1)));
    /// assert!(!ready.insert(Token(1)));
    /// ```
    pub fn insert(&mut self, token: Token) -> bool {
        let Entry::Vacant(entry) = self.contained.entry(token) else {
            return false;
        };
        self.insertions += 1;
        entry.insert(self.insertions);
        self.order.push((token, self.insertions));
        true
    }

    /// Removes a token, because its source has ended. Returns `false` if it is not in the list.
    ///
    /// Where tokens are not reused, as those of [`Sources`](crate::Sources), there is no need: the
    /// token finds nothing then.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    ///
    /// let mut ready = mio_util::ReadyList::new();
    /// ready.insert(Token(1));
    /// assert!(ready.remove(Token(1)));
    /// assert!(!ready.remove(Token(1)));
    /// ```
    pub fn remove(&mut self, token: Token) -> bool {
        let is_removed = self.contained.remove(&token).is_some();
        if self.contained.is_empty() {
            self.order.clear();
        }
        is_removed
    }

    /// Calls `visit` for each token of the list once, in the order of insertion. A token that is
    /// inserted meanwhile is visited in the next turn, so this ends.
    ///
    /// # Examples
    ///
    /// See [`ReadyList`].
    pub fn visit(&mut self, mut visit: impl FnMut(Token, &mut ReadyList)) {
        let mut visiting = std::mem::replace(&mut self.order, std::mem::take(&mut self.visiting));
        for (token, insertion) in &visiting {
            if self.contained.get(token) == Some(insertion) {
                self.contained.remove(token);
                visit(*token, self);
            }
        }
        visiting.clear();
        self.visiting = visiting;
    }

    /// Returns the timeout for the next poll: `otherwise`, or zero while the list is not empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mio::Token;
    ///
    /// let second = Duration::from_secs(1);
    /// let mut ready = mio_util::ReadyList::new();
    /// assert_eq!(ready.timeout(Some(second)), Some(second));
    /// ready.insert(Token(1));
    /// assert_eq!(ready.timeout(Some(second)), Some(Duration::ZERO));
    /// ```
    pub fn timeout(&self, otherwise: Option<Duration>) -> Option<Duration> {
        if self.is_empty() {
            otherwise
        } else {
            Some(Duration::ZERO)
        }
    }

    /// Returns `true` if no source waits for its turn.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    ///
    /// let mut ready = mio_util::ReadyList::new();
    /// assert!(ready.is_empty());
    /// ready.insert(Token(1));
    /// assert!(!ready.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.contained.is_empty()
    }

    /// Returns the number of sources that wait for their turn.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    ///
    /// let mut ready = mio_util::ReadyList::new();
    /// ready.insert(Token(1));
    /// assert_eq!(ready.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.contained.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(ready: &mut ReadyList, mut each: impl FnMut(usize, &mut ReadyList)) -> Vec<usize> {
        let mut visited = Vec::new();
        ready.visit(|token, ready| {
            visited.push(token.0);
            each(token.0, ready);
        });
        visited
    }

    #[test]
    fn token_that_was_removed_and_inserted_is_visited_once_per_turn() {
        let mut ready = ReadyList::new();
        assert!(ready.insert(Token(1)));
        assert!(ready.insert(Token(2)));
        assert!(!ready.insert(Token(2)));
        assert!(ready.remove(Token(1)));
        assert!(!ready.remove(Token(1)));
        assert!(ready.insert(Token(1)));
        assert_eq!(ready.len(), 2);
        let again = |token, ready: &mut ReadyList| {
            ready.insert(Token(token));
        };
        assert_eq!(turn(&mut ready, again), [2, 1]);
        assert_eq!(turn(&mut ready, again), [2, 1]);
        // Removed and inserted during the turn: next turn.
        let moved = turn(&mut ready, |token, ready| {
            if token == 2 {
                ready.remove(Token(1));
                ready.insert(Token(1));
            }
        });
        assert_eq!(moved, [2]);
        assert_eq!(turn(&mut ready, |_, _| {}), [1]);
        assert_eq!(ready.timeout(None), None);
        ready.insert(Token(5));
        assert_eq!(ready.timeout(None), Some(Duration::ZERO));
        ready.remove(Token(5));
        assert!(ready.is_empty() && turn(&mut ready, |_, _| {}).is_empty());
    }
}
