//! Which events of the last poll are still to be handed out, and which no more.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use mio::Token;

/// What is known of the events that the last poll has brought.
///
/// A poll brings many events at once, and a callback for one of them may deregister the source of
/// another. Its event is in memory already, and has to be passed over.
#[derive(Debug)]
pub(crate) struct Batch {
    /// How many have been handed out. It outlives a callback that fails or panics.
    pub(crate) begun: usize,
    /// How many of these were the loop's own.
    pub(crate) own: usize,
    /// There are events that have not been handed out.
    pub(crate) is_open: bool,
    /// Whose event is handed out in two halves at present, unless the second one is not to come.
    current: Option<Token>,
    /// Whose events are passed over. A set, because a callback may close thousands.
    ended: HashSet<Token, BuildHasherDefault<TokenHasher>>,
    /// How many of them fit from the start.
    room: usize,
}

impl Batch {
    /// Allocates for so many tokens, and not again unless more sources begin or end within
    /// one batch.
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

    /// All have been handed out. Returns how many of them were of sources.
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
        // To clear costs what the set has room for, so one huge batch would slow each later one.
        if self.ended.capacity() > 4 * self.room {
            self.ended.shrink_to(self.room);
        }
    }

    /// The first half of this token's event is handed out from here on.
    #[inline]
    pub(crate) fn begin(&mut self, token: Token) {
        self.current = Some(token);
    }

    /// What is left of this token's events is passed over. Between two batches there is nothing.
    pub(crate) fn end(&mut self, token: Token) {
        if self.current == Some(token) {
            self.current = None;
        }
        if self.is_open {
            self.ended.insert(token);
        }
    }

    /// The source of this token was reregistered. What has been polled of it is handed out all the
    /// same: if it were passed over, the next batch could do so again, and so on for ever. Only the
    /// half that tells of writing does not come if nothing is to be written any more.
    pub(crate) fn renew(&mut self, token: Token, is_writable: bool) {
        if self.current == Some(token) && !is_writable {
            self.current = None;
        }
    }

    /// Whether the second half of this token's event is to come.
    #[inline]
    pub(crate) fn goes_on(&self, token: Token) -> bool {
        self.current == Some(token)
    }

    #[inline]
    pub(crate) fn has_ended(&self, token: Token) -> bool {
        !self.ended.is_empty() && self.ended.contains(&token)
    }
}

/// One multiplication. The program chooses its tokens itself, so nobody makes them collide.
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

    /// The high bits are the good ones, and the table takes its place from the low ones.
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

    /// Or it would never be written where each direction is an event of its own.
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
