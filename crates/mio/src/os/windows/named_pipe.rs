use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
};

use crate::event::Source;
use crate::sys::windows::named_pipe::Pipe;
use crate::{Interest, Registry, Token};

/// One end of a named pipe: the server end or the client end.
///
/// [`new`](NamedPipe::new) creates a server end. A client opens the name as a file with
/// `FILE_FLAG_OVERLAPPED`, and converts the handle into this type. A server that needs other
/// options than those of `new` converts a handle of its own in the same way.
///
/// # Readiness
///
/// Windows does not report the readiness of a pipe. So this crate reads, writes and connects in the
/// background, and derives the readiness that a socket would have:
///
/// * *Readable*: data has been read ahead, the peer has closed its end, or the background read has
///   failed. A read returns the data that was read ahead, and 0 bytes after the peer has closed its
///   end. In message mode 0 bytes may also be an empty message. The background read asks for as
///   many bytes as the buffer of the last read had room for, but at least 16 KiB and at most 64
///   KiB.
/// * *Writable*: there is a peer, and no write is pending. Only one write is pending at a time. A
///   write accepts all of its data, whatever the length. If it fails later, the next write returns
///   its error.
/// * [`connect`](NamedPipe::connect) waits for a client, which makes the pipe writable.
///
/// Events are only ever readable and writable, because any other readiness would not hold for the
/// next client of a server end. A batch has at most one event of a pipe. As with sockets, an event
/// may be spurious.
///
/// A pipe has the [modes](Interest#modes) of sockets. With `level` and `oneshot` it reports the
/// directions that it is registered for. In edge mode it reports both directions and ignores the
/// interest. Note that [`connect`](NamedPipe::connect) makes a pipe *writable*, and that with
/// `level` each poll reports it as writable while there is a peer and no write is pending.
///
/// All operations need the `Poll`: a background operation takes effect when
/// [`Poll::poll`](crate::Poll::poll) processes its completion. An operation on an unregistered pipe
/// is [`NotFound`](io::ErrorKind::NotFound). Operations that were started before
/// [`deregister`](Registry::deregister) complete without an event, and a read still returns the
/// data that was read ahead. A pipe stays with the first `Poll` that it was registered with: see
/// [its `Source`](#impl-Source-for-NamedPipe).
///
/// All operations take a shared reference and may be used from several threads at once. The data of
/// each write stays in one piece.
///
/// # Messages
///
/// A handle in message mode (`PIPE_READMODE_MESSAGE`) returns one message per read. A message that
/// is longer than the buffer or than the background read takes several reads: the first returns its
/// beginning, without an error, and the next ones return the rest. Nothing marks its end, so a
/// protocol with messages of more than 16 KiB must send their length. Each write, vectored or not,
/// is one message.
///
/// `PIPE_NOWAIT` is not supported: with it the background read of an empty pipe fails with
/// `ERROR_NO_DATA` instead of waiting for data.
///
/// # Other handles
///
/// Any handle that was opened with `FILE_FLAG_OVERLAPPED` and that `ReadFile` and `WriteFile`
/// accept can be used, such as a serial port.
///
/// A read of a serial port completes when its buffer is full or its timeout expires. So on such a
/// handle the background read is exactly as long as the buffer of the last `read`, up to 64 KiB,
/// and one byte long before the first `read`. Set the timeouts (`SetCommTimeouts`) so that a read
/// waits for the first byte but not for a full buffer: a `ReadIntervalTimeout` of 1, and total
/// timeouts of 0. If the timeouts make a read return at once without data, the port is read in a
/// busy loop.
///
/// # Dropping
///
/// Dropping the pipe closes it at once. The exception is a pending write: then the pipe stays open
/// until the write has completed and `poll` has processed the completion, or until the `Poll` is
/// dropped.
///
/// # Examples
///
/// A client. Without `SECURITY_IDENTIFICATION` the server could impersonate the user of this
/// program. `ERROR_PIPE_BUSY` means that every server end has a client, so the program tries again
/// a moment later:
///
/// ```
/// use std::fs::OpenOptions;
/// use std::io;
/// use std::os::windows::fs::OpenOptionsExt;
/// use std::os::windows::io::OwnedHandle;
/// use std::thread;
/// use std::time::{Duration, Instant};
///
/// use mio::windows::NamedPipe;
///
/// const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
/// const SECURITY_IDENTIFICATION: u32 = 0x0001_0000;
/// const ERROR_PIPE_BUSY: i32 = 231;
///
/// fn connect(name: &str, deadline: Instant) -> io::Result<NamedPipe> {
///     loop {
///         let file = OpenOptions::new()
///             .read(true)
///             .write(true)
///             .custom_flags(FILE_FLAG_OVERLAPPED)
///             .security_qos_flags(SECURITY_IDENTIFICATION)
///             .open(name);
///         match file {
///             Ok(file) => return Ok(NamedPipe::from(OwnedHandle::from(file))),
///             Err(err)
///                 if err.raw_os_error() == Some(ERROR_PIPE_BUSY) && Instant::now() < deadline =>
///             {
///                 thread::sleep(Duration::from_millis(50));
///             }
///             Err(err) => return Err(err),
///         }
///     }
/// }
/// #
/// # fn main() -> io::Result<()> {
/// #     let _server = NamedPipe::new(r"\\.\pipe\mio-example-client")?;
/// #     let deadline = Instant::now() + Duration::from_secs(5);
/// #     connect(r"\\.\pipe\mio-example-client", deadline)?;
/// #     Ok(())
/// # }
/// ```
///
/// Both ends in one program:
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::fs::OpenOptions;
/// use std::io::{ErrorKind, Read, Write};
/// use std::os::windows::fs::OpenOptionsExt;
/// use std::os::windows::io::OwnedHandle;
///
/// use mio::windows::NamedPipe;
/// use mio::{Events, Interest, Poll, Token};
///
/// const SERVER: Token = Token(0);
/// const CLIENT: Token = Token(1);
/// const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
/// const SECURITY_IDENTIFICATION: u32 = 0x0001_0000;
///
/// let name = r"\\.\pipe\mio-example";
/// let mut poll = Poll::new()?;
/// let mut server = NamedPipe::new(name)?;
/// poll.registry().register(&mut server, SERVER, Interest::READABLE | Interest::WRITABLE)?;
/// let waits = server.connect();
/// assert_eq!(waits.unwrap_err().kind(), ErrorKind::WouldBlock);
///
/// let file = OpenOptions::new()
///     .read(true)
///     .write(true)
///     .custom_flags(FILE_FLAG_OVERLAPPED)
///     .security_qos_flags(SECURITY_IDENTIFICATION)
///     .open(name)?;
/// let mut client = NamedPipe::from(OwnedHandle::from(file));
/// poll.registry().register(&mut client, CLIENT, Interest::READABLE | Interest::WRITABLE)?;
/// client.write_all(b"hello")?;
///
/// let mut events = Events::with_capacity(8);
/// loop {
///     poll.poll(&mut events, None)?;
///     for event in &events {
///         if event.token() == SERVER && event.is_readable() {
///             let mut buffer = [0; 8];
///             match server.read(&mut buffer) {
///                 Ok(length) => {
///                     assert_eq!(&buffer[..length], b"hello");
///                     return Ok(());
///                 }
///                 Err(err) if err.kind() == ErrorKind::WouldBlock => {}
///                 Err(err) => return Err(err),
///             }
///         }
///     }
/// }
/// # }
/// ```
pub struct NamedPipe {
    inner: Pipe,
}

impl NamedPipe {
    /// Creates a server end with this name, such as `\\.\pipe\my-service`.
    ///
    /// The pipe is duplex and in byte mode, with a buffer of 64 KiB in each direction. Child
    /// processes do not inherit it.
    ///
    /// Programs on other machines cannot connect to it (`PIPE_REJECT_REMOTE_CLIENTS`), because the
    /// default access rights let everyone read from it. For a pipe that is open to the network,
    /// call `CreateNamedPipeW` without this flag, with `FILE_FLAG_OVERLAPPED` and with explicit
    /// access rights. Then convert the handle with
    /// [`from_raw_handle`](FromRawHandle::from_raw_handle).
    ///
    /// It must be the first end with this name. This rules out that another program has created the
    /// name before, and that clients connect to that program. To serve several clients at a time,
    /// create further ends with `CreateNamedPipeW` without `FILE_FLAG_FIRST_PIPE_INSTANCE` and
    /// convert them into this type. Their number is not limited.
    ///
    /// # Errors
    ///
    /// * [`PermissionDenied`](io::ErrorKind::PermissionDenied): a pipe with this name exists.
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): the name contains a null character.
    /// * `ERROR_INVALID_NAME`: the name does not begin with `\\.\pipe\`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let server = mio::windows::NamedPipe::new(r"\\.\pipe\mio-example-new")?;
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<A: AsRef<OsStr>>(addr: A) -> io::Result<NamedPipe> {
        let inner = Pipe::create(addr.as_ref())?;
        Ok(NamedPipe { inner })
    }

    /// Waits for a client in the background. Returns `Ok` if a client is connected.
    ///
    /// If it returns `WouldBlock`, call it again after each writable event until it returns `Ok`. A
    /// client may connect before the first call, as soon as the pipe exists. Its data is not lost,
    /// even if the client has disconnected since.
    ///
    /// # Errors
    ///
    /// * [`WouldBlock`](io::ErrorKind::WouldBlock): no client is connected yet. The pipe becomes
    ///   writable when one connects.
    /// * [`NotFound`](io::ErrorKind::NotFound): the pipe is not registered.
    /// * `ERROR_NO_DATA`: the client has closed its end. Call [`disconnect`](NamedPipe::disconnect)
    ///   first.
    /// * `ERROR_INVALID_FUNCTION`: this is a client end.
    /// * Any error that ended the background wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    ///
    /// use mio::windows::NamedPipe;
    /// use mio::{Events, Interest, Poll, Token};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut server = NamedPipe::new(r"\\.\pipe\mio-example-connect")?;
    /// poll.registry().register(&mut server, Token(0), Interest::READABLE | Interest::WRITABLE)?;
    /// # let client = std::thread::spawn(|| std::fs::File::open(r"\\.\pipe\mio-example-connect"));
    /// let mut events = Events::with_capacity(8);
    /// loop {
    ///     match server.connect() {
    ///         Err(err) if err.kind() == ErrorKind::WouldBlock => poll.poll(&mut events, None)?,
    ///         result => break result?,
    ///     }
    /// }
    /// println!("a client is there");
    /// # client.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(&self) -> io::Result<()> {
        self.inner.connect()
    }

    /// Disconnects the client, so that [`connect`](NamedPipe::connect) can wait for the next one.
    ///
    /// Unread data is discarded in both directions. The operations of the client fail with
    /// `ERROR_PIPE_NOT_CONNECTED`. The next connection sees no data or errors of this one.
    ///
    /// # Errors
    ///
    /// The OS error if there is no client to disconnect, or if this is a client end.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let server = mio::windows::NamedPipe::new(r"\\.\pipe\mio-example-disconnect")?;
    /// # let client = std::fs::File::open(r"\\.\pipe\mio-example-disconnect")?;
    /// // The client is done: wait for the next one.
    /// server.disconnect()?;
    /// let waits = server.connect();
    /// # drop((client, waits));
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect(&self) -> io::Result<()> {
        self.inner.disconnect()
    }

    /// Returns and clears the error that ended a background connect or write, if there is one.
    ///
    /// Unless it is taken, the next [`connect`](NamedPipe::connect) or write returns it.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let server = mio::windows::NamedPipe::new(r"\\.\pipe\mio-example-take-error")?;
    /// if let Some(err) = server.take_error()? {
    ///     println!("the client has missed something: {err}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(self.inner.take_error())
    }
}

impl Read for NamedPipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(&mut [IoSliceMut::new(buf)])
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.inner.read(bufs)
    }
}

impl Write for NamedPipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner.write(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.write(bufs)
    }

    /// Does nothing: accepted data is written in the background.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[allow(clippy::needless_lifetimes)] // Spelled as in mio 1.2, so that item lists match.
impl<'a> Read for &'a NamedPipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(&mut [IoSliceMut::new(buf)])
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.inner.read(bufs)
    }
}

#[allow(clippy::needless_lifetimes)] // As above.
impl<'a> Write for &'a NamedPipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner.write(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.write(bufs)
    }

    /// Does nothing: accepted data is written in the background.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In edge mode the interests are ignored: both readable and writable are reported. With `level`
/// and `oneshot` they are respected. `exclusive` is [`Unsupported`](io::ErrorKind::Unsupported).
///
/// Windows associates a handle with one completion port permanently. So a deregistered pipe can be
/// registered with the same `Poll` again, but registering it with another `Poll` is
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists). A handle that is associated with a foreign
/// completion port, or that was opened without `FILE_FLAG_OVERLAPPED`, is
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
impl Source for NamedPipe {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.inner.register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.inner.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.inner.deregister(registry)
    }
}

/// Returns the handle, to query and set options of the pipe. Do not read or write through it: this
/// type would miss the data.
///
/// If you start an overlapped operation on this handle or on a duplicate nevertheless, wait for its
/// `hEvent` and not for a packet. The packet arrives at the [`Poll`](crate::Poll), which delivers
/// no event for it and does not touch its `OVERLAPPED`. Another process with a duplicate must not
/// start such an operation, because its `OVERLAPPED` may have the same address as one of this
/// process.
impl AsRawHandle for NamedPipe {
    fn as_raw_handle(&self) -> RawHandle {
        self.inner.as_handle().as_raw_handle()
    }
}

/// Returns the handle: see [`AsRawHandle`](#impl-AsRawHandle-for-NamedPipe).
impl AsHandle for NamedPipe {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.inner.as_handle()
    }
}

/// The handle must have been opened with `FILE_FLAG_OVERLAPPED`: see
/// [`From<OwnedHandle>`](#impl-From%3COwnedHandle%3E-for-NamedPipe).
#[allow(unsafe_code)] // The trait method is unsafe.
impl FromRawHandle for NamedPipe {
    unsafe fn from_raw_handle(handle: RawHandle) -> NamedPipe {
        // SAFETY: the caller guarantees that the handle is open and that they own it.
        unsafe { OwnedHandle::from_raw_handle(handle) }.into()
    }
}

/// The handle must have been opened with `FILE_FLAG_OVERLAPPED`. It belongs to a named pipe, or to
/// a device as described at [Other handles](NamedPipe#other-handles).
///
/// Operations that are pending on it, or that are started on a duplicate later, are not disturbed:
/// see [`AsRawHandle`](#impl-AsRawHandle-for-NamedPipe). `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS`
/// must not be set: each operation must post a packet to the completion port, because otherwise the
/// pipe waits for an operation that has already completed.
impl From<OwnedHandle> for NamedPipe {
    fn from(handle: OwnedHandle) -> NamedPipe {
        NamedPipe {
            inner: Pipe::from(handle),
        }
    }
}

impl fmt::Debug for NamedPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handle = self.inner.as_handle();
        f.debug_struct("NamedPipe")
            .field("handle", &handle)
            .finish()
    }
}

impl Drop for NamedPipe {
    fn drop(&mut self) {
        self.inner.close();
    }
}
