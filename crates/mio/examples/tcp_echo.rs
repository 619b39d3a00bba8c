//! A TCP echo server in one page: the program in the README and the guide.
//!
//! ```sh
//! cargo run -p mio --example tcp_echo --all-features
//! ```
//!
//! Connect to it with `nc 127.0.0.1 9000`. It runs until it is killed. The example `tcp_server` is
//! fair to many clients and ends by itself.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:9000");
    let mut listener = TcpListener::bind(address.parse().expect("an address"))?;
    println!("listening on {}", listener.local_addr()?);

    let mut poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections = HashMap::new();
    let mut last = LISTENER;
    let mut timeout = None;
    loop {
        match poll.poll(&mut events, timeout) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for token in events.iter().map(|event| event.token()) {
            // Skips the listener, and what was closed earlier in this batch.
            if let Some((stream, unsent)) = connections.get_mut(&token) {
                match echo(stream, unsent) {
                    Ok(true) => {}
                    // Dropping the stream closes it.
                    _ => drop(connections.remove(&token)),
                }
            }
        }
        timeout = loop {
            match listener.accept() {
                Ok((mut stream, _)) => {
                    last.0 += 1;
                    if registry.register(&mut stream, last, BOTH).is_ok() {
                        connections.insert(last, (stream, Vec::new()));
                    }
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => break None,
                // No descriptor is left, perhaps, and no event follows. So retry in a second.
                Err(_) => break Some(Duration::from_secs(1)),
            }
        };
    }
}

/// Reads and writes until that would block. Returns whether the peer may send more.
fn echo(stream: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        // Reads no more from a peer until it has taken its echo, which bounds the memory.
        let result = match unsent.is_empty() {
            true => stream.read(&mut buffer),
            false => stream.write(unsent),
        };
        match result {
            Ok(0) => return Ok(false),
            Ok(read) if unsent.is_empty() => unsent.extend(&buffer[..read]),
            Ok(written) => drop(unsent.drain(..written)),
            Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
}
