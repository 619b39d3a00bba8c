use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
};

use crate::event::Source;
use crate::sys::windows::named_pipe::Pipe;
use crate::{Interest, Registry, Token};

/// One end of a named pipe: a server's, or a client's.
///
/// [`new`](NamedPipe::new) makes a server's end. A client opens the name as a file, with
/// `FILE_FLAG_OVERLAPPED`, and turns the handle into this type. So does a server that wants its
/// pipe to be other than `new` makes it.
///
/// # Ready or not
///
/// Windows can't say whether a pipe is ready. So reads, writes and connections go on in the
/// background, and what they amount to is what sockets do:
///
/// * *Readable*: data has been read ahead, or the peer is gone, or reading has failed. A read gives
///   what was read ahead, and 0 bytes if the peer is gone. In a pipe of messages 0 bytes may also
///   be an empty message. What is read ahead next is at least 16 KiB, or as much as the buffer of
///   the last read has room for, up to 64 KiB.
/// * *Writable*: there is a peer, and nothing is being written. One write is under way at a time.
///   It takes all of the data, whatever its length, and its error, if it fails later, is the answer
///   to the next one.
/// * [`connect`](NamedPipe::connect) waits for a client, who makes the pipe writable.
///
/// Events are only ever readable and writable: one that says more would not hold for the next
/// client of a server's end. A batch has one event of a pipe. As with sockets, an event may be
/// spurious.
///
/// A pipe has the [modes](Interest#modes) of sockets. With `level` and `oneshot` it reports the
/// directions that it is registered for; in edge mode these are ignored, and both are reported.
/// Remember that [`connect`](NamedPipe::connect) makes a pipe *writable*, and that a level of
/// writing is reported by each poll as long as there is a peer and nothing is being written.
///
/// Everything needs the `Poll`: what has ended in the background counts when
/// [`Poll::poll`](crate::Poll::poll) has been called. An operation on a pipe that is not registered
/// is [`NotFound`](io::ErrorKind::NotFound). What was started before
/// [`deregister`](Registry::deregister) finishes and is not reported, and a read still returns what
/// was read ahead. A pipe stays with the `Poll` that it was registered with first: see
/// [its `Source`](#impl-Source-for-NamedPipe).
///
/// All operations take a shared reference and may be used from several threads at once. What each
/// write takes is written as a whole.
///
/// # Messages
///
/// A handle in message mode (`PIPE_READMODE_MESSAGE`) returns one message per read. A message that
/// is longer than the buffer, or than what is read ahead, takes several reads: the first returns
/// its beginning, without an error, and the next ones the rest. Nothing tells where it ends, so a
/// protocol with messages of more than 16 KiB has to send their length. A write, also a vectored
/// one, is one message.
///
/// `PIPE_NOWAIT` is not supported. In this mode a read of an empty pipe does not wait for data, and
/// fails with `ERROR_NO_DATA` instead.
///
/// # Other handles
///
/// Any handle that was opened with `FILE_FLAG_OVERLAPPED` and that `ReadFile` and `WriteFile`
/// accept can be used, such as a serial port. A read of a serial port ends when its buffer is full
/// or when its timeout is over. So the read in the background is exactly as long as the buffer of
/// the last `read`, up to 64 KiB, and one byte long before the first. Set the timeouts
/// (`SetCommTimeouts`) so that a read waits for the first byte and does not wait for a full buffer:
/// a `ReadIntervalTimeout` of 1, and 0 for the total ones. With timeouts that make a read return at
/// once, without data, the port is read in a busy loop.
///
/// # Dropping it
///
/// The peer hears of it at once. But if the system has not taken yet all that a write has accepted,
/// the pipe stays open until that is done and `poll` has seen it, or until the `Poll` is gone.
///
/// # Examples
///
/// A client. Without `SECURITY_IDENTIFICATION` the server could act as the user who runs this
/// program. `ERROR_PIPE_BUSY` means that each end of the server has a client; one of them may be
/// free a moment later:
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
    /// Makes a server's end with this name, such as `\\.\pipe\my-service`.
    ///
    /// It carries bytes, not messages, both ways, with room for 64 KiB each way. Programs that this
    /// one starts don't inherit it.
    ///
    /// Programs on other machines can't connect to it (`PIPE_REJECT_REMOTE_CLIENTS`): the default
    /// access rights let everyone read from it. For a pipe that the network may use, call
    /// `CreateNamedPipeW` without this flag, with `FILE_FLAG_OVERLAPPED` and access rights of its
    /// own, and turn the handle into this type with
    /// [`from_raw_handle`](FromRawHandle::from_raw_handle).
    ///
    /// It has to be the first end of that name, so that no other program can have made one for
    /// clients to mistake for this. Make further ends, for several clients at a time, with
    /// `CreateNamedPipeW` without `FILE_FLAG_FIRST_PIPE_INSTANCE`, and turn them into this type:
    /// there may be any number of them.
    ///
    /// # Errors
    ///
    /// * [`PermissionDenied`](io::ErrorKind::PermissionDenied): there is a pipe of that name.
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): there is a null character in the name.
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

    /// Waits for a client, in the background; `Ok` if there is one.
    ///
    /// Call it, and if it would block, call it again after each writable event until it says `Ok`.
    /// A client may connect before that, from the moment that the pipe exists; what it writes is
    /// not lost, and neither is that of a client who is gone already.
    ///
    /// # Errors
    ///
    /// * [`WouldBlock`](io::ErrorKind::WouldBlock): there is no client yet. The pipe will be
    ///   writable when there is one.
    /// * [`NotFound`](io::ErrorKind::NotFound): the pipe is not registered.
    /// * `ERROR_NO_DATA`: the client that was connected is gone.
    ///   [`disconnect`](NamedPipe::disconnect) first.
    /// * `ERROR_INVALID_FUNCTION`: this is a client's end.
    /// * Any error that ended the waiting in the background.
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

    /// Throws the client out, so that [`connect`](NamedPipe::connect) can wait for the next one.
    ///
    /// What the client has written and nobody has read is gone, and so is what was written and the
    /// client has not read. The client finds `ERROR_PIPE_NOT_CONNECTED`. Nothing of this connection
    /// is seen by the next one.
    ///
    /// # Errors
    ///
    /// The system's, if there is nothing to disconnect, or if this is a client's end.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let server = mio::windows::NamedPipe::new(r"\\.\pipe\mio-example-disconnect")?;
    /// # let client = std::fs::File::open(r"\\.\pipe\mio-example-disconnect")?;
    /// // The client has said goodbye: wait for the next one.
    /// server.disconnect()?;
    /// let waits = server.connect();
    /// # drop((client, waits));
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect(&self) -> io::Result<()> {
        self.inner.disconnect()
    }

    /// Takes the error that has ended a connect or a write in the background, if there is one.
    ///
    /// The next [`connect`](NamedPipe::connect) or write returns it too, unless it was taken.
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

    /// Does nothing: what was accepted is written in the background.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[allow(clippy::needless_lifetimes)] // As mio 1.2 spells it, so that a list of items is the same.
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

    /// Does nothing: what was accepted is written in the background.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In edge mode the interests are ignored: both readable and writable are reported. With `level`
/// and `oneshot` they count. `exclusive` is [`Unsupported`](io::ErrorKind::Unsupported).
///
/// Windows attaches a handle to one completion port, for good. So a pipe that has been deregistered
/// can be registered with the same `Poll` again, and with no other: that is
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists). A handle that is attached to a completion port
/// of somebody else's, or was opened without `FILE_FLAG_OVERLAPPED`, is
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

/// For asking and setting what the pipe is. Don't read or write it: the data would be missing here.
///
/// An overlapped operation that is started on this handle all the same, or on a duplicate, is its
/// starter's alone. Its packet comes to the [`Poll`](crate::Poll), which has no event for it and
/// does not touch its `OVERLAPPED`. So wait for an event of its own (`hEvent`), and not for a
/// packet. Another process that has a duplicate should start none: its addresses may be those of
/// this one by chance.
impl AsRawHandle for NamedPipe {
    fn as_raw_handle(&self) -> RawHandle {
        self.inner.as_handle().as_raw_handle()
    }
}

/// As [`AsRawHandle`](#impl-AsRawHandle-for-NamedPipe).
impl AsHandle for NamedPipe {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.inner.as_handle()
    }
}

/// The handle has to be one that was opened with `FILE_FLAG_OVERLAPPED`.
/// See [`From<OwnedHandle>`](#impl-From%3COwnedHandle%3E-for-NamedPipe).
#[allow(unsafe_code)] // The trait method is unsafe.
impl FromRawHandle for NamedPipe {
    unsafe fn from_raw_handle(handle: RawHandle) -> NamedPipe {
        // SAFETY: the caller promises that the handle is open and theirs to give.
        unsafe { OwnedHandle::from_raw_handle(handle) }.into()
    }
}

/// The handle has to be one that was opened with `FILE_FLAG_OVERLAPPED`: of a named pipe, or of a
/// device as described at [Other handles](NamedPipe#other-handles).
///
/// What is under way on it, or is started on a duplicate later, may go on: see
/// [`AsRawHandle`](#impl-AsRawHandle-for-NamedPipe). But each operation has to end with a packet in
/// the completion port, so `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` may not be set for it: the pipe
/// would wait for what has ended already.
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
