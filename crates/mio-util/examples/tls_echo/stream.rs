// A TLS stream, shared by the example and the suite, which includes this file.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, event};
use mio_util::Stream;
use rustls::ServerConnection;

/// The server's end of a TLS connection, on a non-blocking socket.
///
/// Each call first sends and receives the data of TLS itself, so the handshake needs no separate
/// step: the first `read` begins it.
#[derive(Debug)]
pub(crate) struct TlsStream {
    socket: TcpStream,
    tls: ServerConnection,
}

impl TlsStream {
    pub(crate) fn new(socket: TcpStream, tls: ServerConnection) -> TlsStream {
        TlsStream { socket, tls }
    }

    /// Sends what TLS has encrypted, until nothing is left or the socket would block.
    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// Sends like [`send`](Self::send), but leaves the rest to `flush` if the socket would block.
    fn try_send(&mut self) -> io::Result<()> {
        match self.send() {
            Err(err) if err.kind() == ErrorKind::WouldBlock => Ok(()),
            result => result,
        }
    }

    /// Receives once from the socket, decrypts, and continues the handshake. Returns `false` at the
    /// end of the socket.
    fn receive(&mut self) -> io::Result<bool> {
        let received = self.tls.read_tls(&mut self.socket)?;
        let result = self.tls.process_new_packets();
        // After an error this sends the alert with the reason to the peer.
        let sent = self.try_send();
        result.map_err(|err| io::Error::new(ErrorKind::InvalidData, err))?;
        sent?;
        Ok(received > 0)
    }
}

impl Read for TlsStream {
    /// Returns `WouldBlock` only when the socket itself would block: the plaintext is drained then,
    /// and an event of the socket will come.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buffer) {
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    self.receive()?;
                }
                // 0 after close_notify, `UnexpectedEof` at an end without it.
                result => return result,
            }
        }
    }
}

impl Write for TlsStream {
    /// Encrypts as much as the TLS buffer has room for, and sends as much as the socket accepts.
    /// `flush` sends the rest.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            match self.tls.writer().write(data)? {
                // No data of the buffer can be sent before the handshake is done.
                0 if self.tls.is_handshaking() => {
                    if !self.receive()? {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                0 => self.send()?,
                written => {
                    self.try_send()?;
                    return Ok(written);
                }
            }
        }
    }

    /// Returns `WouldBlock` while encrypted bytes wait for the socket. `Connection` then registers
    /// for a writable event.
    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Stream for TlsStream {
    /// Sends close_notify, and then the end of the socket. May be called again after `WouldBlock`:
    /// close_notify is sent once.
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.send()?;
        self.socket.shutdown(Shutdown::Write)
    }
}

impl event::Source for TlsStream {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry.register(&mut self.socket, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry.reregister(&mut self.socket, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut self.socket)
    }
}
