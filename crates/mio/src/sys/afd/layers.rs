//! The base socket, below all layered service providers.

use std::io;

use crate::sys::afd::device::SocketHandle;

/// A query for a socket in a lower layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// `SIO_BASE_HANDLE`: the lowest socket.
    Base,
    /// `SIO_BSP_HANDLE_SELECT`: the next socket that `select` would use.
    Select,
    /// `SIO_BSP_HANDLE_POLL`: the next socket that `WSAPoll` would use.
    Poll,
    /// `SIO_BSP_HANDLE`: the next socket.
    Next,
}

/// The code of `WSAENOTSOCK`.
const NOT_A_SOCKET: i32 = 10038;

#[cfg(windows)]
const _: () = assert!(NOT_A_SOCKET == windows_sys::Win32::Networking::WinSock::WSAENOTSOCK);

/// Finds the base socket. `below` is the system call that answers a query.
///
/// Some layered providers refuse `SIO_BASE_HANDLE`, but answer the queries for the next socket
/// below. Then this goes down one layer and tries again.
pub(super) fn base(
    socket: SocketHandle,
    below: impl Fn(SocketHandle, Below) -> io::Result<SocketHandle>,
) -> io::Result<SocketHandle> {
    const STEPS: [Below; 3] = [Below::Select, Below::Poll, Below::Next];
    /// More layers than any real system has. The limit ends a loop of layers that refer to each
    /// other.
    const LAYERS: usize = 64;
    let mut socket = socket;
    for _ in 0..LAYERS {
        let err = match below(socket, Below::Base) {
            Ok(base) => return Ok(base),
            Err(err) if err.raw_os_error() == Some(NOT_A_SOCKET) => return Err(err),
            Err(err) => err,
        };
        let mut steps = STEPS.iter().filter_map(|step| below(socket, *step).ok());
        match steps.find(|next| *next != socket) {
            Some(next) => socket = next,
            None => return Err(err),
        }
    }
    let message = "this socket is layered on providers that do not end";
    Err(io::Error::other(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> io::Error {
        const WSAEOPNOTSUPP: i32 = 10045;
        io::Error::from_raw_os_error(WSAEOPNOTSUPP)
    }

    #[test]
    fn the_base_is_asked_for_first() {
        let below = |_, question| {
            assert_eq!(question, Below::Base);
            Ok(7)
        };
        assert_eq!(base(9, below).unwrap(), 7);
    }

    #[test]
    fn layers_that_hide_the_base_are_passed_step_by_step() {
        // 9 is layered on 8, and 8 on 7; only 7 returns its base.
        let below = |socket, question| match (socket, question) {
            (7, Below::Base) => Ok(7),
            (_, Below::Base) => Err(refused()),
            (9, Below::Poll) => Ok(8),
            (8, Below::Select) => Ok(8),
            (8, Below::Next) => Ok(7),
            _ => Err(refused()),
        };
        assert_eq!(base(9, below).unwrap(), 7);
    }

    #[test]
    fn a_layer_that_tells_nothing_is_an_error() {
        assert_eq!(
            base(9, |_, _| Err(refused())).unwrap_err().raw_os_error(),
            refused().raw_os_error()
        );
        let itself = |socket, question| match question {
            Below::Base => Err(refused()),
            _ => Ok(socket),
        };
        assert!(base(9, itself).is_err(), "a step that leads nowhere");
        let each_other = |socket, question| match question {
            Below::Base => Err(refused()),
            _ => Ok(socket ^ 1),
        };
        assert!(base(8, each_other).is_err(), "steps that lead in a circle");
    }

    #[test]
    fn a_number_that_is_no_socket_is_not_asked_again() {
        let below = |_, question| match question {
            Below::Base => Err(io::Error::from_raw_os_error(NOT_A_SOCKET)),
            _ => Ok(7),
        };
        let err = base(9, below).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(NOT_A_SOCKET));
    }
}
