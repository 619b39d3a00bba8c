use std::io;
use std::sync::Arc;

use crate::Token;
use crate::sys::afd::selector::{Selector, Shared};
use crate::sys::selector;

/// Sets a flag and posts a packet. The poll that takes the packet creates the event.
#[derive(Debug)]
pub(crate) struct Waker {
    shared: Arc<Shared>,
}

impl selector::Waker for Waker {
    type Selector = Selector;

    fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        let shared = Arc::clone(selector.shared());
        shared.set_waker(token);
        Ok(Waker { shared })
    }

    fn wake(&self) -> io::Result<()> {
        self.shared.wake()
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.shared.unwake();
    }
}
