//! Tracks the events of the last poll: which are still to be delivered, and which are skipped.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use mio::Token;

/// Progress through the events that the last poll has returned.
///
/// A poll returns many events at once, and a callback for one of them may deregister the source of
/// another. The event of that source is in memory already and must be skipped.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Number of events that have been delivered. It survives a callback that fails or panics.
    pub(crate) begun: usize,
    /// Number of these that were the loop's own.
    pub(crate) own: usize,
    /// Set while there are undelivered events.
    pub(crate) is_open: bool,
    /// The token whose event is being delivered in two halves, unless its second half is cancelled.
    current: Option<Token>,
    /// Stale tokens, whose events are skipped. A set, because a callback may close thousands.
    ended: HashSet<Token, BuildHasherDefault<TokenHasher>>,
    /// Number of stale tokens that fit without allocating.
    room: usize,
}

impl Batch {
    /// Allocates for this many tokens. Allocates again only if more sources begin or end within one
    /// batch.
    pub(crate) fn with_capacity(events: usize) -> Batch {
        let ended = HashSet::with_capacity_and_hasher(events, BuildHasherDefault::default());
        Batch {
            begun: 0,
            own: 0,
            is_open: false,
            current: None,
            room: ended.capacity(),
            ended,
        }
    }

    pub(crate) fn open(&mut self) {
        self.is_open = true;
    }

    /// Closes a batch that has been delivered. Returns the number of events that were of sources.
    pub(crate) fn close(&mut self) -> usize {
        let count = self.begun - self.own;
        self.is_open = false;
        self.current = None;
        self.begun = 0;
        self.own = 0;
        if !self.ended.is_empty() {
            self.forget_ended();
        }
        count
    }

    #[cold]
    fn forget_ended(&mut self) {
        self.ended.clear();
        // Clearing costs what the set has room for, so one huge batch would slow down all later
        // ones.
        if self.ended.capacity() > 4 * self.room {
            self.ended.shrink_to(self.room);
        }
    }

    /// Begins the first half of this token's event.
    #[inline]
    pub(crate) fn begin(&mut self, token: Token) {
        self.current = Some(token);
    }

    /// Skips the remaining events of this token. Does nothing between two batches.
    pub(crate) fn end(&mut self, token: Token) {
        if self.current == Some(token) {
            self.current = None;
        }
        if self.is_open {
            self.ended.insert(token);
        }
    }

    /// Notes that the source of this token was reregistered.
    ///
    /// Its polled events are still delivered. If they were skipped, each batch could skip them
    /// again and starve the source. Only the writable half is dropped, if the source is no longer
    /// registered for writing.
    pub(crate) fn renew(&mut self, token: Token, is_writable: bool) {
        if self.current == Some(token) && !is_writable {
            self.current = None;
        }
    }

    /// Returns whether the second half of this token's event is still to be delivered.
    #[inline]
    pub(crate) fn goes_on(&self, token: Token) -> bool {
        self.current == Some(token)
    }

    #[inline]
    pub(crate) fn has_ended(&self, token: Token) -> bool {
        !self.ended.is_empty() && self.ended.contains(&token)
    }
}

/// A hasher of one multiplication. The program chooses its tokens itself, so no attacker makes them
/// collide.
#[derive(Debug, Default)]
struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = (self.0 ^ number as u64).wrapping_mul(ODD);
    }

    /// The high bits are the well-mixed ones, and the table takes its position from the low ones.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_known_until_the_batch_is_over() {
        let mut batch = Batch::with_capacity(4);
        batch.end(Token(1));
        assert!(!batch.has_ended(Token(1)), "there is no batch");
        batch.open();
        for number in 0..1000 {
            batch.end(Token(number << 16 | 7));
        }
        assert!(batch.has_ended(Token(999 << 16 | 7)));
        assert!(batch.has_ended(Token(7)) && !batch.has_ended(Token(8)));
        assert_eq!(batch.close(), 0);
        assert!(!batch.has_ended(Token(7)));
    }

    #[test]
    fn a_huge_batch_does_not_slow_the_later_ones() {
        let mut batch = Batch::with_capacity(4);
        for count in [1, 100_000, 1] {
            batch.open();
            (0..count).for_each(|number| batch.end(Token(number)));
            batch.close();
            let capacity = batch.ended.capacity();
            assert!((4..=4 * batch.room).contains(&capacity), "{capacity}");
        }
    }

    #[test]
    fn an_event_goes_on_after_its_source_was_renewed_for_writing() {
        let mut batch = Batch::with_capacity(4);
        batch.open();
        batch.begin(Token(1));
        batch.renew(Token(2), false);
        assert!(batch.goes_on(Token(1)));
        batch.renew(Token(1), true);
        assert!(batch.goes_on(Token(1)));
        batch.renew(Token(1), false);
        assert!(!batch.goes_on(Token(1)));
        batch.begin(Token(1));
        batch.end(Token(1));
        batch.renew(Token(1), true);
        assert!(!batch.goes_on(Token(1)), "another source has the token");
    }

    /// Otherwise it would never be written where each direction is an event of its own.
    #[test]
    fn what_was_renewed_has_not_ended() {
        let mut batch = Batch::with_capacity(4);
        batch.open();
        batch.begin(Token(1));
        for is_writable in [true, false] {
            batch.renew(Token(1), is_writable);
            batch.renew(Token(2), is_writable);
        }
        assert!(!batch.has_ended(Token(1)) && !batch.has_ended(Token(2)));
        batch.end(Token(2));
        batch.renew(Token(2), true);
        assert!(
            batch.has_ended(Token(2)),
            "its events are of another source"
        );
    }
}
