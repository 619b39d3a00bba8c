//! A list that mostly has one element, which is stored inline.

#[derive(Debug)]
pub(super) struct Few<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Few<T> {
    pub(super) fn push(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.more.push(element);
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.more.pop().or_else(|| self.first.take())
    }

    /// Removes and returns the first match. Elements after it may move.
    pub(super) fn remove(&mut self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        if let Some(first) = self.first.take_if(|first| is_it(first)) {
            self.first = self.more.pop();
            return Some(first);
        }
        let index = self.more.iter().position(is_it)?;
        Some(self.more.swap_remove(index))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    /// Returns `true` if another element fits without allocating.
    pub(super) fn has_room(&self) -> bool {
        self.first.is_none() || self.more.len() < self.more.capacity()
    }

    /// Reserves room for `more` elements.
    pub(super) fn reserve(&mut self, more: usize) {
        self.more.reserve(more);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.more)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.more)
    }
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few {
            first: None,
            more: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_and_go() {
        let mut few = Few::default();
        assert!(few.is_empty() && few.has_room());
        few.push(1);
        assert!(!few.has_room());
        few.reserve(2);
        few.push(2);
        few.push(3);
        assert_eq!(few.remove(|element| *element == 1), Some(1));
        assert_eq!(few.remove(|element| *element == 1), None);
        few.iter_mut().for_each(|element| *element *= 10);
        let mut all: Vec<_> = few.iter().copied().collect();
        all.sort_unstable();
        assert_eq!(all, [20, 30]);
        assert_eq!(few.remove(|element| *element == 20), Some(20));
        assert_eq!(few.pop(), Some(30));
        assert!(few.is_empty());
        assert_eq!(few.pop(), None);
    }
}
