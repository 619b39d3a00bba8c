//! The real AFD device, opened through handles that are attached to the port.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::sync::Arc;

use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, STATUS_CANCELLED};

use crate::sys::afd::device::{Device, SocketHandle};
use crate::sys::afd::event::{ABORT, NativeEvent};
use crate::sys::afd::ffi::{self, PollInfo};
use crate::sys::afd::layers;
use crate::sys::afd::operation::{Complete, Operation, OperationId};
use crate::sys::afd::port::Port;
use crate::sys::afd::socket::Socket;

/// The part of a request that the kernel reads and writes, and the owner of the request.
pub(super) struct Request {
    pub(super) info: PollInfo,
    /// The owner; `None` while the request is idle.
    socket: Option<Arc<Socket<Port>>>,
}

impl Device for Port {
    type Afd = OwnedHandle;
    type Memory = Box<Operation<Request>>;
    type Id = OperationId;

    fn memory() -> Box<Operation<Request>> {
        Operation::new(Request {
            info: PollInfo::new(),
            socket: None,
        })
    }

    fn open(&self) -> io::Result<OwnedHandle> {
        let afd = ffi::open_afd()?;
        self.attach(afd.as_handle())?;
        // No thread waits on the handle itself.
        ffi::skip_event(afd.as_handle())?;
        Ok(afd)
    }

    fn base(&self, socket: SocketHandle) -> io::Result<SocketHandle> {
        layers::base(socket, ffi::socket_below)
    }

    fn has_duplicates(&self, base: SocketHandle) -> bool {
        ffi::handle_count(base).is_ok_and(|count| count > 1)
    }

    fn is_same(&self, one: SocketHandle, other: SocketHandle) -> bool {
        ffi::is_same_object(one, other).unwrap_or(false)
    }

    fn poll(
        &self,
        afd: &OwnedHandle,
        mut request: Box<Operation<Request>>,
        socket: &Arc<Socket<Port>>,
        base: SocketHandle,
        events: u32,
    ) -> Result<OperationId, (Box<Operation<Request>>, io::Error)> {
        request.data.info.ask(base, events);
        request.data.socket = Some(Arc::clone(socket));
        ffi::poll_afd(self, afd.as_handle(), request).map_err(|(mut request, err)| {
            request.data.socket = None;
            (request, err)
        })
    }

    fn cancel(afd: &OwnedHandle, request: OperationId) -> bool {
        ffi::cancel(afd.as_handle(), request)
    }

    fn interrupt(&self) -> io::Result<()> {
        self.post_wake()
    }

    fn is_closed(err: &io::Error) -> bool {
        err.raw_os_error() == Some(ERROR_INVALID_HANDLE as i32)
    }
}

impl Complete for Request {
    fn complete(mut operation: Box<Operation<Request>>) -> Option<NativeEvent> {
        let socket = operation.data.socket.take()?;
        let answer = match operation.status() {
            STATUS_CANCELLED => 0,
            // AFD failed the request, for instance because the network is gone.
            status if status < 0 => ABORT,
            _ => operation.data.info.answer(),
        };
        socket.take(operation.id(), operation, answer)
    }
}
