//! The calls that registered sockets make, with plain types. So the registrations are tested over a
//! device of the tests' own, on any platform.

use std::io;
use std::sync::Arc;

use crate::sys::afd::socket::Socket;

/// The number of a socket: a handle.
pub(super) type SocketHandle = usize;

/// AFD, and the port that its packets come to.
///
/// Each request that was started ends with one packet, whatever happens meanwhile. Its packet is
/// handed to [`Socket::take`] by the thread that polls.
pub(super) trait Device: Sized + Send + Sync + 'static {
    /// A handle on AFD, through which requests are made.
    type Afd: Send + Sync;
    /// The memory of one request. The kernel owns it while the request is under way.
    type Memory: Send;
    /// Names a request that is under way.
    type Id: Copy + PartialEq + Send;

    fn memory() -> Self::Memory;

    fn open(&self) -> io::Result<Self::Afd>;

    /// The socket that AFD knows, below all that is layered above it.
    fn base(&self, socket: SocketHandle) -> io::Result<SocketHandle>;

    /// Returns whether another handle refers to this socket, in any process.
    fn has_duplicates(&self, base: SocketHandle) -> bool;

    /// Returns whether two handles refer to one socket.
    fn is_same(&self, one: SocketHandle, other: SocketHandle) -> bool;

    /// Starts a request that ends when the socket behind `base` has one of these events.
    fn poll(
        &self,
        afd: &Self::Afd,
        memory: Self::Memory,
        socket: &Arc<Socket<Self>>,
        base: SocketHandle,
        events: u32,
    ) -> Result<Self::Id, (Self::Memory, io::Error)>;

    /// Makes the packet of a request come now. Returns `false` if the request has ended already.
    fn cancel(afd: &Self::Afd, request: Self::Id) -> bool;

    /// Ends the wait of a thread that polls.
    fn interrupt(&self) -> io::Result<()>;

    /// Returns whether this is the error of a request for a handle that is closed.
    fn is_closed(err: &io::Error) -> bool;
}
