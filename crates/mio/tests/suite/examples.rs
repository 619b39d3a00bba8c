//! Runs the example programs as processes, and talks to them.

#![cfg(not(miri))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use mio::SelectorKind;

use crate::support::process;

/// A timeout for output that must come. It only matters if the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

const ANY_PORT: &str = "127.0.0.1:0";

/// A running example, which is killed at the end of the test.
struct Example {
    child: Child,
    /// The lines of its output.
    lines: Receiver<String>,
}

impl Example {
    fn start(name: &str, arguments: &[&str]) -> Example {
        Example::spawn(process::command(path(name)).args(arguments))
    }

    fn spawn(command: &mut Command) -> Example {
        // If this process is killed, the servers should end, too. The limit is generous, because a
        // test on an emulator may take minutes.
        if !command
            .get_envs()
            .any(|(name, _)| name == "MIO_EXAMPLE_SECONDS")
        {
            command.env("MIO_EXAMPLE_SECONDS", "900");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            process::spawn(command).unwrap_or_else(|err| panic!("can't start {command:?}: {err}"));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // A read from a pipe has no timeout; a channel has one.
        thread::spawn(move || {
            for line in stdout.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Example { child, lines }
    }

    fn line(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("the example prints a line")
    }

    /// Returns the address that the server prints.
    fn address(&self) -> SocketAddr {
        let line = self.line();
        let address = line
            .strip_prefix("listening on ")
            .and_then(|rest| rest.split(' ').next())
            .and_then(|address| address.parse().ok());
        address.unwrap_or_else(|| panic!("no address in {line:?}"))
    }

    /// Waits until the example ends, and returns its status, its remaining output, and its errors.
    fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; it said {lines:?}"),
            }
        }
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap(), lines, errors)
    }

    /// Waits until the example fails, and returns the error message.
    fn failure(self) -> String {
        let (status, lines, errors) = self.end();
        assert_eq!(status.code(), Some(1), "{lines:?} {errors}");
        assert_eq!(errors.lines().count(), 1, "one clear line: {errors:?}");
        errors
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of an example. Examples are built beside the directory of the test binaries.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let example = profile.join("examples").join(file);
    assert!(
        example.exists(),
        "{} is not built; `cargo test` without `--test` builds it",
        example.display()
    );
    example
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn assert_echo(mut stream: &TcpStream, data: &[u8]) {
    stream.write_all(data).unwrap();
    let mut echo = vec![0; data.len()];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, data);
}

/// Expects the end of the stream. The server closes after it has seen the end of this side.
fn assert_end(mut stream: TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

fn assert_two_interleaved(address: SocketAddr) {
    let (first, second) = (connect(address), connect(address));
    assert_echo(&second, b"second\n");
    assert_echo(&first, b"first\n");
    assert_echo(&second, b"second again\n");
    assert_echo(&first, b"first again\n");
    assert_end(first);
    assert_echo(&second, b"second alone\n");
    assert_end(second);
}

/// Sends more than the server buffers, and starts to read only when no more can be sent.
fn assert_back_pressure(address: SocketAddr, length: usize) {
    let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
    let mut stream = connect(address);
    let mut writing = stream.try_clone().unwrap();
    let copy = payload.clone();
    let (sender, written) = mpsc::channel();
    let writer = thread::spawn(move || {
        for chunk in copy.chunks(32 * 1024) {
            writing.write_all(chunk).unwrap();
            // The receiver is gone once reading has started.
            let _ = sender.send(());
        }
        writing.shutdown(Shutdown::Write).unwrap();
    });
    // Wait until all data was sent, or until the writer makes no progress.
    while written.recv_timeout(Duration::from_millis(200)).is_ok() {}

    // A client that does not read does not delay other clients.
    assert_echo(&connect(address), b"me too\n");

    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).unwrap();
    writer.join().unwrap();
    assert!(echo == payload, "{} of {length} bytes", echo.len());
}

fn assert_udp_echo(address: SocketAddr) {
    let (first, second) = (udp_client(address), udp_client(address));
    let large = vec![7; 9000];
    let datagrams: [&[u8]; 4] = [b"one", b"", &large, b"four"];
    let mut buffer = vec![0; 10_000];
    for datagram in datagrams {
        for socket in [&first, &second] {
            socket.send(datagram).unwrap();
        }
        for socket in [&second, &first] {
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], datagram);
        }
    }
}

fn udp_client(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(ANY_PORT).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(address).unwrap();
    socket
}

#[test]
fn tcp_server_serves_several() {
    let server = Example::start("tcp_server", &[ANY_PORT]);
    assert_two_interleaved(server.address());
}

#[test]
fn tcp_server_waits_for_a_late_reader() {
    let server = Example::start("tcp_server", &[ANY_PORT]);
    let address = server.address();
    assert_back_pressure(address, 1 << 20);
    // More than the buffers of the kernel hold.
    assert_back_pressure(address, 32 << 20);
}

#[test]
fn tcp_server_survives_a_reset() {
    let server = Example::start("tcp_server", &[ANY_PORT]);
    assert_survives_reset(server.address());
}

fn assert_survives_reset(address: SocketAddr) {
    for _ in 0..3 {
        let mut stream = connect(address);
        stream.write_all(&[1; 100_000]).unwrap();
        // Closing the stream with unread data resets the connection.
        stream.read_exact(&mut [0]).unwrap();
    }
    assert_echo(&connect(address), b"still there\n");
}

#[test]
fn tcp_echo_serves_several_and_survives_a_reset() {
    let server = Example::start("tcp_echo", &[ANY_PORT]);
    let address = server.address();
    assert_two_interleaved(address);
    assert_back_pressure(address, 8 << 20);
    assert_survives_reset(address);
}

#[cfg(unix)]
#[test]
fn servers_survive_having_no_descriptors() {
    for name in ["tcp_server", "tcp_and_udp", "tcp_echo"] {
        let server = Example::spawn(
            Command::new("sh")
                .args(["-c", r#"ulimit -n 12; exec "$0" "$@""#])
                .args(process::words(path(name)))
                .arg(ANY_PORT),
        );
        let address = server.address();
        let clients: Vec<TcpStream> = (0..30).map(|_| connect(address)).collect();
        // The server accepts them in this order, and each client that leaves makes room for
        // another.
        for client in clients {
            assert_echo(&client, b"hello\n");
            assert_end(client);
        }
    }
}

#[test]
fn tcp_server_refuses_nonsense() {
    let message = Example::start("tcp_server", &["nonsense"]).failure();
    assert!(message.contains("nonsense"), "{message}");

    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let message = Example::start("tcp_server", &[&address]).failure();
    assert!(message.contains(&address), "{message}");
}

#[test]
fn udp_server_echoes() {
    let server = Example::start("udp_server", &[ANY_PORT]);
    assert_udp_echo(server.address());
}

#[test]
fn tcp_and_udp_echoes_both() {
    let server = Example::start("tcp_and_udp", &[ANY_PORT]);
    let address = server.address();
    assert_two_interleaved(address);
    assert_udp_echo(address);
    assert_back_pressure(address, 1 << 20);
    assert_udp_echo(address);
}

/// Sends a datagram from port 0 of an address, so that nobody can reply to it. This needs a raw
/// socket, which most users may not create.
#[cfg(unix)]
fn send_from_port_zero(to: SocketAddr) {
    use socket2::{Domain, Protocol, Socket, Type};

    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP));
    let Ok(socket) = socket else { return };
    // Source, destination, length, and no checksum.
    let mut packet = [0; 10];
    packet[2..4].copy_from_slice(&to.port().to_be_bytes());
    packet[5] = 10;
    socket.send_to(&packet, &to.into()).unwrap();
}

#[cfg(unix)]
#[test]
fn udp_servers_survive_a_peer_that_cannot_be_answered() {
    for name in ["udp_server", "tcp_and_udp"] {
        let server = Example::start(name, &[ANY_PORT]);
        let address = server.address();
        for _ in 0..20 {
            send_from_port_zero(address);
            // The client is gone before the reply arrives.
            udp_client(address).send(b"hello").unwrap();
        }
        assert_udp_echo(address);
    }
}

#[test]
fn servers_end_without_traffic() {
    let servers = ["tcp_server", "udp_server", "tcp_and_udp"].map(|name| {
        let mut command = process::command(path(name));
        Example::spawn(command.arg(ANY_PORT).env("MIO_EXAMPLE_SECONDS", "1"))
    });
    for server in servers {
        let (status, lines, errors) = server.end();
        assert!(status.success(), "{errors}");
        assert_eq!(
            lines.len(),
            2,
            "where it listens, and why it ends: {lines:?}"
        );
    }
}

#[test]
fn tcp_client_prints_the_reply() {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = Example::start("tcp_client", &[&address, "30000"]);
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request).unwrap();
    assert_eq!(request, "hello\n");
    // In two pieces, with more data after them.
    (&stream).write_all(b"good ").unwrap();
    (&stream).write_all(b"day\nand more").unwrap();
    let (status, lines, errors) = client.end();
    assert!(status.success(), "{errors}");
    assert_eq!(lines, ["good day"]);
}

#[test]
fn tcp_client_says_that_it_was_refused() {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    // A port without a listener, which nobody can take meanwhile.
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = Example::start("tcp_client", &[&address, "30000"]).failure();
    assert!(
        message.contains("can't connect") && message.contains("refused"),
        "{message}"
    );
}

#[test]
fn tcp_client_gives_up() {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let message = Example::start("tcp_client", &[&address, "200"]).failure();
    assert!(message.contains("no answer within 200 ms"), "{message}");
}

#[test]
fn tcp_client_says_that_the_server_has_hung_up() {
    let listener = TcpListener::bind(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = Example::start("tcp_client", &[&address, "30000"]);
    let (stream, _) = listener.accept().unwrap();
    assert_end_after(stream, b"hello\n");
    let message = client.failure();
    assert!(message.contains("hung up"), "{message}");
}

/// Reads `expected` before it closes the stream, because closing with unread data resets the
/// connection. Then expects the end.
fn assert_end_after(mut stream: TcpStream, expected: &[u8]) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut received = vec![0; expected.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, expected);
}

#[test]
fn tcp_client_talks_to_tcp_server() {
    let server = Example::start("tcp_server", &[ANY_PORT]);
    let address = server.address().to_string();
    let (status, lines, errors) = Example::start("tcp_client", &[&address, "30000"]).end();
    assert!(status.success(), "{errors}");
    assert_eq!(lines, ["hello"]);
}

/// Starts `listen_fd` with the listener as descriptor 3. A shell runs `set_up` first.
#[cfg(unix)]
fn listen_fd(listener: TcpListener, set_up: &str, connections: &str) -> Example {
    let script = format!(r#"exec 3<&0 </dev/null; {set_up}; exec "$0" "$@""#);
    Example::spawn(
        Command::new("sh")
            .args(["-c", &script])
            .args(process::words(path("listen_fd")))
            .arg(connections)
            .env_remove("LISTEN_FDS")
            .env_remove("LISTEN_PID")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener))),
    )
}

#[cfg(unix)]
#[test]
fn listen_fd_greets_and_ends() {
    for set_up in [
        "export LISTEN_FDS=1",
        "export LISTEN_FDS=1 LISTEN_PID=$$",
        "export LISTEN_FDS=2",
    ] {
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        // This client connects before the server starts.
        let early = connect(address);
        let server = listen_fd(listener, set_up, "2");
        assert_eq!(server.address(), address);
        for mut client in [early, connect(address)] {
            let mut greeting = String::new();
            client.read_to_string(&mut greeting).unwrap();
            assert_eq!(greeting.lines().count(), 1, "{greeting:?}");
        }
        let (status, _, errors) = server.end();
        assert!(status.success(), "{errors}");
    }
}

#[cfg(unix)]
#[test]
fn listen_fd_takes_only_what_is_its_own() {
    for (set_up, reason) in [
        ("true", "LISTEN_FDS is not set"),
        ("export LISTEN_FDS=0", "LISTEN_FDS"),
        ("export LISTEN_FDS=many", "LISTEN_FDS"),
        ("export LISTEN_FDS=1 LISTEN_PID=1", "process 1"),
        ("export LISTEN_FDS=1; exec 3<&-", "descriptor 3"),
        ("export LISTEN_FDS=1; exec 3</dev/null", "not a TCP socket"),
    ] {
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let message = listen_fd(listener, set_up, "1").failure();
        assert!(message.contains(reason), "{set_up}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn custom_source_ticks() {
    let (status, lines, errors) = Example::start("custom_source", &["2"]).end();
    assert!(status.success(), "{errors}");
    assert_eq!(lines, ["tick 1", "tick 2"]);
}

#[test]
fn oneshot_workers_echo_everything() {
    let (status, lines, errors) = Example::start("oneshot_workers", &[]).end();
    assert!(status.success() && errors.is_empty(), "{errors}");
    // Eight clients send "message 00000 of client 0" and the like, a hundred times each.
    assert_eq!(lines, ["4 workers echoed 20000 bytes over 8 connections"]);
}

#[cfg(epoll_exclusive)] // Linux and Android.
#[test]
fn reuse_port_accepts_all() {
    let (status, lines, errors) = Example::start("reuse_port", &[]).end();
    assert!(status.success() && errors.is_empty(), "{errors}");
    assert_eq!(lines[0], "32 connections were accepted");
}

#[test]
fn choose_selector_runs_on_each() {
    let (status, lines, errors) = Example::start("choose_selector", &[]).end();
    assert!(status.success(), "{errors}");
    let kinds: Vec<SelectorKind> = SelectorKind::available().collect();
    assert_eq!(lines.len(), 1 + kinds.len(), "{lines:?}");
    for (kind, line) in kinds.iter().zip(&lines[1..]) {
        assert!(line.contains(&format!("ran on {kind:?}")), "{line}");
    }
}
