//! The identity of the open file behind a descriptor, as far as the kernel reports it.
//!
//! A descriptor that was closed without `deregister` leaves its registration behind, and its number
//! may have been reused. If `fstat` reports another device or inode, the file is another one. Equal
//! ones prove less: all files of eventfd, timerfd, inotify and similar share one inode, two
//! openings of a path have the same inode, and sockets on BSD have none.

use std::io;
use std::os::fd::RawFd;

use libc::{S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, c_int, mode_t};

use crate::sys::unix::ffi;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// The file type, by its name in `<sys/stat.h>`.
    format: mode_t,
    /// For a pipe, whether it was opened for reading, writing or both, because its two ends have
    /// the same inode. 0 for other files.
    access: c_int,
}

impl Identity {
    /// Returns `None` if the OS does not report an identity for this kind of descriptor.
    pub(super) fn of(fd: RawFd) -> io::Result<Option<Identity>> {
        let status = match ffi::fstat(fd) {
            Ok(status) => status,
            // Some of the platforms that are not Unix return `EBADF` for a socket.
            Err(err) if cfg!(unix) && err.raw_os_error() == Some(libc::EBADF) => return Err(err),
            Err(_) => return Ok(None),
        };
        let format = status.st_mode & S_IFMT;
        #[cfg(unix)]
        let access = if format == S_IFIFO {
            ffi::access_mode(fd)?
        } else {
            0
        };
        #[cfg(not(unix))]
        let access = 0;
        // The types differ between platforms, and may be signed although they only hold an
        // identifier.
        #[allow(clippy::cast_lossless, clippy::unnecessary_cast)]
        Ok(Some(Identity {
            device: status.st_dev as u64,
            inode: status.st_ino as u64,
            format,
            access,
        }))
    }

    /// Returns whether no other open file has the same identity.
    ///
    /// A regular file that is opened twice is an exception. It is always ready, so it does not
    /// matter which of the two is registered.
    pub(super) fn is_unique(&self) -> bool {
        let has_inode = self.device != 0 && self.inode != 0;
        has_inode
            && match self.format {
                S_IFSOCK | S_IFREG => true,
                S_IFIFO => self.is_pipe_without_name(),
                _ => false,
            }
    }

    /// Returns whether the kernel may report a change to one call of poll(2) only, as it does for
    /// some files of `/proc`. The readiness of sockets and pipes lasts until an operation ends it.
    pub(super) fn may_report_once(&self) -> bool {
        !matches!(self.format, S_IFSOCK | S_IFIFO)
    }

    /// Returns whether this is an anonymous pipe. All anonymous pipes are on one device, so it is
    /// compared with that of a new one. A named pipe can be opened twice.
    #[cfg(unix)]
    fn is_pipe_without_name(&self) -> bool {
        use std::os::fd::AsRawFd;

        let pipe = crate::sys::unix::pipe::pair();
        let pipe = pipe.and_then(|[end, _]| Identity::of(end.as_raw_fd()));
        pipe.is_ok_and(|pipe| pipe.is_some_and(|pipe| pipe.device == self.device))
    }

    #[cfg(not(unix))]
    fn is_pipe_without_name(&self) -> bool {
        false
    }

    /// Returns the identity that BSD reports for each socket.
    #[cfg(test)]
    pub(super) fn without_inode(self) -> Identity {
        Identity {
            device: 0,
            inode: 0,
            ..self
        }
    }
}
