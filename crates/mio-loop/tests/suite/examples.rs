//! The example programs, which end by themselves.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::LONG;

fn example(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().expect("a path");
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    // The emulator and its arguments, if this program was built for another processor.
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    let runner = runner.split_whitespace().map(OsString::from);
    let mut words = runner.chain([path.into_os_string()]);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}

/// Returns the output of a program, line by line. Cargo builds the examples with the tests.
fn output(name: &str) -> Vec<String> {
    let output = example(name).output().expect("an example");
    assert!(output.status.success(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_game_goes_on_step_by_step() {
    let lines = output("game_tick");
    assert_eq!(lines.len(), 3, "{lines:?}");
    let last = &lines[2];
    assert!(last.contains(" steps, 2 players"), "{last}");
    let steps: u32 = last.split(' ').next().unwrap().parse().unwrap();
    assert!(steps >= 50);
}

/// Returns the command, limited to this many descriptors.
#[cfg(unix)]
fn limited(command: &Command, descriptors: u32) -> Command {
    let script = format!(r#"ulimit -n {descriptors}; exec "$0" "$@""#);
    let mut limited = Command::new("sh");
    limited.args(["-c", &script]).arg(command.get_program());
    limited.args(command.get_args());
    limited
}

/// With each limit of descriptors: one makes the first thread fail, another one the second.
#[cfg(unix)]
#[test]
fn game_tick_ends_when_a_player_fails() {
    let ended_well = [6, 7, 8, 9, 10, 11, 12, 13, 40].map(|limit| {
        let mut command = limited(&example("game_tick"), limit);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a shell");
        let id = child.id().to_string();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait()));
        let Ok(status) = receiver.recv_timeout(LONG.expect("a limit")) else {
            let _ = Command::new("kill").args(["-9", &id]).status();
            panic!("it does not end with {limit} descriptors");
        };
        status.expect("a status").success()
    });
    assert!(!ended_well[0] && ended_well[8], "{ended_well:?}");
}

#[cfg(unix)]
#[test]
fn the_embedded_loop_does_all_its_work() {
    let lines = output("embed");
    for line in [
        "inner loop: message hello",
        "inner loop: timeout 20 ms",
        "inner loop: message end",
    ] {
        assert!(lines.iter().any(|has| has == line), "{line}: {lines:?}");
    }
    assert_eq!(lines.last().unwrap(), "outer loop: the inner one has ended");
}

/// A running server, which is killed at the end of the test.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(name: &str, idle: &str) -> Server {
        let mut command = example(name);
        command.args(["127.0.0.1:0", idle]);
        Server::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Server {
        command.env("MIO_EXAMPLE_SECONDS", "300");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a server");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("where");
        let address = address.parse().expect("an address");
        Server {
            child,
            lines,
            address,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connect");
        stream.set_read_timeout(LONG).expect("a timeout");
        stream
    }

    /// Waits for a successful end, and returns the rest of the output.
    #[cfg(unix)]
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("text");
        assert!(self.child.wait().expect("an end").success(), "{rest}");
        rest
    }

    #[cfg(unix)]
    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echoes(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, text.as_bytes());
}

#[test]
fn echo_loop_echoes_to_many_until_they_end() {
    let server = Server::start("echo_loop", "60000");
    let clients: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for turn in 0..3 {
        for client in &clients {
            echoes(client, &format!("turn {turn}"));
        }
    }
    for mut client in clients {
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    }
}

#[test]
fn echo_loop_echoes_more_than_fits_anywhere() {
    const SIZE: usize = 8 << 20;
    let server = Server::start("echo_loop", "60000");
    let mut client = server.connect();
    let mut writer = client.try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        writer.write_all(&vec![7; SIZE]).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    thread.join().unwrap();
    assert_eq!(answer.len(), SIZE);
}

#[test]
fn echo_loop_hangs_up_on_silent_clients() {
    let mut server = Server::start("echo_loop", "50");
    let mut silent = server.connect();
    assert_eq!(silent.read(&mut [0; 8]).unwrap(), 0);
    let mut line = String::new();
    server.lines.read_line(&mut line).unwrap();
    assert!(line.contains("silent for 50ms"), "{line}");
}

#[cfg(unix)]
#[test]
fn echo_loop_ends_gracefully() {
    let server = Server::start("echo_loop", "60000");
    let client = server.connect();
    echoes(&client, "hello");
    server.terminate();
    // It has no more output for this client, and closes the connection.
    assert_eq!((&client).read(&mut [0; 8]).unwrap(), 0);
    let rest = server.rest();
    // With the sender, if the program was built with that feature.
    let line = rest.lines().find(|line| line.starts_with("SIGTERM"));
    assert!(
        line.is_some_and(|line| line.ends_with(": ending")),
        "{rest}"
    );
}

/// It prints the error once, not at each attempt.
#[cfg(unix)]
#[test]
fn echo_loop_complains_once_without_descriptors() {
    let mut command = example("echo_loop");
    command.args(["127.0.0.1:0", "60000"]);
    // Enough to start with on each selector, and fewer than there are clients.
    let mut server = Server::spawn(limited(&command, 32).stderr(Stdio::piped()));
    let clients: Vec<_> = (0..40).map(|_| server.connect()).collect();
    echoes(&clients[0], "hello");
    // A client that is not accepted receives nothing, and meanwhile the server retries.
    let mut last = &clients[39];
    let pause = std::time::Duration::from_millis(700);
    last.set_read_timeout(Some(pause)).unwrap();
    last.write_all(b"hello").unwrap();
    last.read(&mut [0; 8]).unwrap_err();
    last.set_read_timeout(LONG).unwrap();
    // Each client that leaves makes room for another.
    for client in clients {
        echoes(&client, "hello");
    }
    let mut stderr = server.child.stderr.take().unwrap();
    server.terminate();
    server.rest();
    let mut errors = String::new();
    stderr.read_to_string(&mut errors).unwrap();
    let complaints = errors.matches("can't accept").count();
    assert_eq!(complaints, 1, "{errors}");
}

/// A second signal arrives while it waits for a client that has not read its output.
#[cfg(unix)]
#[test]
fn echo_loop_stays_for_a_client_that_has_not_caught_up() {
    // Nothing reports when the buffers in between are full, so this may need several attempts.
    let waited = (0..20).any(|_| {
        let mut server = Server::start("echo_loop", "60000");
        let mut client = server.connect();
        let pause = std::time::Duration::from_millis(200);
        client.set_write_timeout(Some(pause)).unwrap();
        while client.write(&[7; 16 * 1024]).is_ok() {}
        server.terminate();
        let mut line = String::new();
        while !line.ends_with(": ending\n") {
            assert!(server.lines.read_line(&mut line).unwrap() > 0, "{line}");
        }
        server.terminate();
        let rest = server.rest();
        rest.contains(": ending at once\n") || rest.contains("did not catch up")
    });
    assert!(waited, "it has ended at the first signal");
}

/// Sends a datagram from port 0 of an address, to which no reply can be sent. This needs a raw
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

/// A datagram that is longer than its buffer is an error on Windows.
#[test]
fn udp_echo_survives_datagrams_that_fail() {
    let server = Server::spawn(&mut example("udp_echo"));
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(LONG).unwrap();
    client.connect(server.address).unwrap();
    for _ in 0..20 {
        #[cfg(unix)]
        send_from_port_zero(server.address);
        client.send(&[7; 9000]).unwrap();
        client.send(b"hello").unwrap();
        let mut answer = [0; 9000];
        while client.recv(&mut answer).unwrap() != 5 {}
        assert_eq!(&answer[..5], b"hello");
    }
}

/// The README shows the program that the test above runs.
#[test]
fn readme_shows_udp_echo() {
    let code = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("//!"));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    let example = code(include_str!("../../examples/udp_echo.rs"));
    let readme = include_str!("../../README.md").replace("\r\n", "\n");
    let (_, block) = readme.split_once("```rust").expect("a program");
    let (_, block) = block.split_once('\n').expect("its first line");
    let (block, _) = block.split_once("```").expect("its end");
    assert_eq!(code(block), example);
}
