//! An operation of which one at a time is under way.

use std::io;
use std::sync::Arc;

use crate::sys::afd::operation::{Operation, OperationId};
use crate::sys::windows::named_pipe::background::Background;
use crate::sys::windows::named_pipe::operations::{Job, Owned, Work};

/// Where an operation is kept, and what is known of it while the kernel has it.
#[derive(Debug)]
pub(super) struct Slot<T> {
    /// `None` while the kernel has it.
    idle: Option<Job<T>>,
    under_way: Option<UnderWay>,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    id: OperationId,
    /// The system has done it already; only the packet is still to come.
    is_done: bool,
    /// It belongs to a connection that is over.
    is_stale: bool,
}

/// An operation that was handed to the kernel.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) id: OperationId,
    pub(super) is_done: bool,
}

/// How the start of an operation went. What was not started is handed back.
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

    /// What the operation is made of, unless the kernel has it.
    pub(super) fn work(&mut self) -> Option<&mut T> {
        self.idle.as_mut().map(|job| &mut job.data.work)
    }

    /// Has the operation started by `start`. Answers whether it was; not if it is under way.
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

    /// The packet has come. Answers whether it is of a connection that is over.
    pub(super) fn ended(&mut self, job: Job<T>) -> bool {
        self.idle = Some(job);
        let under_way = self.under_way.take();
        under_way.is_some_and(|under_way| under_way.is_stale)
    }

    /// What is under way belongs to a connection that is over.
    pub(super) fn make_stale(&mut self) {
        if let Some(under_way) = &mut self.under_way {
            under_way.is_stale = true;
        }
    }

    /// What is under way, unless only its packet is still to come.
    pub(super) fn unfinished(&self) -> Option<OperationId> {
        let under_way = self.under_way?;
        // The end of a connection has ended what was under way.
        let is_over = under_way.is_done || under_way.is_stale;
        (!is_over).then_some(under_way.id)
    }
}
