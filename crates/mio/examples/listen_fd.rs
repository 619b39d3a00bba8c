//! Socket activation: a server whose listener was opened by whoever started it.
//!
//! The parent hands the listening socket over as descriptor 3 and says so with `LISTEN_FDS=1`, and
//! with the process number in `LISTEN_PID`, as systemd does. So the server can be started when the
//! first client comes, can listen on a privileged port without privileges, and can be restarted
//! without refusing anybody. Each client gets a greeting.
//!
//! ```sh
//! cargo build -p mio --example listen_fd --all-features
//! systemd-socket-activate -l 127.0.0.1:9000 target/debug/examples/listen_fd
//! ```
//!
//! `cargo run -p mio --example listen_fd --all-features` tells what is missing if nothing is handed
//! over. With a number as argument it ends after so many connections. It also ends by itself after
//! an hour without traffic, or after as many seconds as the environment variable
//! `MIO_EXAMPLE_SECONDS` says.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    match server::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("listen_fd: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod server {
    use std::error::Error;
    use std::io::{self, ErrorKind, Write};
    use std::os::fd::{FromRawFd, RawFd};
    use std::time::{Duration, Instant};
    use std::{env, net, process};

    use mio::net::{TcpListener, TcpStream};
    use mio::{Events, Interest, Poll, Token};

    type Result<T> = std::result::Result<T, Box<dyn Error>>;

    /// Where the descriptors that are handed over begin.
    const FIRST_FD: RawFd = 3;

    const GREETING: &[u8] = b"hello from the inherited listener\n";

    /// When to try again after a connection could not be accepted.
    const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn run() -> Result<()> {
        // First of all, before anything opens a descriptor that could be mistaken for it.
        let mut listener = inherited_listener()?;
        let mut connections_left = connection_limit()?;
        let idle_limit = idle_limit()?;

        let mut poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, Token(0), Interest::READABLE)?;
        println!("listening on {}", listener.local_addr()?);

        let mut events = Events::with_capacity(8);
        let mut last_traffic = Instant::now();
        let mut accept_paused = false;
        while connections_left > 0 {
            let idle = last_traffic.elapsed();
            if idle >= idle_limit {
                println!("no traffic for {idle_limit:?}, ending");
                break;
            }
            let mut timeout = idle_limit - idle;
            if accept_paused {
                timeout = timeout.min(ACCEPT_PAUSE);
            }
            match poll.poll(&mut events, Some(timeout)) {
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            if !events.is_empty() {
                last_traffic = Instant::now();
            }
            // After a failure too: those who wait have been reported, and won't be again.
            match greet(&listener, &mut connections_left) {
                Err(err) if !accept_paused => {
                    eprintln!("can't accept, trying again every {ACCEPT_PAUSE:?}: {err}");
                    accept_paused = true;
                }
                result => accept_paused = result.is_err(),
            }
        }
        Ok(())
    }

    /// Greets all who wait. After an error somebody may still wait.
    fn greet(listener: &TcpListener, connections_left: &mut u64) -> io::Result<()> {
        while *connections_left > 0 {
            match listener.accept() {
                Ok((stream, peer)) => {
                    if let Err(err) = send_greeting(stream) {
                        eprintln!("{peer}: {err}");
                    }
                    *connections_left -= 1;
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(()),
                // A signal came, or the client has gone away while it waited.
                Err(err)
                    if matches!(
                        err.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// A new connection always has room for a line, so that nothing has to be kept for later.
    fn send_greeting(mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(GREETING)
    }

    fn inherited_listener() -> Result<TcpListener> {
        let Ok(count) = env::var("LISTEN_FDS") else {
            return Err("no listener was handed over: LISTEN_FDS is not set".into());
        };
        if !count.parse().is_ok_and(|count: u32| count >= 1) {
            return Err(format!("no listener was handed over: LISTEN_FDS is {count:?}").into());
        }
        // Variables are inherited by all children, descriptors are meant for one.
        if let Ok(pid) = env::var("LISTEN_PID") {
            if pid != process::id().to_string() {
                return Err(format!("the listener is for process {pid}, not for this one").into());
            }
        }

        // This program's own children shall not have it. It fails if there is no such descriptor.
        // SAFETY: this has to do with descriptors alone.
        if unsafe { libc::fcntl(FIRST_FD, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            let err = io::Error::last_os_error();
            return Err(format!("descriptor {FIRST_FD} was not handed over: {err}").into());
        }
        // SAFETY: the descriptor is open. It was so before this program began, and the one who
        // started us says that it is ours, so nothing else here owns it.
        let listener = unsafe { net::TcpListener::from_raw_fd(FIRST_FD) };
        listener
            .local_addr()
            .map_err(|err| format!("descriptor {FIRST_FD} is not a TCP socket: {err}"))?;
        listener.set_nonblocking(true)?;
        Ok(TcpListener::from_std(listener))
    }

    fn connection_limit() -> Result<u64> {
        let Some(text) = env::args().nth(1) else {
            return Ok(u64::MAX);
        };
        text.parse()
            .map_err(|_| format!("{text:?} is no number of connections").into())
    }

    fn idle_limit() -> Result<Duration> {
        let Ok(text) = env::var("MIO_EXAMPLE_SECONDS") else {
            return Ok(Duration::from_secs(3600));
        };
        text.parse()
            .map(Duration::from_secs)
            .map_err(|_| format!("MIO_EXAMPLE_SECONDS is {text:?}, which is no number").into())
    }
}
