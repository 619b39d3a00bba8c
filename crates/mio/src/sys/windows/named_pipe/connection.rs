//! The connection state of a pipe.

use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_NO_DATA, ERROR_PIPE_CONNECTED, ERROR_PIPE_NOT_CONNECTED,
};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// The pipe may be a client's end, or a server's end with or without a client.
    #[default]
    Unknown,
    /// A server's end that a client may connect to.
    Listening,
    /// As `Listening`, with a `connect` in flight.
    Connecting,
    /// There is a peer, or there was one and its data may be unread.
    Made {
        /// `connect` has returned success.
        is_told: bool,
    },
    /// A server's end whose client was disconnected. No client can connect to it.
    Ended,
}

impl Connection {
    /// Returns `true` if a read may return data.
    pub(super) fn can_read(self) -> bool {
        match self {
            Connection::Unknown | Connection::Listening | Connection::Made { .. } => true,
            Connection::Connecting | Connection::Ended => false,
        }
    }

    /// Returns `true` if a write may succeed.
    pub(super) fn can_write(self) -> bool {
        matches!(self, Connection::Unknown | Connection::Made { .. })
    }

    /// Returns the error of reads and writes after the connection has ended, even while the packets
    /// of its operations are still to come.
    pub(super) fn check(self) -> io::Result<()> {
        if self == Connection::Ended {
            return Err(io::Error::from_raw_os_error(
                ERROR_PIPE_NOT_CONNECTED as i32,
            ));
        }
        Ok(())
    }

    /// Records that there is a peer. Returns `true` if that was not known before.
    pub(super) fn made(&mut self) -> bool {
        let is_news = !matches!(self, Connection::Made { .. });
        if is_news {
            *self = Connection::Made { is_told: false };
        }
        is_news
    }

    /// Records that a read or a write found no client.
    pub(super) fn is_listening(&mut self) {
        if *self == Connection::Unknown {
            *self = Connection::Listening;
        }
    }

    /// Interprets the error of a `ConnectNamedPipe` that failed. Returns `Ok` if there is a client.
    pub(super) fn refused(self, err: io::Error) -> io::Result<()> {
        let is_told = self == Connection::Made { is_told: true };
        match err.raw_os_error().map(|code| code as u32) {
            // A client is already connected.
            Some(ERROR_PIPE_CONNECTED) => Ok(()),
            // A client has come and gone, and its data can be read. A second `connect` without
            // `disconnect` is a mistake of the user.
            Some(ERROR_NO_DATA) if !is_told => Ok(()),
            _ => Err(err),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows_sys::Win32::Foundation::ERROR_INVALID_FUNCTION;

    fn error(code: u32) -> io::Error {
        io::Error::from_raw_os_error(code as i32)
    }

    #[test]
    fn a_client_that_came_and_went_counts_as_connected_once() {
        let mut connection = Connection::Listening;
        assert!(connection.refused(error(ERROR_NO_DATA)).is_ok());
        assert!(connection.made());
        assert!(
            connection.refused(error(ERROR_NO_DATA)).is_ok(),
            "nobody was told"
        );
        connection = Connection::Made { is_told: true };
        assert!(connection.refused(error(ERROR_NO_DATA)).is_err());
        assert!(connection.refused(error(ERROR_PIPE_CONNECTED)).is_ok());
    }

    #[test]
    fn other_errors_are_passed_on() {
        let err = Connection::Unknown.refused(error(ERROR_INVALID_FUNCTION));
        assert_eq!(
            err.unwrap_err().raw_os_error(),
            Some(ERROR_INVALID_FUNCTION as i32)
        );
    }

    #[test]
    fn that_there_is_a_peer_is_news_once() {
        let mut connection = Connection::Ended;
        assert!(connection.made());
        assert!(!connection.made());
        connection = Connection::Made { is_told: true };
        assert!(!connection.made());
        assert_eq!(connection, Connection::Made { is_told: true });
    }

    #[test]
    fn nobody_listens_but_where_nothing_was_known() {
        for before in [Connection::Connecting, Connection::Ended] {
            let mut connection = before;
            connection.is_listening();
            assert_eq!(connection, before);
        }
        let mut connection = Connection::Unknown;
        connection.is_listening();
        assert_eq!(connection, Connection::Listening);
        assert!(connection.can_read() && !connection.can_write());
    }
}
