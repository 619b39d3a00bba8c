//! Socket activation: a server that inherits its listener from its parent process.
//!
//! The parent passes the listening socket as descriptor 3, sets `LISTEN_FDS=1` and sets
//! `LISTEN_PID` to the process ID, as systemd does. So the server can be started by its first
//! client, can listen on a privileged port without privileges, and can be restarted without
//! refusing connections. Each client receives a greeting.
//!
//! ```sh
//! cargo build -p mio --example listen_fd --all-features
//! systemd-socket-activate -l 127.0.0.1:9000 target/debug/examples/listen_fd
//! ```
//!
//! Without an inherited listener, `cargo run -p mio --example listen_fd --all-features` prints what
//! is missing. A number as argument limits the number of connections. The program also ends after
//! an hour without traffic, or after the number of seconds in the environment variable
//! `MIO_EXAMPLE_SECONDS`.

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

    /// The first inherited descriptor.
    const FIRST_FD: RawFd = 3;

    const GREETING: &[u8] = b"hello from the inherited listener\n";

    /// The pause after a failed accept.
    const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn run() -> Result<()> {
        // Take it before anything else opens a descriptor with the same number.
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
            // Accept also after a failure: pending connections are not reported again.
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

    /// Accepts and greets all pending connections. After an error some may still be pending.
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
                // A signal handler ran, or the client closed its connection while it was pending.
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

    /// Sends the greeting. A new connection always has room for one line, so this cannot block.
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
        // All descendants inherit the variables, but the descriptor is meant for one process.
        if let Ok(pid) = env::var("LISTEN_PID") {
            if pid != process::id().to_string() {
                return Err(format!("the listener is for process {pid}, not for this one").into());
            }
        }

        // Keep the descriptor from children of this program. The call fails if it is not open.
        // SAFETY: `F_SETFD` takes no pointer and changes only a flag of the descriptor.
        if unsafe { libc::fcntl(FIRST_FD, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            let err = io::Error::last_os_error();
            return Err(format!("descriptor {FIRST_FD} was not handed over: {err}").into());
        }
        // SAFETY: the descriptor is open, as the `fcntl` shows. It was open before this program
        // started and the parent passed it to this process, so nothing else here owns it.
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
