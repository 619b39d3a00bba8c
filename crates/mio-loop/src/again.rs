//! Calls to sources without an event, for callbacks that stop before `WouldBlock`.

use mio::Token;

use crate::{Context, Handler};

impl<H: Handler> Context<H> {
    /// Schedules a call of [`Handler::again`] for this token, after the batch of events. It needs
    /// no event.
    ///
    /// Use it for a source that a callback leaves before
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock), so that one busy peer does not starve the
    /// others. `again` is called at most once per iteration for each token. If this is called in a
    /// later [step](Handler#order) than the events, the call comes in the next iteration, whose
    /// poll does not wait. It does not come if the token is first deregistered,
    /// [forgotten](Self::forget) or registered again.
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

/// Terminates, because tokens that are added meanwhile belong to the next iteration.
pub(crate) fn again<H: Handler>(context: &mut Context<H>, handler: &mut H) -> Result<(), H::Error> {
    context.again.begin_turn();
    while let Some(token) = context.again.next_in_turn() {
        handler.again(context, token)?;
    }
    Ok(())
}
