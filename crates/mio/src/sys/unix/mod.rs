//! What Unix systems share beside their selectors: sockets, pipes, addresses, and the descriptors
//! that a waker is made of.

#[cfg(feature = "net")]
pub(crate) mod address;
#[cfg(all(waker_eventfd, any(epoll, poll)))]
mod eventfd;
#[allow(unsafe_code)]
mod ffi;
#[cfg(any(feature = "os-ext", all(waker_pipe, any(epoll, poll))))]
pub(crate) mod pipe;
#[cfg(feature = "net")]
pub(crate) mod socket;

#[cfg(all(waker_eventfd, any(epoll, poll)))]
pub(crate) use self::eventfd::Eventfd as Signal;
#[cfg(any(epoll, poll))]
pub(crate) use self::ffi::check;
#[cfg(all(waker_pipe, any(epoll, poll)))]
pub(crate) use self::pipe::Pipe as Signal;
