//! Sources with work left for which no event will come.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mio::Token;

/// The tokens of sources that stopped at their budget, each at most once.
///
/// A source in edge mode that is left before `WouldBlock`, so that one busy peer does not starve
/// the others, gets no event for the rest of its data. Insert its token, visit the list after each
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
    /// In the order of insertion, each with the number of its insertion. It also has removed
    /// entries, whose number differs from that in `contained`.
    order: VecDeque<(Token, u64)>,
    contained: HashMap<Token, u64>,
    /// The number of the next insertion.
    next: u64,
    /// The insertions from this number on belong to the next turn.
    turn_end: u64,
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
            order: VecDeque::with_capacity(capacity),
            contained: HashMap::with_capacity(capacity),
            ..ReadyList::default()
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
        let number = self.next;
        let is_new = *self.contained.entry(token).or_insert(number) == number;
        if is_new {
            self.order.push_back((token, number));
            self.next += 1;
        }
        is_new
    }

    /// Removes a token whose source has ended. Returns `false` if it is not in the list.
    ///
    /// Tokens that are not reused, such as those of [`Sources`](crate::Sources), need not be
    /// removed: a stale token finds no source.
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

    /// Calls `visit` once for each token of the list, in the order of insertion. A token that is
    /// inserted meanwhile is visited in the next turn, so this terminates.
    ///
    /// # Examples
    ///
    /// See [`ReadyList`].
    pub fn visit(&mut self, mut visit: impl FnMut(Token, &mut ReadyList)) {
        self.begin_turn();
        while let Some(token) = self.next_in_turn() {
            visit(token, self);
        }
    }

    /// Begins a turn: [`next_in_turn`](Self::next_in_turn) takes the tokens that are in the list
    /// now. It is for loops that [`visit`](Self::visit) does not fit: that need the list between
    /// two tokens, or that may stop early.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    /// use mio_util::ReadyList;
    ///
    /// let mut ready = ReadyList::new();
    /// ready.insert(Token(1));
    /// ready.insert(Token(2));
    /// ready.begin_turn();
    /// assert_eq!(ready.next_in_turn(), Some(Token(1)));
    /// ready.insert(Token(1));
    /// assert_eq!(ready.next_in_turn(), Some(Token(2)));
    /// assert_eq!(ready.next_in_turn(), None);
    /// assert_eq!(ready.len(), 1);
    /// ```
    pub fn begin_turn(&mut self) {
        self.turn_end = self.next;
    }

    /// Removes and returns the next token of the current turn, or `None` at its end. If the turn is
    /// left before its end, the rest stays in the list.
    pub fn next_in_turn(&mut self) -> Option<Token> {
        while let Some(&(token, number)) = self.order.front() {
            if number >= self.turn_end {
                break;
            }
            self.order.pop_front();
            if self.contained.get(&token) == Some(&number) {
                self.contained.remove(&token);
                return Some(token);
            }
        }
        None
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

    /// Returns `true` if no source is waiting for its turn.
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

    /// Returns the number of sources that are waiting for their turn.
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

    #[test]
    fn removed_and_reinserted_token_is_visited_once_per_turn() {
        let mut list = ReadyList::new();
        for number in [1, 2, 3] {
            list.insert(Token(number));
        }
        assert!(list.remove(Token(1)) && list.insert(Token(1)));
        let mut visited = Vec::new();
        list.visit(|token, list| {
            visited.push(token.0);
            if token == Token(2) {
                assert!(list.remove(Token(3)) && list.insert(Token(3)));
            }
            list.insert(token);
        });
        assert_eq!(visited, [2, 1], "3 is of the next turn");
        visited.clear();
        list.visit(|token, _| visited.push(token.0));
        assert_eq!(visited, [3, 2, 1]);
        assert!(list.is_empty());
    }

    #[test]
    fn turn_that_panics_keeps_the_rest() {
        let mut list = ReadyList::new();
        list.insert(Token(1));
        list.insert(Token(2));
        let visit = std::panic::AssertUnwindSafe(|| list.visit(|_, _| panic!("a visitor")));
        std::panic::catch_unwind(visit).unwrap_err();
        let mut visited = Vec::new();
        list.visit(|token, _| visited.push(token.0));
        assert_eq!(visited, [2]);
        assert!(list.insert(Token(2)));
    }

    #[test]
    fn removed_tokens_do_not_pile_up() {
        let mut list = ReadyList::new();
        for number in 0..1000 {
            list.insert(Token(number));
            assert!(list.remove(Token(number)) && !list.remove(Token(number)));
        }
        assert!(list.order.is_empty());
        assert_eq!(list.timeout(None), None);
    }
}
