//! Sources that have more to do although no event will say so.

use std::collections::HashSet;
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
    order: Vec<Token>,
    contained: HashSet<Token>,
    /// The list of the turn under way, kept for its memory.
    visiting: Vec<Token>,
}

impl ReadyList {
    /// Creates an empty list. Allocates nothing yet.
    pub fn new() -> ReadyList {
        ReadyList::default()
    }

    /// Creates an empty list with room for `capacity` tokens before it allocates again.
    pub fn with_capacity(capacity: usize) -> ReadyList {
        ReadyList {
            order: Vec::with_capacity(capacity),
            contained: HashSet::with_capacity(capacity),
            visiting: Vec::with_capacity(capacity),
        }
    }

    /// Adds a token to the next turn. Returns `false` if it is in the list already.
    pub fn insert(&mut self, token: Token) -> bool {
        let is_new = self.contained.insert(token);
        if is_new {
            self.order.push(token);
        }
        is_new
    }

    /// Removes a token, because its source has ended. Returns `false` if it is not in the list.
    ///
    /// Where tokens are not reused, as those of [`Sources`](crate::Sources), there is no need: the
    /// token finds nothing then.
    pub fn remove(&mut self, token: Token) -> bool {
        self.contained.remove(&token)
    }

    /// Calls `visit` for each token of the list once, in the order of insertion. A token that is
    /// inserted meanwhile is visited in the next turn, so this ends.
    pub fn visit(&mut self, mut visit: impl FnMut(Token, &mut ReadyList)) {
        let mut visiting = std::mem::replace(&mut self.order, std::mem::take(&mut self.visiting));
        for token in &visiting {
            if self.contained.remove(token) {
                visit(*token, self);
            }
        }
        visiting.clear();
        self.visiting = visiting;
    }

    /// Returns the timeout for the next poll: `otherwise`, or zero while the list is not empty.
    pub fn timeout(&self, otherwise: Option<Duration>) -> Option<Duration> {
        if self.is_empty() {
            otherwise
        } else {
            Some(Duration::ZERO)
        }
    }

    /// Returns `true` if no source waits for its turn.
    pub fn is_empty(&self) -> bool {
        self.contained.is_empty()
    }

    /// Returns the number of sources that wait for their turn.
    pub fn len(&self) -> usize {
        self.contained.len()
    }
}
