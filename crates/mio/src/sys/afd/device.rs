//! A handle on AFD, through which sockets are asked about.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::sync::atomic::AtomicUsize;

use crate::sys::afd::ffi;
use crate::sys::afd::operation::{Operation, OperationId};
use crate::sys::afd::port::Port;
use crate::sys::afd::socket::Request;

#[derive(Debug)]
pub(super) struct Device {
    handle: OwnedHandle,
    /// How many sockets it is for. [`group`](super::group) keeps count.
    pub(super) sockets: AtomicUsize,
}

impl Device {
    pub(super) fn open(port: &Port) -> io::Result<Device> {
        let handle = ffi::open_afd()?;
        port.attach(handle.as_handle())?;
        // Nobody waits for the handle itself.
        ffi::skip_event(handle.as_handle())?;
        Ok(Device {
            handle,
            sockets: AtomicUsize::new(0),
        })
    }

    /// Starts a request. Its packet comes to the port that the device was opened with.
    pub(super) fn poll(
        &self,
        port: &Port,
        request: Box<Operation<Request>>,
    ) -> Result<OperationId, (Box<Operation<Request>>, io::Error)> {
        ffi::poll_afd(port, self.handle.as_handle(), request)
    }

    /// Makes the packet of a request come now.
    pub(super) fn cancel(&self, request: OperationId) {
        ffi::cancel(self.handle.as_handle(), request);
    }
}
