//! Descriptors and credentials over Unix sockets.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use mio::Interest;
use mio::net::UnixStream;
#[cfg(peercred)]
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// The number of descriptors that one call of [`send_with_fds`] and [`receive_with_fds`] can carry.
pub const MAX_FDS: usize = 64;

const SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_FDS));

/// Sends `data`, at least one byte, and duplicates of `fds` with its first byte. Returns the number
/// of bytes sent.
///
/// If not all bytes were sent, the descriptors went with the first ones: send the rest without
/// them.
///
/// # Errors
///
/// Returns `InvalidInput` without data or with more than [`MAX_FDS`] descriptors, `WouldBlock` if
/// nothing was sent and a writable event will come, or another error of the OS. The descriptors
/// stay open in each case, because they are only borrowed.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::{Read, Seek, Write};
/// use std::os::fd::AsFd;
///
/// use mio::net::UnixStream;
/// use mio_util::{receive_with_fds, send_with_fds};
///
/// let mut file = std::fs::File::open("Cargo.toml")?;
/// let (ours, theirs) = UnixStream::pair()?;
/// send_with_fds(&ours, b"a file", &[file.as_fd()])?;
///
/// let mut buffer = [0; 16];
/// let mut fds = Vec::new();
/// let count = receive_with_fds(&theirs, &mut buffer, &mut fds)?;
/// assert_eq!(&buffer[..count], b"a file");
/// let mut received = std::fs::File::from(fds.remove(0));
/// let mut text = String::new();
/// received.read_to_string(&mut text)?;
/// assert!(text.contains("[package]"));
/// # Ok(())
/// # }
/// ```
pub fn send_with_fds(
    stream: &UnixStream,
    data: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    if data.is_empty() {
        return Err(invalid(
            "descriptors need at least one byte of data to go with",
        ));
    }
    if fds.len() > MAX_FDS {
        return Err(invalid("too many descriptors for one message"));
    }
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(invalid("too many descriptors for one message"));
    }
    stream.try_io_for(Interest::WRITABLE, || {
        let data = [IoSlice::new(data)];
        Ok(sendmsg(stream, &data, &mut control, SEND_FLAGS)?)
    })
}

/// Receives data and the descriptors that came with it, which are appended to `fds`, close-on-exec.
/// Returns the number of bytes received; 0 is the end.
///
/// On macOS and its relatives a further call sets the flag, so a program that another thread starts
/// in between may inherit the descriptor.
///
/// # Errors
///
/// Returns `InvalidInput` with an empty buffer, `WouldBlock` if a readable event will come, or
/// another error of the OS. `InvalidData` means that the peer sent more descriptors than
/// [`MAX_FDS`], or than the process may have: those that arrived are closed, and none is leaked.
///
/// # Examples
///
/// See [`send_with_fds`].
pub fn receive_with_fds(
    stream: &UnixStream,
    buffer: &mut [u8],
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    if buffer.is_empty() {
        return Err(invalid("descriptors are received with at least one byte"));
    }
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = stream.try_io_for(Interest::READABLE, || {
        let mut data = [IoSliceMut::new(buffer)];
        Ok(recvmsg(stream, &mut data, &mut control, FLAGS)?)
    })?;
    if received.flags.contains(ReturnFlags::CTRUNC) {
        // The descriptors that did arrive are closed with `control`.
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "descriptors were lost: more were sent than fit into the message or the process",
        ));
    }
    let already = fds.len();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    for fd in &fds[already..] {
        close_on_exec(fd)?;
    }
    Ok(received.bytes)
}

/// A peer that has gone causes an error instead of a signal that ends the process.
#[cfg(msg_nosignal)]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;
// The sockets of `mio` have `SO_NOSIGPIPE` here.
#[cfg(not(msg_nosignal))]
const SEND_FLAGS: SendFlags = SendFlags::empty();

#[cfg(cmsg_cloexec)]
const FLAGS: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(not(cmsg_cloexec))]
const FLAGS: RecvFlags = RecvFlags::empty();

#[cfg(cmsg_cloexec)]
fn close_on_exec(_: &OwnedFd) -> io::Result<()> {
    Ok(())
}

#[cfg(not(cmsg_cloexec))]
fn close_on_exec(fd: &OwnedFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?)
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The process at the other end of a Unix socket, from [`peer_credentials`].
#[cfg(peercred)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The process ID.
    pub pid: i32,
    /// The effective user ID.
    pub uid: u32,
    /// The effective group ID.
    pub gid: u32,
}

/// Returns the credentials of the peer at the time of the connect. Available on Linux and Android.
///
/// # Errors
///
/// Returns the error of the OS.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let (stream, _peer) = mio::net::UnixStream::pair()?;
/// let peer = mio_util::peer_credentials(&stream)?;
/// assert_eq!(peer.pid as u32, std::process::id());
/// # Ok(())
/// # }
/// ```
#[cfg(peercred)]
pub fn peer_credentials(stream: &UnixStream) -> io::Result<Credentials> {
    let peer = socket_peercred(stream)?;
    Ok(Credentials {
        pid: peer.pid.as_raw_nonzero().get(),
        uid: peer.uid.as_raw(),
        gid: peer.gid.as_raw(),
    })
}
