//! Two threads, each with its own `Poll` and listener on the same port: the kernel distributes the
//! connections. Linux does this with `SO_REUSEPORT`. Other platforms have another option for it, or
//! none.
//!
//! `TcpListener::bind` has no such option. So the example creates the socket with the crate
//! socket2, sets the option before binding, and converts the socket to the std type and then to the
//! mio type.
//!
//! ```sh
//! cargo run -p mio --example reuse_port --all-features
//! ```
//!
//! It is its own client, and ends when all connections are accepted.

#[cfg(epoll_exclusive)] // Linux and Android.
fn main() -> std::io::Result<()> {
    servers::run()
}

#[cfg(not(epoll_exclusive))]
fn main() {
    println!("this system spreads no connections over listeners, or by another option");
}

#[cfg(epoll_exclusive)] // Linux and Android.
mod servers {
    use std::io::{self, ErrorKind};
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use mio::net::TcpListener;
    use mio::{Events, Interest, Notifier, Poll, Token};
    use socket2::{Domain, Protocol, Socket, Type};

    const LISTENER: Token = Token(0);
    const DONE: Token = Token(1);
    const CONNECTIONS: usize = 32;

    pub(super) fn run() -> io::Result<()> {
        let first = listen("127.0.0.1:0".parse().expect("an address"))?;
        let address = first.local_addr()?;
        let second = listen(address)?;

        let total = AtomicUsize::new(0);
        let done = [Notifier::new()?, Notifier::new()?];
        let handles = done.each_ref().map(Notifier::handle);
        let counts = thread::scope(|scope| -> io::Result<Vec<usize>> {
            let mut servers = Vec::new();
            for (listener, done) in [first, second].into_iter().zip(done) {
                let (total, handles) = (&total, &handles);
                servers.push(scope.spawn(move || {
                    serve(listener, done, || {
                        if total.fetch_add(1, Ordering::Relaxed) + 1 == CONNECTIONS {
                            handles.iter().for_each(|handle| drop(handle.notify()));
                        }
                    })
                }));
            }
            // The servers run until they are notified, so notify them also if a connection fails.
            let connected = (0..CONNECTIONS).try_for_each(|_| connect(address));
            if connected.is_err() {
                handles.iter().for_each(|handle| drop(handle.notify()));
            }
            let server = |server: thread::ScopedJoinHandle<'_, _>| server.join().expect("a count");
            let counts = servers.into_iter().map(server).collect();
            connected.and(counts)
        })?;
        println!("{} connections were accepted", counts.iter().sum::<usize>());
        println!("{} by one thread, {} by the other", counts[0], counts[1]);
        Ok(())
    }

    fn connect(address: SocketAddr) -> io::Result<()> {
        std::net::TcpStream::connect(address).map(|_| ())
    }

    /// Creates a listener that shares its port with other listeners that set the option.
    fn listen(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        socket.listen(128)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from_std(socket.into()))
    }

    /// Accepts connections until `done` is notified. Returns their number.
    fn serve(
        mut listener: TcpListener,
        mut done: Notifier,
        accepted: impl Fn(),
    ) -> io::Result<usize> {
        let mut poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        poll.registry()
            .register(&mut done, DONE, Interest::READABLE)?;
        let mut events = Events::with_capacity(16);
        let mut count = 0;
        loop {
            match poll.poll(&mut events, None) {
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            if events.iter().any(|event| event.token() == DONE) {
                return Ok(count);
            }
            loop {
                match listener.accept() {
                    Ok(_) => {
                        count += 1;
                        accepted();
                    }
                    Err(err) if err.kind() == ErrorKind::WouldBlock => break,
                    Err(err) if err.kind() == ErrorKind::Interrupted => {}
                    Err(err) if err.kind() == ErrorKind::ConnectionAborted => accepted(),
                    Err(err) => return Err(err),
                }
            }
        }
    }
}
