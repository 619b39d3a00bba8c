//! Several threads serve the connections of one `Poll`, without a lock around it.
//!
//! One thread polls. Each connection is registered with `oneshot`: after one event it is silent, so
//! it can be handed to a worker, and nobody else hears of it until that worker registers it again,
//! through a registry of its own. When a connection ends, the worker says so by a `Notifier`, and
//! so does each thread that fails.
//!
//! ```sh
//! cargo run -p mio --example oneshot_workers --all-features
//! ```
//!
//! It is its own client: it opens some connections, sends over each of them, checks that all comes
//! back, and ends.

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

    // Without anybody to hand out work, the workers end.
    drop(hand_out);
    for thread in threads {
        thread.join().expect("a thread that did not panic");
    }
    // A client may have failed when its connection had ended.
    ends.try_iter().try_for_each(|end| end.map(drop))?;
    println!("{WORKERS} workers echoed {echoed} bytes over {CLIENTS} connections");
    Ok(())
}

/// A connection, which belongs to whoever has it in hand: the table, or one worker.
struct Connection {
    token: Token,
    stream: TcpStream,
    /// What was read and could not be written yet.
    unsent: Vec<u8>,
    echoed: usize,
}

/// The thread that polls: accepts, hands out, and counts what has ended.
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
                        // Into the table first: its event may come as soon as it is registered.
                        connections.insert(token, Arc::clone(&connection));
                        let stream = &mut lock(&connection).stream;
                        let interest = Interest::READABLE.oneshot();
                        poll.registry().register(stream, token, interest)?;
                    }
                }
                ENDED => {
                    // Cleared before looking, so that an end that comes now is told again.
                    ended.clear()?;
                    for end in ends.try_iter() {
                        // A thread that has failed ends this one, which would wait for it.
                        let token = end?;
                        let connection = connections.remove(&token).expect("it ends once");
                        echoed += lock(&connection).echoed;
                        closed += 1;
                    }
                }
                token => {
                    if let Some(connection) = connections.get(&token) {
                        // Nobody else has it: it says nothing more until it is registered again.
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

/// Where a thread says that a connection has ended, or that it has failed itself.
#[derive(Clone)]
struct EndsTo {
    queue: Sender<io::Result<Token>>,
    ended: NotifierHandle,
}

impl EndsTo {
    fn tell(&self, end: io::Result<Token>) {
        // Nobody receives it if the thread that polls has failed, and with it the program.
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
                // What is ready already is an event at once, so nothing is missed between.
                self.registry.reregister(stream, token, interest)
            });
            if let Err(err) = served {
                if err.kind() != ErrorKind::UnexpectedEof {
                    eprintln!("a connection was lost: {err}");
                }
                // It stays open until the table drops it.
                self.registry.deregister(&mut connection.stream)?;
                self.ends_to.tell(Ok(connection.token));
            }
        }
    }
}

impl Connection {
    /// Sends back what has come, and answers what to wait for. `UnexpectedEof` is the end.
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
            // That client has hung up already.
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
