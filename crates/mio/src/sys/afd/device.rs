//! The system calls of registered sockets, as a trait with plain types. With a fake device, the
//! tests of the registrations run on every platform.

use std::io;
use std::sync::Arc;

use crate::sys::afd::socket::Socket;

/// The number of a socket: its handle.
pub(super) type SocketHandle = usize;

/// AFD and the port that receives its packets.
///
/// Each started request ends with exactly one packet. The thread that polls passes it to
/// [`Socket::take`].
pub(super) trait Device: Sized + Send + Sync + 'static {
    /// A handle on AFD, for starting requests.
    type Afd: Send + Sync;
    /// The memory of one request. The kernel owns it while the request is in flight.
    type Memory: Send;
    /// The identity of a request in flight.
    type Id: Copy + PartialEq + Send;

    fn memory() -> Self::Memory;

    fn open(&self) -> io::Result<Self::Afd>;

    /// Returns the base socket, below all layered service providers.
    fn base(&self, socket: SocketHandle) -> io::Result<SocketHandle>;

    /// Returns `true` if another handle refers to this socket, in any process.
    fn has_duplicates(&self, base: SocketHandle) -> bool;

    /// Returns `true` if two handles refer to one socket.
    fn is_same(&self, one: SocketHandle, other: SocketHandle) -> bool;

    /// Starts a request that completes when the socket behind `base` has one of these events.
    fn poll(
        &self,
        afd: &Self::Afd,
        memory: Self::Memory,
        socket: &Arc<Socket<Self>>,
        base: SocketHandle,
        events: u32,
    ) -> Result<Self::Id, (Self::Memory, io::Error)>;

    /// Cancels a request, so that its packet arrives soon. Returns `false` if the request has ended
    /// already.
    fn cancel(afd: &Self::Afd, request: Self::Id) -> bool;

    /// Ends the wait of a thread that polls.
    fn interrupt(&self) -> io::Result<()>;

    /// Returns `true` for the error of a request on a closed handle.
    fn is_closed(err: &io::Error) -> bool;
}
