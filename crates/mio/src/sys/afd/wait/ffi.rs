//! The system calls of wait completion packets, looked up on first use.

use std::ffi::c_void;
use std::io;
use std::mem;
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Win32::Foundation::{GENERIC_ALL, HANDLE, NTSTATUS};

use crate::sys::afd::ffi::{Found, check_nt, find_in_ntdll};
use crate::sys::afd::port::WAIT;

type Create =
    unsafe extern "system" fn(*mut HANDLE, access: u32, *const OBJECT_ATTRIBUTES) -> NTSTATUS;
type Associate = unsafe extern "system" fn(
    packet: HANDLE,
    port: HANDLE,
    target: HANDLE,
    key: *mut c_void,
    overlapped: *mut c_void,
    status: NTSTATUS,
    information: usize,
    is_signaled: *mut u8,
) -> NTSTATUS;
type Cancel = unsafe extern "system" fn(packet: HANDLE, remove: u8) -> NTSTATUS;

/// The three system calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    pub(super) create: Create,
    pub(super) associate: Associate,
    pub(super) cancel: Cancel,
}

impl Calls {
    /// Returns the calls, or `None` where Windows lacks them.
    pub(super) fn of_system() -> Option<Calls> {
        static CALLS: OnceLock<Option<Calls>> = OnceLock::new();
        *CALLS.get_or_init(Calls::find)
    }

    fn find() -> Option<Calls> {
        let create = find_in_ntdll(c"NtCreateWaitCompletionPacket")?;
        let associate = find_in_ntdll(c"NtAssociateWaitCompletionPacket")?;
        let cancel = find_in_ntdll(c"NtCancelWaitCompletionPacket")?;
        Some(Calls {
            // SAFETY: the manual documents this type for the function of this name.
            create: unsafe { mem::transmute::<Found, Create>(create) },
            // SAFETY: as above.
            associate: unsafe { mem::transmute::<Found, Associate>(associate) },
            // SAFETY: as above.
            cancel: unsafe { mem::transmute::<Found, Cancel>(cancel) },
        })
    }
}

/// `NtCreateWaitCompletionPacket(packet, GENERIC_ALL, NULL)`
pub(super) fn create(calls: Calls) -> io::Result<OwnedHandle> {
    let mut packet: RawHandle = ptr::null_mut();
    // SAFETY: the output parameter is on our stack, and there are no attributes.
    check_nt(unsafe { (calls.create)(&raw mut packet, GENERIC_ALL, ptr::null()) })?;
    // SAFETY: the handle was just created, and nobody else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(packet) })
}

/// `NtAssociateWaitCompletionPacket(packet, port, target, WAIT, id, 0, 0, NULL)`
///
/// The packet returns `id`, where the packet of an operation returns a pointer.
pub(super) fn associate(
    calls: Calls,
    packet: &OwnedHandle,
    port: BorrowedHandle<'_>,
    target: &OwnedHandle,
    id: usize,
) -> io::Result<()> {
    // SAFETY: all handles are open. The two non-null pointer arguments are numbers that the kernel
    // only returns.
    check_nt(unsafe {
        (calls.associate)(
            packet.as_handle().as_raw_handle(),
            port.as_raw_handle(),
            target.as_handle().as_raw_handle(),
            ptr::without_provenance_mut(WAIT),
            ptr::without_provenance_mut(id),
            0,
            0,
            ptr::null_mut(),
        )
    })
}

/// `NtCancelWaitCompletionPacket(packet, TRUE)`: also removes the packet from the port.
///
/// Ignores the error that there was nothing to cancel.
pub(super) fn cancel(calls: Calls, packet: &OwnedHandle) {
    // SAFETY: the handle is open.
    let _ = unsafe { (calls.cancel)(packet.as_handle().as_raw_handle(), 1) };
}
