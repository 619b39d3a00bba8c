//! Several threads serve the connections of one `Poll`, without a lock around it.
//!
//! One thread polls. Each connection is registered with `oneshot`: one event disarms it, and the
//! polling thread passes it to a worker. No other worker receives the connection until that worker
//! re-arms it through its own registry. When a connection ends or a thread fails, a `Notifier`
//! notifies the polling thread.
//!
//! ```sh
//! cargo run -p mio --example oneshot_workers --all-features
//! ```
//!
//! It is its own client: it opens some connections, sends over each of them, checks the echo, and
//! ends.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Notifier, NotifierHandle, Poll, Registry, Token};

const WORKERS: usize = 4;
const CLIENTS: usize = 8;
const MESSAGES: usize = 100;

const LISTENER: Token = Token(0);
const ENDED: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

fn main() -> io::Result<()> {
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    let address = listener.local_addr()?;
    let mut poll = Poll::new()?;
    let mut ended = Notifier::new()?;
    let registry = poll.registry();
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;
    registry.register(&mut ended, ENDED, Interest::READABLE)?;

    let (hand_out, work) = mpsc::channel();
    let (tell_end, ends) = mpsc::channel();
    let work = Arc::new(Mutex::new(work));
    let ends_to = EndsTo {
        queue: tell_end,
        ended: ended.handle(),
    };
    let mut threads = Vec::new();
    for _ in 0..WORKERS {
        let worker = Worker {
            work: Arc::clone(&work),
            registry: poll.registry().try_clone()?,
            ends_to: ends_to.clone(),
        };
        threads.push(thread::spawn(move || {
            if let Err(err) = worker.run() {
                worker.ends_to.tell(Err(err));
            }
        }));
    }
    for client in 0..CLIENTS {
        let ends_to = ends_to.clone();
        threads.push(thread::spawn(move || {
            if let Err(err) = talk(address, client) {
                ends_to.tell(Err(err));
            }
        }));
    }

    let echoed = serve(&mut poll, &listener, &ended, &hand_out, &ends)?;

    // The workers end when the sender of their queue is dropped.
    drop(hand_out);
    for thread in threads {
        thread.join().expect("a thread that did not panic");
    }
    // A client may fail after its connection has ended.
    ends.try_iter().try_for_each(|end| end.map(drop))?;
    println!("{WORKERS} workers echoed {echoed} bytes over {CLIENTS} connections");
    Ok(())
}

/// A connection, shared by the table and the worker that serves it.
struct Connection {
    token: Token,
    stream: TcpStream,
    /// Data that was read and is not written yet.
    unsent: Vec<u8>,
    echoed: usize,
}

/// Accepts connections, passes ready ones to the workers, and counts the ended ones. Runs in the
/// polling thread.
fn serve(
    poll: &mut Poll,
    listener: &TcpListener,
    ended: &Notifier,
    hand_out: &Sender<Arc<Mutex<Connection>>>,
    ends: &Receiver<io::Result<Token>>,
) -> io::Result<usize> {
    let mut events = Events::with_capacity(128);
    let mut connections = HashMap::new();
    let (mut accepted, mut closed, mut echoed) = (0, 0, 0);
    while closed < CLIENTS {
        match poll.poll(&mut events, None) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            match event.token() {
                LISTENER => {
                    while let Some(stream) = accept(listener)? {
                        let token = Token(FIRST_CONNECTION + accepted);
                        accepted += 1;
                        let connection = Arc::new(Mutex::new(Connection {
                            token,
                            stream,
                            unsent: Vec::new(),
                            echoed: 0,
                        }));
                        // Insert before registering: the event may follow at once.
                        connections.insert(token, Arc::clone(&connection));
                        let stream = &mut lock(&connection).stream;
                        let interest = Interest::READABLE.oneshot();
                        poll.registry().register(stream, token, interest)?;
                    }
                }
                ENDED => {
                    // Clear before draining the queue, so that a later end is a new event.
                    ended.clear()?;
                    for end in ends.try_iter() {
                        // Stop if a thread has failed: this one would wait for it.
                        let token = end?;
                        let connection = connections.remove(&token).expect("it ends once");
                        echoed += lock(&connection).echoed;
                        closed += 1;
                    }
                }
                token => {
                    if let Some(connection) = connections.get(&token) {
                        // No other worker has it: it is disarmed until `reregister`.
                        let _ = hand_out.send(Arc::clone(connection));
                    }
                }
            }
        }
    }
    Ok(echoed)
}

struct Worker {
    work: Arc<Mutex<Receiver<Arc<Mutex<Connection>>>>>,
    registry: Registry,
    ends_to: EndsTo,
}

/// A queue in which a thread reports that a connection has ended, or that the thread has failed.
#[derive(Clone)]
struct EndsTo {
    queue: Sender<io::Result<Token>>,
    ended: NotifierHandle,
}

impl EndsTo {
    fn tell(&self, end: io::Result<Token>) {
        // Sending fails only if the polling thread, and with it the program, has failed.
        let _ = self.queue.send(end);
        if let Err(err) = self.ended.notify() {
            eprintln!("can't notify: {err}");
        }
    }
}

impl Worker {
    fn run(&self) -> io::Result<()> {
        loop {
            let next = lock(&self.work).recv();
            let Ok(connection) = next else {
                return Ok(());
            };
            let connection = &mut *lock(&connection);
            let served = connection.echo().and_then(|interest| {
                let (stream, token) = (&mut connection.stream, connection.token);
                // `reregister` reports readiness at once, so no event is lost in between.
                self.registry.reregister(stream, token, interest)
            });
            if let Err(err) = served {
                if err.kind() != ErrorKind::UnexpectedEof {
                    eprintln!("a connection was lost: {err}");
                }
                // The connection stays open until the table drops it.
                self.registry.deregister(&mut connection.stream)?;
                self.ends_to.tell(Ok(connection.token));
            }
        }
    }
}

impl Connection {
    /// Sends back the received data. Returns the interest to wait for, or `UnexpectedEof` at the
    /// end of the stream.
    fn echo(&mut self) -> io::Result<Interest> {
        let mut buffer = [0; 4096];
        loop {
            while !self.unsent.is_empty() {
                match self.stream.write(&self.unsent) {
                    Ok(written) => {
                        self.unsent.drain(..written);
                        self.echoed += written;
                    }
                    Err(err) if err.kind() == ErrorKind::WouldBlock => {
                        return Ok(Interest::WRITABLE.oneshot());
                    }
                    Err(err) if err.kind() == ErrorKind::Interrupted => {}
                    Err(err) => return Err(err),
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.unsent.extend(&buffer[..read]),
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Ok(Interest::READABLE.oneshot());
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

fn accept(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(Some(stream)),
            Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            // The client closed its connection while it was pending.
            Err(err) if err.kind() == ErrorKind::ConnectionAborted => {}
            Err(err) => return Err(err),
        }
    }
}

fn talk(address: SocketAddr, client: usize) -> io::Result<()> {
    let mut stream = std::net::TcpStream::connect(address)?;
    for number in 0..MESSAGES {
        let message = format!("message {number:05} of client {client}");
        stream.write_all(message.as_bytes())?;
        let mut echo = vec![0; message.len()];
        stream.read_exact(&mut echo)?;
        if echo != message.as_bytes() {
            return Err(io::Error::new(ErrorKind::InvalidData, "not what was sent"));
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread has panicked")
}
