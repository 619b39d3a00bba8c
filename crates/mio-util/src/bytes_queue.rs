//! Contiguous bytes that are added at the end and removed from the front.

/// `storage[start..end]` are the bytes. The storage is initialized memory, so that it can be lent
/// to any reader.
pub(crate) struct BytesQueue {
    storage: Vec<u8>,
    start: usize,
    end: usize,
}

impl BytesQueue {
    pub(crate) const fn new() -> BytesQueue {
        BytesQueue {
            storage: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.storage[self.start..self.end]
    }

    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        assert!(
            count <= self.len(),
            "{count} bytes can't be consumed of {}",
            self.len()
        );
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Makes room for `least` bytes at the end without using more than `most` bytes of memory, and
    /// returns all the room that there is.
    ///
    /// It moves the bytes to the front only if the room before them is at least as large. So there
    /// is at least one consumed byte since the last move for each moved byte. With `most` at least
    /// twice the sum of `least` and the length, one of the three ways always gives the room.
    pub(crate) fn spare(&mut self, least: usize, most: usize) -> &mut [u8] {
        if self.storage.len() - self.end < least {
            if self.start >= self.len() && self.storage.len() - self.len() >= least {
                self.compact();
            } else {
                let wanted = (2 * self.storage.len()).max(self.len() + least);
                self.grow_to(wanted.min(most));
            }
        }
        &mut self.storage[self.end..]
    }

    /// Counts `count` bytes of the room at the end, which the caller has written, as data.
    pub(crate) fn extend_by(&mut self, count: usize) {
        assert!(count <= self.storage.len() - self.end);
        self.end += count;
    }

    pub(crate) fn grow_to(&mut self, size: usize) {
        if size > self.storage.len() {
            let mut storage = vec![0; size];
            storage[..self.len()].copy_from_slice(self.data());
            self.end = self.len();
            self.start = 0;
            self.storage = storage;
        }
    }

    fn compact(&mut self) {
        self.storage.copy_within(self.start..self.end, 0);
        self.end = self.len();
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(size: usize) -> BytesQueue {
        let mut queue = BytesQueue::new();
        queue.spare(size, size);
        queue.extend_by(size);
        queue
    }

    #[test]
    fn bytes_move_to_the_front_once_they_are_the_lesser_part() {
        let mut queue = filled(16);
        queue.consume(7);
        // 9 bytes would be moved, and 7 were consumed.
        queue.spare(1, 64);
        assert_eq!((queue.storage.len(), queue.start, queue.len()), (32, 0, 9));

        let mut queue = filled(16);
        queue.consume(8);
        queue.spare(1, 64);
        assert_eq!((queue.storage.len(), queue.start, queue.len()), (16, 0, 8));
    }

    #[test]
    fn memory_grows_to_its_bound_and_no_further() {
        let mut queue = filled(20);
        queue.consume(1);
        assert!(queue.spare(1, 32).len() > 1);
        assert_eq!(queue.storage.len(), 32);
        // With twice the sum of both there is always room.
        for round in 1..200 {
            let least = round % 5 + 1;
            let length = 16 - least;
            queue.consume(queue.len().saturating_sub(length));
            assert!(queue.spare(least, 32).len() >= least);
            queue.extend_by(least);
            assert_eq!(queue.storage.len(), 32);
        }
    }
}
