//! Named pipes: operations in the background, and what is told of them.
//!
//! # How that works, for who has never seen it
//!
//! AFD knows nothing but sockets, and Windows can't say whether a pipe is ready. So pipes use the
//! [port](crate::sys::afd) as it was meant: an operation is started, and its packet says how it
//! ended. Readiness is what these packets amount to:
//!
//! * *Reading* ([`incoming`]). Whenever there is a peer and nothing is left to be read, a read into
//!   memory of ours is under way. Its packet makes the pipe readable; `read` copies from that
//!   memory, and when nothing is left the next read is started.
//! * *Writing*. `write` copies the data to memory of ours and starts to write it. Until the packet
//!   has come, the pipe can't be written. The packet makes it writable. An error that it brings is
//!   the answer to the next `write`.
//! * *Connecting* ([`connection`]). `connect` starts to wait for a client. The packet makes the
//!   pipe writable, as on a socket that connects.
//! * *A notice* is a packet that is put into the port by hand, when there is something to tell that
//!   no other packet will: for instance that the pipe that is being registered can be read, or that
//!   a level ([`reporting`]) that was told still lasts.
//!
//! # Who owns what
//!
//! There is one operation of each kind, and it is used again and again ([`slot`]). While it is
//! under way it is the kernel's: see [`operation`](crate::sys::afd::operation). Once it was
//! started, a packet will come, and there is no other way to get its memory back.
//!
//! [`Pipe`] is the user's. It owns the handle, and a share of the `Poll`'s port, so that the port
//! lives as long as an operation can be started. [`Background`](background::Background) is what the
//! operations know. It keeps neither the handle open nor the port alive: the peer of a pipe that
//! was dropped hears of it at once, and not when the next packet is taken; and a port that waits
//! for its operations does not wait for itself. One thing keeps a handle open: data that was
//! accepted for writing and that the system has not taken yet.
//!
//! The handle is not ours alone: the user may start operations on a duplicate. Their packets come
//! to the port too, and are told from ours by [`users`](crate::sys::afd::users).
//!
//! # Connections follow one another
//!
//! A server's end may be disconnected and connected again. Whatever was under way then is *stale*:
//! its packet will come, perhaps when there is another client already, and says nothing about that
//! one.
//!
//! # One event in a batch
//!
//! Several packets of a pipe may come in one batch, and a program may look at the first event of a
//! token only. So the event of a later packet is added to that of an earlier one: the pipe
//! remembers the number of the batch in which it last had an event, and
//! [`NativeEvent`](crate::sys::afd::event::NativeEvent) carries the key by which that is found.
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
