//! Named pipes: operations in flight, and the readiness derived from them.
//!
//! # How it works
//!
//! AFD knows only sockets, and Windows has no readiness for pipes. So pipes use the
//! [port](crate::sys::afd) directly: an operation is started, and its packet reports the result.
//! Readiness is derived from these packets:
//!
//! * *Reading* ([`incoming`]). If there is a peer and no unread data, a read into a buffer of ours
//!   is in flight. Its packet makes the pipe readable. `read` copies from that buffer, and starts
//!   the next read when the buffer is drained.
//! * *Writing*. `write` copies the data to a buffer of ours and starts to write it. The pipe is not
//!   writable until the packet arrives. The next `write` returns the error of the packet, if it has
//!   one.
//! * *Connecting* ([`connection`]). `connect` starts to wait for a client. The packet makes the
//!   pipe writable, as on a connecting socket.
//! * *Notices*. A notice is a posted packet, for an event that no other packet delivers. For
//!   example, a pipe may be readable already when it is registered, or a level ([`reporting`]) may
//!   persist after its event.
//!
//! # Ownership
//!
//! There is one operation of each kind, and it is reused ([`slot`]). The kernel owns it while it is
//! in flight: see [`operation`](crate::sys::afd::operation). After an operation has started, only
//! its packet returns its memory.
//!
//! The user owns the [`Pipe`]. The pipe owns the handle, and a reference to the `Poll`'s port, so
//! that the port lives as long as an operation can be started.
//!
//! The operations share [`Background`](background::Background), which keeps neither the handle nor
//! the port alive. So the peer of a dropped pipe sees the end at once, and not when the next packet
//! is taken; and a port that waits for its operations does not wait for itself. There is one
//! exception: the handle stays open while accepted data is still being written.
//!
//! The user may start operations on a duplicate of the handle. Their packets arrive at the port
//! too, and [`users`](crate::sys::afd::users) filters them out.
//!
//! # Reconnecting
//!
//! A server's end may be disconnected and connected again. The operations in flight at that time
//! become *stale*: their packets may arrive when there is another client already, and their results
//! say nothing about that client.
//!
//! # One event in a batch
//!
//! A batch may have several packets of a pipe, and a program may handle only the first event of a
//! token. So the event of a later packet is merged into the earlier event. The pipe stores the
//! number of the batch of its last event, and [`NativeEvent`](crate::sys::afd::event::NativeEvent)
//! has the key that finds the earlier event.
//!
//! Manual: [named pipes], [`ReadFile`], [`WriteFile`], [`CancelIoEx`].
//!
//! [named pipes]: https://learn.microsoft.com/en-us/windows/win32/ipc/named-pipes
//! [`ReadFile`]: https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-readfile
//! [`WriteFile`]: https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-writefile
//! [`CancelIoEx`]: https://learn.microsoft.com/en-us/windows/win32/fileio/cancelioex-func

mod background;
mod connection;
#[allow(unsafe_code)]
mod ffi;
mod incoming;
mod operations;
mod pipe;
mod reporting;
mod slot;

pub(crate) use self::pipe::Pipe;
