//! The system calls of the AFD selector.

use std::ffi::{CStr, c_void};
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Wdk::Foundation::{NtQueryObject, OBJECT_ATTRIBUTES, ObjectBasicInformation};
use windows_sys::Wdk::Storage::FileSystem::{FILE_OPEN, NtCreateFile};
use windows_sys::Wdk::System::IO::NtDeviceIoControlFile;
use windows_sys::Win32::Foundation::{
    HANDLE, INVALID_HANDLE_VALUE, NTSTATUS, RtlNtStatusToDosError, STATUS_SUCCESS, UNICODE_STRING,
    WAIT_TIMEOUT,
};
use windows_sys::Win32::Networking::WinSock::{
    SIO_BASE_HANDLE, SIO_BSP_HANDLE, SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE_SELECT, SOCKET_ERROR,
    WSAGetLastError, WSAIoctl,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, FILE_SHARE_WRITE, SYNCHRONIZE, SetFileCompletionNotificationModes,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatusEx, IO_STATUS_BLOCK,
    OVERLAPPED_ENTRY, PostQueuedCompletionStatus,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::WindowsProgramming::{
    FILE_SKIP_SET_EVENT_ON_HANDLE, PUBLIC_OBJECT_BASIC_INFORMATION,
};

use crate::event::Event;
use crate::sys::afd::device::SocketHandle;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::layers::Below;
use crate::sys::afd::operation::{self, Complete, Operation, OperationId};
use crate::sys::afd::port::{self, Port};
use crate::sys::afd::requests::Request;
#[cfg(feature = "os-ext")]
use crate::sys::afd::users::{Key, Users};
use crate::sys::windows::check;

/// `CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0)`
pub(super) fn create_port() -> io::Result<OwnedHandle> {
    // SAFETY: without a file the call creates a new port.
    let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 0) };
    if port.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle was just created, and nobody else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(port) })
}

/// `CreateIoCompletionPort(handle, port, key, 0)`
pub(super) fn attach(
    port: BorrowedHandle<'_>,
    handle: BorrowedHandle<'_>,
    key: usize,
) -> io::Result<()> {
    // SAFETY: both handles are open.
    let result =
        unsafe { CreateIoCompletionPort(handle.as_raw_handle(), port.as_raw_handle(), key, 0) };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `PostQueuedCompletionStatus(port, 0, key, NULL)`
pub(super) fn post(port: BorrowedHandle<'_>, key: usize) -> io::Result<()> {
    // SAFETY: the port is open, and the key is a number that the packet returns.
    check(unsafe { PostQueuedCompletionStatus(port.as_raw_handle(), 0, key, ptr::null()) })
}

/// `PostQueuedCompletionStatus(port, 0, OPERATION, operation)`
pub(super) fn post_operation<T: Complete>(
    port: &Port,
    handle: BorrowedHandle<'_>,
    operation: Box<Operation<T>>,
) -> Result<OperationId, (Box<Operation<T>>, io::Error)> {
    port.start(operation, |overlapped, _| {
        // SAFETY: the port is open, and the operation does not move until its packet is taken.
        check(unsafe {
            PostQueuedCompletionStatus(handle.as_raw_handle(), 0, port::OPERATION, overlapped)
        })
    })
}

/// Completion packets in the buffer of events, which [`deliver`](Self::deliver) replaces by events.
pub(super) struct Packets<'a> {
    events: &'a mut Vec<Event>,
    count: usize,
}

/// One completion packet.
pub(super) enum Packet<'a> {
    Operation(OperationPacket<'a>),
    #[cfg(feature = "os-ext")]
    User(UserPacket<'a>),
    Wake,
    /// The packet of a wait completion packet, with the number from its association.
    Wait(usize),
}

/// The packet of an operation that this crate started.
pub(super) struct OperationPacket<'a>(&'a OVERLAPPED_ENTRY);

/// The packet of an operation on a user's handle. Anybody may have started the operation.
#[cfg(feature = "os-ext")]
pub(super) struct UserPacket<'a>(&'a OVERLAPPED_ENTRY);

/// `GetQueuedCompletionStatusEx(port, events, capacity, count, milliseconds, FALSE)`
pub(super) fn wait<'a>(
    port: BorrowedHandle<'_>,
    events: &'a mut Vec<Event>,
    milliseconds: u32,
) -> io::Result<Packets<'a>> {
    const {
        assert!(size_of::<Event>() == size_of::<OVERLAPPED_ENTRY>());
        assert!(align_of::<Event>() == align_of::<OVERLAPPED_ENTRY>());
    };
    events.clear();
    let capacity = u32::try_from(events.capacity()).unwrap_or(u32::MAX);
    let buffer = events.as_mut_ptr().cast::<OVERLAPPED_ENTRY>();
    let mut count = 0;
    // SAFETY: the buffer is exclusively ours and has room for `capacity` entries. An entry is as
    // long as an event.
    let result = check(unsafe {
        GetQueuedCompletionStatusEx(
            port.as_raw_handle(),
            buffer,
            capacity,
            &raw mut count,
            milliseconds,
            0,
        )
    });
    let count = match result {
        Ok(()) => count as usize,
        Err(err) if err.raw_os_error() == Some(WAIT_TIMEOUT as i32) => 0,
        Err(err) => return Err(err),
    };
    Ok(Packets { events, count })
}

impl Packets<'_> {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Replaces the packets, in their order, by the events that `event` returns for them.
    pub(super) fn deliver(self, mut event: impl FnMut(Packet<'_>) -> Option<NativeEvent>) {
        let Packets { events, count } = self;
        let buffer = events.as_mut_ptr();
        for index in 0..count {
            // SAFETY: the buffer has room for at least `count` entries.
            let entry = unsafe { buffer.add(index) }.cast::<OVERLAPPED_ENTRY>();
            // SAFETY: the call has written `count` entries. No event was written over this one,
            // because there are at most as many events as entries read.
            let entry = unsafe { entry.read() };
            let packet = match entry.lpCompletionKey {
                port::WAKE => Packet::Wake,
                port::WAIT => Packet::Wait(entry.lpOverlapped as usize),
                port::OPERATION => Packet::Operation(OperationPacket(&entry)),
                #[cfg(feature = "os-ext")]
                _ => Packet::User(UserPacket(&entry)),
                // Without `os-ext` there are no other keys.
                #[cfg(not(feature = "os-ext"))]
                _ => continue,
            };
            if let Some(native) = event(packet) {
                #[cfg(feature = "os-ext")]
                if native.merges() && native.merge_into(events) {
                    continue;
                }
                // There is room: at most `count` events, which is at most the capacity.
                events.push(Event::from_native(native));
            }
        }
    }
}

impl OperationPacket<'_> {
    /// Passes the operation back to its owner.
    pub(super) fn complete(self) -> Option<NativeEvent> {
        // SAFETY: an `OperationPacket` exists once for each packet of an operation that `Port` has
        // started, and for no others. Such a packet has the key of handles that only this crate
        // uses, was posted with that key, or was expected with a user's key.
        unsafe { operation::complete(self.0) }
    }
}

#[cfg(feature = "os-ext")]
impl<'a> UserPacket<'a> {
    /// Returns `None` if somebody else started the operation. Then the pointer may be null, and is
    /// never dereferenced.
    pub(super) fn ours(self, users: &Users) -> Option<OperationPacket<'a>> {
        let operation = OperationId::of(self.0.lpOverlapped);
        let is_ours = users.take(Key(self.0.lpCompletionKey), operation);
        is_ours.then_some(OperationPacket(self.0))
    }
}

/// The input and output of an AFD poll request: `AFD_POLL_INFO` with one handle.
#[derive(Debug)]
#[repr(C)]
pub(super) struct PollInfo {
    timeout: i64,
    count: u32,
    exclusive: u32,
    handle: SocketHandle,
    events: u32,
    status: NTSTATUS,
}

impl PollInfo {
    pub(super) fn new() -> PollInfo {
        PollInfo {
            timeout: i64::MAX,
            count: 0,
            exclusive: 0,
            handle: 0,
            events: 0,
            status: 0,
        }
    }

    pub(super) fn ask(&mut self, socket: SocketHandle, events: u32) {
        *self = PollInfo {
            count: 1,
            handle: socket,
            events,
            ..PollInfo::new()
        };
    }

    /// Returns the events of the result.
    pub(super) fn answer(&self) -> u32 {
        if self.count == 0 { 0 } else { self.events }
    }
}

/// `NtCreateFile("\Device\Afd\Mio")`
///
/// Any name below the device opens it. The handle is for poll requests and is not a socket, because
/// no socket attributes are passed.
pub(super) fn open_afd() -> io::Result<OwnedHandle> {
    const NAME: &[u16] = &{
        let ascii = *br"\Device\Afd\Mio";
        let mut name = [0; 15];
        let mut index = 0;
        while index < name.len() {
            name[index] = ascii[index] as u16;
            index += 1;
        }
        name
    };
    let bytes = mem::size_of_val(NAME) as u16;
    let name = UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: NAME.as_ptr().cast_mut(),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: &raw const name,
        Attributes: 0,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    let mut handle: RawHandle = ptr::null_mut();
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: all pointers are to our stack or to a constant, which the call only reads.
    check_nt(unsafe {
        NtCreateFile(
            &raw mut handle,
            SYNCHRONIZE,
            &raw const attributes,
            &raw mut status,
            ptr::null(),
            0,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            FILE_OPEN,
            0,
            ptr::null(),
            0,
        )
    })?;
    // SAFETY: the handle was just created, and nobody else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `SetFileCompletionNotificationModes(handle, FILE_SKIP_SET_EVENT_ON_HANDLE)`
pub(super) fn skip_event(handle: BorrowedHandle<'_>) -> io::Result<()> {
    let modes = FILE_SKIP_SET_EVENT_ON_HANDLE as u8;
    // SAFETY: the handle is open.
    check(unsafe { SetFileCompletionNotificationModes(handle.as_raw_handle(), modes) })
}

/// `NtDeviceIoControlFile(afd, NULL, NULL, overlapped, status, IOCTL_AFD_POLL, info, info)`
///
/// A packet arrives even if the request completes at once.
pub(super) fn poll_afd(
    port: &Port,
    afd: BorrowedHandle<'_>,
    request: Box<Operation<Request>>,
) -> Result<OperationId, (Box<Operation<Request>>, io::Error)> {
    const IOCTL_AFD_POLL: u32 = 0x0001_2024;
    let length = size_of::<PollInfo>() as u32;
    port.start(request, |overlapped, request| {
        // SAFETY: the kernel owns the request until its packet is taken, so the place is valid for
        // as long as it is used.
        let info = unsafe { &raw mut (*request).info }.cast::<c_void>();
        // An `OVERLAPPED` begins with an `IO_STATUS_BLOCK`.
        let block = overlapped.cast::<IO_STATUS_BLOCK>();
        // SAFETY: as above, for all pointers; the handle is open, and attached to this port.
        let status = unsafe {
            NtDeviceIoControlFile(
                afd.as_raw_handle(),
                ptr::null_mut(),
                None,
                overlapped.cast::<c_void>(),
                block,
                IOCTL_AFD_POLL,
                info,
                length,
                info,
                length,
            )
        };
        // A packet arrives for a success and for a warning.
        if is_error(status) {
            check_nt(status)
        } else {
            Ok(())
        }
    })
}

/// `NT_ERROR(status)`: neither a success nor a warning.
fn is_error(status: NTSTATUS) -> bool {
    const SEVERITY: u32 = 0xC000_0000;
    status as u32 & SEVERITY == SEVERITY
}

/// `CancelIoEx(handle, operation)`
///
/// Returns `false` if there is nothing left to cancel: the packet is in the port then.
pub(crate) fn cancel(handle: BorrowedHandle<'_>, operation: OperationId) -> bool {
    // SAFETY: the kernel only compares the pointer with those of operations in flight.
    unsafe { CancelIoEx(handle.as_raw_handle(), operation.as_ptr()) != 0 }
}

/// `WSAIoctl(socket, code)` for a code that returns a socket.
pub(super) fn socket_below(socket: SocketHandle, question: Below) -> io::Result<SocketHandle> {
    let code = match question {
        Below::Base => SIO_BASE_HANDLE,
        Below::Select => SIO_BSP_HANDLE_SELECT,
        Below::Poll => SIO_BSP_HANDLE_POLL,
        Below::Next => SIO_BSP_HANDLE,
    };
    let mut below: SocketHandle = 0;
    let mut length = 0;
    // SAFETY: the output buffer is on our stack and as long as we say.
    let result = unsafe {
        WSAIoctl(
            socket,
            code,
            ptr::null(),
            0,
            (&raw mut below).cast(),
            size_of::<SocketHandle>() as u32,
            &raw mut length,
            ptr::null_mut(),
            None,
        )
    };
    if result == SOCKET_ERROR {
        // SAFETY: this call is always allowed.
        return Err(io::Error::from_raw_os_error(unsafe { WSAGetLastError() }));
    }
    Ok(below)
}

/// `NtQueryObject(handle, ObjectBasicInformation)`: returns the number of handles on the object.
pub(super) fn handle_count(handle: SocketHandle) -> io::Result<u32> {
    let mut information = MaybeUninit::<PUBLIC_OBJECT_BASIC_INFORMATION>::uninit();
    // SAFETY: the output buffer is on our stack and as long as we say. For a closed handle the call
    // returns an error.
    check_nt(unsafe {
        NtQueryObject(
            ptr::without_provenance_mut(handle),
            ObjectBasicInformation,
            information.as_mut_ptr().cast(),
            size_of::<PUBLIC_OBJECT_BASIC_INFORMATION>() as u32,
            ptr::null_mut(),
        )
    })?;
    // SAFETY: the call has written all of it.
    let information = unsafe { information.assume_init() };
    Ok(information.HandleCount)
}

/// `NtCompareObjects(one, other)`: returns `true` if both handles refer to one object.
///
/// Windows has this call since version 10. Returns `None` where it is missing.
pub(super) fn is_same_object(one: SocketHandle, other: SocketHandle) -> Option<bool> {
    type Compare = unsafe extern "system" fn(HANDLE, HANDLE) -> NTSTATUS;
    static COMPARE: OnceLock<Option<Compare>> = OnceLock::new();
    let compare = *COMPARE.get_or_init(|| {
        let compare = find_in_ntdll(c"NtCompareObjects")?;
        // SAFETY: the manual documents this type for the function of this name.
        Some(unsafe { mem::transmute::<Found, Compare>(compare) })
    });
    let (one, other) = (
        ptr::without_provenance_mut(one),
        ptr::without_provenance_mut(other),
    );
    // SAFETY: for a closed handle the call returns an error.
    let status = unsafe { compare?(one, other) };
    Some(status == STATUS_SUCCESS)
}

/// A function pointer of unknown type.
pub(super) type Found = unsafe extern "system" fn() -> isize;

/// `GetProcAddress(ntdll, name)`: for functions that older versions of Windows lack. A program that
/// links to them would not start there.
pub(super) fn find_in_ntdll(name: &CStr) -> Option<Found> {
    let ntdll: Vec<u16> = "ntdll.dll\0".encode_utf16().collect();
    // SAFETY: the name ends with a null character and lives through the call.
    let ntdll = unsafe { GetModuleHandleW(ntdll.as_ptr()) };
    if ntdll.is_null() {
        return None;
    }
    // SAFETY: the library stays loaded, and the name ends with a null character.
    unsafe { GetProcAddress(ntdll, name.as_ptr().cast()) }
}

/// Converts an `NTSTATUS`, of a system call or of an operation, into a result.
pub(crate) fn check_nt(status: NTSTATUS) -> io::Result<()> {
    if status >= 0 {
        return Ok(());
    }
    // SAFETY: this call is always allowed.
    let code = unsafe { RtlNtStatusToDosError(status) };
    Err(io::Error::from_raw_os_error(code as i32))
}

#[cfg(test)]
mod tests {
    use std::os::windows::io::AsRawSocket;

    use windows_sys::Win32::Foundation::{
        STATUS_BUFFER_OVERFLOW, STATUS_CANCELLED, STATUS_INVALID_HANDLE, STATUS_PENDING,
        STATUS_SUCCESS,
    };

    use super::*;

    #[test]
    fn a_warning_is_no_error() {
        for status in [STATUS_SUCCESS, STATUS_PENDING, STATUS_BUFFER_OVERFLOW] {
            assert!(!is_error(status), "{status:#x}");
        }
        for status in [STATUS_INVALID_HANDLE, STATUS_CANCELLED] {
            assert!(is_error(status), "{status:#x}");
        }
    }

    #[test]
    fn duplicate_is_the_same_object() {
        let socket = || std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (one, other) = (socket(), socket());
        let handle = |socket: &std::net::UdpSocket| socket.as_raw_socket() as SocketHandle;
        assert_eq!(handle_count(handle(&one)).unwrap(), 1);
        let clone = one.try_clone().unwrap();
        for one in [&one, &clone] {
            assert_eq!(handle_count(handle(one)).unwrap(), 2);
        }
        assert_eq!(is_same_object(handle(&one), handle(&other)), Some(false));
        assert_eq!(is_same_object(handle(&one), handle(&clone)), Some(true));
        assert!(handle_count(0xfff0).is_err());
    }
}
