//! Trait impls shared by all sockets and pipes.

/// Implements `Source` and `Debug` by forwarding to `inner`.
macro_rules! impl_source {
    ($type:ty) => {
        impl crate::event::Source for $type {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.inner.deregister(registry)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

/// Implements the conversions from and to the descriptor or Windows socket. `$name` is the name of
/// the argument in the docs.
#[cfg(descriptors)]
macro_rules! impl_raw {
    ($type:ty, $std:ty, $name:ident) => {
        crate::io_impls::impl_fd!($type, $std, $name);
    };
}
#[cfg(windows)]
macro_rules! impl_raw {
    ($type:ty, $std:ty, $name:ident) => {
        crate::io_impls::impl_socket!($type, $std, $name);
    };
}

/// Implements the conversions from and to Windows sockets. `$name` is the name of the argument in
/// the docs.
#[cfg(windows)]
macro_rules! impl_socket {
    ($type:ty, $std:ty, $name:ident) => {
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.inner.as_socket()
            }
        }

        impl std::os::windows::io::AsRawSocket for $type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                self.inner.as_raw_socket()
            }
        }

        impl std::os::windows::io::IntoRawSocket for $type {
            fn into_raw_socket(self) -> std::os::windows::io::RawSocket {
                self.inner.into_inner().into_raw_socket()
            }
        }

        /// The socket must already be in non-blocking mode.
        #[allow(unsafe_code)] // The trait method is unsafe.
        impl std::os::windows::io::FromRawSocket for $type {
            unsafe fn from_raw_socket(socket: std::os::windows::io::RawSocket) -> $type {
                // SAFETY: the caller guarantees that the socket is open and that they own it.
                unsafe { std::os::windows::io::OwnedSocket::from_raw_socket(socket) }.into()
            }
        }

        /// The socket must already be in non-blocking mode.
        impl From<std::os::windows::io::OwnedSocket> for $type {
            fn from(socket: std::os::windows::io::OwnedSocket) -> Self {
                Self {
                    inner: crate::io_source::IoSource::new(<$std>::from(socket)),
                }
            }
        }

        /// The socket stays in non-blocking mode.
        impl From<$type> for std::os::windows::io::OwnedSocket {
            fn from($name: $type) -> Self {
                $name.inner.into_inner().into()
            }
        }
    };
}

/// Implements the conversions from and to descriptors. `$name` is the name of the argument in the
/// docs.
#[cfg(descriptors)]
macro_rules! impl_fd {
    ($type:ty, $std:ty, $name:ident) => {
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.inner.as_fd()
            }
        }

        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.inner.as_raw_fd()
            }
        }

        impl std::os::fd::IntoRawFd for $type {
            fn into_raw_fd(self) -> std::os::fd::RawFd {
                self.inner.into_inner().into_raw_fd()
            }
        }

        /// The descriptor must already be in non-blocking mode.
        #[allow(unsafe_code)] // The trait method is unsafe.
        impl std::os::fd::FromRawFd for $type {
            unsafe fn from_raw_fd(fd: std::os::fd::RawFd) -> $type {
                // SAFETY: the caller guarantees that the descriptor is open and that they own it.
                unsafe { std::os::fd::OwnedFd::from_raw_fd(fd) }.into()
            }
        }

        /// The descriptor must already be in non-blocking mode.
        impl From<std::os::fd::OwnedFd> for $type {
            fn from(fd: std::os::fd::OwnedFd) -> Self {
                Self {
                    inner: crate::io_source::IoSource::new(<$std>::from(fd)),
                }
            }
        }

        /// The descriptor stays in non-blocking mode.
        impl From<$type> for std::os::fd::OwnedFd {
            fn from($name: $type) -> Self {
                $name.inner.into_inner().into()
            }
        }
    };
}

/// Implements the conversion into the std type. `$name` is the name of the argument in the docs.
macro_rules! impl_into_std {
    ($type:ty, $std:ty, $name:ident) => {
        /// The socket stays in non-blocking mode.
        impl From<$type> for $std {
            fn from($name: $type) -> Self {
                $name.inner.into_inner()
            }
        }
    };
}

/// Implements `Read` for the types through the method `$read` of
/// [`IoSource`](crate::io_source::IoSource).
macro_rules! impl_read {
    ($read:ident: $($type:ty),+) => {$(
        impl std::io::Read for $type {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.inner.$read(|mut io| io.read(buf))
            }

            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.inner.$read(|mut io| io.read_vectored(bufs))
            }
        }
    )+};
}

/// Implements `Write` for the types.
macro_rules! impl_write {
    ($($type:ty),+) => {$(
        impl std::io::Write for $type {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                self.inner.write_with(|mut io| io.write(buf))
            }

            fn write_vectored(
                &mut self,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::io::Result<usize> {
                self.inner.write_with(|mut io| io.write_vectored(bufs))
            }

            fn flush(&mut self) -> std::io::Result<()> {
                self.inner.write_with(|mut io| io.flush())
            }
        }
    )+};
}

#[cfg(descriptors)]
pub(crate) use impl_fd;
#[cfg(windows)]
pub(crate) use impl_socket;
#[cfg(feature = "net")]
pub(crate) use {impl_into_std, impl_raw};
pub(crate) use {impl_read, impl_source, impl_write};
