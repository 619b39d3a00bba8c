//! One type for the bounded and the unbounded queue.

use crossbeam_queue::{ArrayQueue, SegQueue};

use super::protocol::Queue;

#[derive(Debug)]
pub(super) enum Messages<T> {
    Bounded(ArrayQueue<T>),
    Unbounded(SegQueue<T>),
}

impl<T> Messages<T> {
    /// Creates a bounded queue. The capacity is not zero.
    pub(super) fn bounded(capacity: usize) -> Messages<T> {
        Messages::Bounded(ArrayQueue::new(capacity))
    }

    pub(super) fn unbounded() -> Messages<T> {
        Messages::Unbounded(SegQueue::new())
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match self {
            Messages::Bounded(queue) => Some(queue.capacity()),
            Messages::Unbounded(_) => None,
        }
    }
}

impl<T> Queue<T> for Messages<T> {
    fn push(&self, message: T) -> Result<(), T> {
        match self {
            Messages::Bounded(queue) => queue.push(message),
            Messages::Unbounded(queue) => {
                queue.push(message);
                Ok(())
            }
        }
    }

    fn pop(&self) -> Option<T> {
        match self {
            Messages::Bounded(queue) => queue.pop(),
            Messages::Unbounded(queue) => queue.pop(),
        }
    }
}
