//! An operation that is in flight at most once at a time.

use std::io;
use std::sync::Arc;

use crate::sys::afd::operation::{Operation, OperationId};
use crate::sys::windows::named_pipe::background::Background;
use crate::sys::windows::named_pipe::operations::{Job, Owned, Work};

/// The storage of an operation, and its state while it is in flight.
#[derive(Debug)]
pub(super) struct Slot<T> {
    /// `None` while the kernel owns it.
    idle: Option<Job<T>>,
    under_way: Option<UnderWay>,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    id: OperationId,
    /// The operation has completed; only its packet is still to come.
    is_done: bool,
    /// The operation belongs to a connection that has ended.
    is_stale: bool,
}

/// An operation that the kernel has accepted.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) id: OperationId,
    pub(super) is_done: bool,
}

/// The result of starting an operation. On an error the operation is returned.
pub(super) type Starting<T> = Result<Started, (Job<T>, io::Error)>;

impl<T: Work> Slot<T> {
    pub(super) fn new(work: T) -> Slot<T> {
        Slot {
            idle: Some(Operation::new(Owned { owner: None, work })),
            under_way: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// Returns the data of the operation, unless it is in flight.
    pub(super) fn work(&mut self) -> Option<&mut T> {
        self.idle.as_mut().map(|job| &mut job.data.work)
    }

    /// Starts the operation with `start`. Returns `false` if it is in flight already.
    pub(super) fn start(
        &mut self,
        owner: &Arc<Background>,
        start: impl FnOnce(Job<T>) -> Starting<T>,
    ) -> io::Result<bool> {
        let Some(mut job) = self.idle.take() else {
            return Ok(false);
        };
        job.data.owner = Some(Arc::clone(owner));
        match start(job) {
            Ok(Started { id, is_done }) => {
                self.under_way = Some(UnderWay {
                    id,
                    is_done,
                    is_stale: false,
                });
                Ok(true)
            }
            Err((mut job, err)) => {
                job.data.owner = None;
                self.idle = Some(job);
                Err(err)
            }
        }
    }

    /// Stores the operation after its packet has arrived. Returns `true` if it is stale.
    pub(super) fn ended(&mut self, job: Job<T>) -> bool {
        self.idle = Some(job);
        let under_way = self.under_way.take();
        under_way.is_some_and(|under_way| under_way.is_stale)
    }

    /// Marks the operation in flight, if any, as stale: its connection has ended.
    pub(super) fn make_stale(&mut self) {
        if let Some(under_way) = &mut self.under_way {
            under_way.is_stale = true;
        }
    }

    /// Returns the operation in flight, unless it has completed and only its packet is still to
    /// come.
    pub(super) fn unfinished(&self) -> Option<OperationId> {
        let under_way = self.under_way?;
        // A stale operation has ended with its connection.
        let is_over = under_way.is_done || under_way.is_stale;
        (!is_over).then_some(under_way.id)
    }
}
