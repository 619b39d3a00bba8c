//! Many datagrams with one system call.

use std::io::{self, IoSliceMut};

use mio::Interest;
use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};

/// Sends and receives datagrams of a [`UdpSocket`] in batches, with the batch operations of the OS.
///
/// One call of [`send`](Self::send) may carry several datagrams of equal size (GSO). One call of
/// [`receive`](Self::receive) fills several buffers (`recvmmsg`), each of which may hold several
/// datagrams of one peer (GRO). ECN and the destination address come with each. The crate
/// [quinn-udp] does the work. Its types are re-exported in [`quinn_udp`](crate::quinn_udp), and its
/// table lists the support of each OS. Without support a call moves one datagram.
///
/// On selectors that re-arm, `WouldBlock` re-arms only the direction of the call.
///
/// [quinn-udp]: https://docs.rs/quinn-udp
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::IoSliceMut;
///
/// use mio::net::UdpSocket;
/// use mio_util::Datagrams;
/// use mio_util::quinn_udp::{RecvMeta, Transmit};
///
/// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let datagrams = Datagrams::new(&socket)?;
/// datagrams.send(
///     &socket,
///     &Transmit {
///         destination: socket.local_addr()?,
///         ecn: None,
///         contents: b"hello",
///         segment_size: None,
///         src_ip: None,
///     },
/// )?;
///
/// let mut buffer = [0; 2048];
/// let mut meta = [RecvMeta::default()];
/// let count = loop {
///     match datagrams.receive(&socket, &mut [IoSliceMut::new(&mut buffer)], &mut meta) {
///         // A server would poll here.
///         Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => {}
///         result => break result?,
///     }
/// };
/// assert_eq!(count, 1);
/// assert_eq!(&buffer[..meta[0].len], b"hello");
/// assert_eq!(meta[0].addr, socket.local_addr()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Datagrams {
    state: UdpSocketState,
}

impl Datagrams {
    /// Prepares a socket: enables ECN, destination addresses and GRO, and puts the socket into
    /// non-blocking mode. One `Datagrams` belongs to one socket.
    ///
    /// # Errors
    ///
    /// Returns an error if the OS refuses a required option.
    ///
    /// # Examples
    ///
    /// See [`Datagrams`].
    pub fn new(socket: &UdpSocket) -> io::Result<Datagrams> {
        let state = UdpSocketState::new(socket.into())?;
        Ok(Datagrams { state })
    }

    /// Sends one datagram, or several of [`segment_size`](Transmit::segment_size) bytes: at most
    /// [`max_segments`](Self::max_segments), the last of which may be shorter.
    ///
    /// # Errors
    ///
    /// `WouldBlock` means that nothing was sent and a writable event will come. Any other error
    /// concerns only this call.
    ///
    /// # Examples
    ///
    /// See [`Datagrams`].
    pub fn send(&self, socket: &UdpSocket, transmit: &Transmit<'_>) -> io::Result<()> {
        socket.try_io_for(Interest::WRITABLE, || {
            self.state.try_send(socket.into(), transmit)
        })
    }

    /// Receives into as many buffers as there are datagrams, and returns the number of buffers. The
    /// record with the same index in `meta` has the length of the data in a buffer. No more buffers
    /// are filled than there are records.
    ///
    /// With GRO a buffer may hold several datagrams, each of [`stride`](RecvMeta::stride) bytes but
    /// the last one. Make each buffer [`max_received`](Self::max_received) datagrams long, or the
    /// rest is lost.
    ///
    /// # Errors
    ///
    /// `WouldBlock` means that there is no datagram and a readable event will come. `InvalidInput`
    /// means that there is no buffer or no record. Any other error concerns only this call, such as
    /// that of a refused datagram that was sent earlier.
    ///
    /// # Examples
    ///
    /// See [`Datagrams`].
    pub fn receive(
        &self,
        socket: &UdpSocket,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> io::Result<usize> {
        let count = buffers.len().min(meta.len());
        if count == 0 {
            let message = "datagrams need at least one buffer and one record";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let buffers = &mut buffers[..count];
        socket.try_io_for(Interest::READABLE, || {
            self.state.recv(socket.into(), buffers, meta)
        })
    }

    /// Returns the number of datagrams that one call of [`send`](Self::send) may carry: 1 if the OS
    /// has no GSO.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let datagrams = mio_util::Datagrams::new(&socket)?;
    /// assert!(datagrams.max_segments() >= 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Returns the number of datagrams that one buffer may receive: 1 if the OS has no GRO.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let datagrams = mio_util::Datagrams::new(&socket)?;
    /// assert!(datagrams.max_received() >= 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_received(&self) -> usize {
        self.state.gro_segments()
    }

    /// The maximum number of buffers that one call of [`receive`](Self::receive) fills.
    pub const BUFFERS: usize = quinn_udp::BATCH_SIZE;
}
