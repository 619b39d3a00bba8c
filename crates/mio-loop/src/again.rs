//! Sources that are called without an event, because a callback left them before `WouldBlock`.

use mio::Token;

use crate::{Context, Handler};

impl<H: Handler> Context<H> {
    /// Calls [`Handler::again`] with this token after the batch of events, although no event will
    /// ask for it.
    ///
    /// For a source that a callback leaves before [`WouldBlock`](std::io::ErrorKind::WouldBlock),
    /// so that one busy peer does not keep the others waiting. The handler is called at most once
    /// per iteration for each token: if this is called in a later [step](Handler#order) than the
    /// events, with the next iteration, whose poll does not wait. It is not called if the token is
    /// deregistered, [forgotten](Self::forget) or registered anew before its turn.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use mio::Token;
    /// # use mio_loop::{Context, Handler};
    /// # struct Server;
    /// # impl Server {
    /// #     /// Returns whether there may be more to read.
    /// #     fn read_some(&mut self, _: Token) -> bool { true }
    /// # }
    /// # impl Handler for Server {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = io::Error;
    /// fn readable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
    ///     // At most 16 reads.
    ///     if self.read_some(token) {
    ///         context.again(token);
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    pub fn again(&mut self, token: Token) {
        self.again.insert(token);
    }
}

/// Comes to an end, because tokens that are added meanwhile are of the next turn.
pub(crate) fn again<H: Handler>(context: &mut Context<H>, handler: &mut H) -> Result<(), H::Error> {
    context.again.begin_turn();
    while let Some(token) = context.again.next_in_turn() {
        handler.again(context, token)?;
    }
    Ok(())
}
