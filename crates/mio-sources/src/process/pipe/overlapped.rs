//! Pipes that are std's, and become named pipes when they are registered. std opens this side of
//! them for overlapped operations, though it does not promise that.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use mio::event::Source;
use mio::windows::NamedPipe;
use mio::{Interest, Registry, Token};

/// The writing end of a child's standard input.
///
/// Writing blocks, as for [`ChildStdin`], until the pipe is registered. From then on it is a source
/// and does not block: see [the module](super).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::Write;
/// use std::process::{Command, Stdio};
///
/// use mio_sources::process::Child;
///
/// let mut command = Command::new("findstr");
/// command.arg("hello").stdin(Stdio::piped()).stdout(Stdio::null());
/// let mut child = Child::spawn(&mut command)?;
/// child.stdin.as_mut().expect("stdin is piped").write_all(b"hello\r\n")?;
/// assert!(child.wait()?.success());
/// # Ok(())
/// # }
/// ```
pub struct Sender(Pipe<ChildStdin>);

/// The reading end of a child's standard output or error.
///
/// Reading blocks, as for [`ChildStdout`], until the pipe is registered. From then on it is a
/// source and does not block: see [the module](super).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::Read;
/// use std::process::{Command, Stdio};
///
/// use mio_sources::process::Child;
///
/// let mut command = Command::new("cmd");
/// let mut child = Child::spawn(command.args(["/c", "echo hello"]).stdout(Stdio::piped()))?;
/// let mut output = String::new();
/// child.stdout.take().expect("stdout is piped").read_to_string(&mut output)?;
/// assert_eq!(output.trim(), "hello");
/// assert!(child.wait()?.success());
/// # Ok(())
/// # }
/// ```
pub struct Receiver(Pipe<Output>);

enum Pipe<T> {
    Std(T),
    Named(NamedPipe),
}

enum Output {
    Stdout(ChildStdout),
    Stderr(ChildStderr),
}

impl<T: AsHandle> Pipe<T> {
    /// Registers a duplicate as a named pipe, which replaces std's pipe if that succeeds.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let std = match self {
            Pipe::Named(pipe) => return pipe.register(registry, token, interests),
            Pipe::Std(std) => std,
        };
        let mut pipe = NamedPipe::from(std.as_handle().try_clone_to_owned()?);
        match pipe.register(registry, token, interests) {
            Ok(()) => {
                *self = Pipe::Named(pipe);
                Ok(())
            }
            Err(err) if err.kind() == io::ErrorKind::InvalidInput => Err(blocking(&err)),
            Err(err) => Err(err),
        }
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        match self {
            Pipe::Named(pipe) => pipe.reregister(registry, token, interests),
            Pipe::Std(_) => Err(not_registered()),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Pipe::Named(pipe) => pipe.deregister(registry),
            Pipe::Std(_) => Err(not_registered()),
        }
    }
}

impl<T: Into<OwnedHandle>> Pipe<T> {
    fn into_handle(self) -> io::Result<OwnedHandle> {
        match self {
            Pipe::Std(std) => Ok(std.into()),
            Pipe::Named(_) => {
                let message = "a pipe that was registered stays with its `Poll`";
                Err(io::Error::new(io::ErrorKind::InvalidInput, message))
            }
        }
    }
}

impl<T: AsHandle> AsHandle for Pipe<T> {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        match self {
            Pipe::Std(std) => std.as_handle(),
            Pipe::Named(pipe) => pipe.as_handle(),
        }
    }
}

impl AsHandle for Output {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        match self {
            Output::Stdout(stdout) => stdout.as_handle(),
            Output::Stderr(stderr) => stderr.as_handle(),
        }
    }
}

impl From<Output> for OwnedHandle {
    fn from(output: Output) -> OwnedHandle {
        match output {
            Output::Stdout(stdout) => stdout.into(),
            Output::Stderr(stderr) => stderr.into(),
        }
    }
}

impl Write for Sender {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Pipe::Std(stdin) => stdin.write(buf),
            Pipe::Named(pipe) => pipe.write(buf),
        }
    }

    /// Does nothing: nothing is buffered here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Receiver {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Pipe::Std(Output::Stdout(stdout)) => stdout.read(buf),
            Pipe::Std(Output::Stderr(stderr)) => stderr.read(buf),
            Pipe::Named(pipe) => pipe.read(buf),
        }
    }
}

impl From<ChildStdin> for Sender {
    fn from(stdin: ChildStdin) -> Sender {
        Sender(Pipe::Std(stdin))
    }
}

impl From<ChildStdout> for Receiver {
    fn from(stdout: ChildStdout) -> Receiver {
        Receiver(Pipe::Std(Output::Stdout(stdout)))
    }
}

impl From<ChildStderr> for Receiver {
    fn from(stderr: ChildStderr) -> Receiver {
        Receiver(Pipe::Std(Output::Stderr(stderr)))
    }
}

macro_rules! traits_of_a_pipe {
    ($name:ident) => {
        /// Turns the pipe into a source when it is registered; it stays one. If std did not open it
        /// for overlapped operations, registering returns
        /// [`Unsupported`](std::io::ErrorKind::Unsupported), and the pipe blocks as before.
        impl Source for $name {
            fn register(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                self.0.register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                self.0.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                self.0.deregister(registry)
            }
        }

        impl AsHandle for $name {
            fn as_handle(&self) -> BorrowedHandle<'_> {
                self.0.as_handle()
            }
        }

        /// Converts for [`Stdio`](std::process::Stdio), or for a type of your own. Fails with
        /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a pipe that was registered.
        impl TryFrom<$name> for OwnedHandle {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<OwnedHandle> {
                pipe.0.into_handle()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&self.as_handle())
                    .finish()
            }
        }
    };
}

traits_of_a_pipe!(Sender);
traits_of_a_pipe!(Receiver);

fn blocking(err: &io::Error) -> io::Error {
    let message = format!("this pipe can't be a source, and a thread has to wait for it: {err}");
    io::Error::new(io::ErrorKind::Unsupported, message)
}

fn not_registered() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the pipe is not registered")
}
