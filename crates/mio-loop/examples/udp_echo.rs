//! A UDP echo server: the program of the README.
//!
//! ```sh
//! cargo run -p mio-loop --example udp_echo
//! ```
//!
//! Connect with `nc -u` to the address that it prints. It ends after a minute without traffic.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Interest, Token};
use mio_loop::{Context, EventLoop, Handler, Timeout};

const IDLE: Duration = Duration::from_secs(60);

/// Sends each datagram back, and ends when none has come for a while.
struct Echo {
    socket: UdpSocket,
    idle: Timeout,
}

impl Handler for Echo {
    type Timeout = ();
    type Message = ();
    type Error = io::Error;

    fn readable(&mut self, context: &mut Context<Self>, _: Token) -> io::Result<()> {
        context.reset_timeout(self.idle, IDLE);
        let mut buffer = [0; 1500];
        let received = self.socket.recv_from(&mut buffer);
        let echoed =
            received.and_then(|(length, peer)| self.socket.send_to(&buffer[..length], peer));
        match echoed {
            Err(err) if err.kind() == ErrorKind::WouldBlock => {}
            // The error of one datagram. To return it, as `?` does, would end the loop.
            Err(err) => eprintln!("a datagram was not echoed: {err}"),
            Ok(_) => {}
        }
        Ok(())
    }

    fn timeout(&mut self, context: &mut Context<Self>, (): ()) -> io::Result<()> {
        context.shutdown();
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let mut event_loop = EventLoop::new()?;
    let mut socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    println!("listening on {}", socket.local_addr()?);
    // In level mode: `readable` takes one datagram, and the next poll reports the others.
    event_loop.register(&mut socket, Token(0), Interest::READABLE.level())?;
    let idle = event_loop.timeout(IDLE, ());
    event_loop.run(&mut Echo { socket, idle })
}
