//! Shared test support: a macro that runs each test over each selector, and a handler that is a
//! closure.

use std::io;
use std::time::{Duration, Instant};

use mio::{Interest, Notifier, SelectorKind, Token};
use mio_loop::{Context, Delivered, EventLoop, Handler};

/// Timeout for an event that has to come. It is reached only in a failing test.
pub(crate) const LONG: Option<Duration> = Some(Duration::from_secs(30));

/// Does not wait.
pub(crate) const NOW: Option<Duration> = Some(Duration::ZERO);

/// Expands to a test for each function, which runs it over each selector of this build in turn. The
/// output of a failing test ends with its selector.
macro_rules! over_each_selector {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        mod over_each_selector {
            $(
                $(#[$attribute])*
                #[test]
                fn $name() {
                    for kind in mio::SelectorKind::available() {
                        println!("over {kind:?}");
                        super::$name(kind);
                    }
                }
            )+
        }
    };
}

/// A callback and its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Readable(Token),
    Writable(Token),
    Again(Token),
    Notify(u64),
    Timeout(u64),
    Signal(Delivered),
    Interrupted,
    Tick,
}

pub(crate) use Call::{Again, Notify, Readable, Tick, Timeout, Writable};

type Act = dyn FnMut(&mut Context<Script>, Call) -> io::Result<()>;

/// Records each callback, and then runs the closure of the test.
pub(crate) struct Script {
    pub(crate) calls: Vec<Call>,
    act: Box<Act>,
}

impl Script {
    pub(crate) fn new(
        act: impl FnMut(&mut Context<Script>, Call) -> io::Result<()> + 'static,
    ) -> Script {
        Script {
            calls: Vec::with_capacity(1024),
            act: Box::new(act),
        }
    }

    /// Creates a handler that only records.
    pub(crate) fn idle() -> Script {
        Script::new(move |_, _| Ok(()))
    }

    fn call(&mut self, context: &mut Context<Self>, call: Call) -> io::Result<()> {
        self.calls.push(call);
        (self.act)(context, call)
    }
}

impl Handler for Script {
    type Timeout = u64;
    type Message = u64;
    type Error = io::Error;

    fn readable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        self.call(context, Readable(token))
    }

    fn writable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        self.call(context, Writable(token))
    }

    fn again(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        self.call(context, Again(token))
    }

    fn notify(&mut self, context: &mut Context<Self>, message: u64) -> io::Result<()> {
        self.call(context, Notify(message))
    }

    fn timeout(&mut self, context: &mut Context<Self>, timeout: u64) -> io::Result<()> {
        if timeout == HANGS {
            let message = format!("the run does not end; {} calls were made", self.calls.len());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        self.call(context, Timeout(timeout))
    }

    fn signal(&mut self, context: &mut Context<Self>, signal: Delivered) -> io::Result<()> {
        self.call(context, Call::Signal(signal))
    }

    fn interrupted(&mut self, context: &mut Context<Self>) -> io::Result<()> {
        self.call(context, Call::Interrupted)
    }

    fn tick(&mut self, context: &mut Context<Self>) -> io::Result<()> {
        self.call(context, Tick)
    }
}

pub(crate) fn event_loop(kind: SelectorKind) -> EventLoop<Script> {
    let event_loop = EventLoop::builder().selector(kind).build();
    event_loop.expect("an available selector")
}

/// Returns this many sources, registered with tokens from 0 on, and readable now.
pub(crate) fn ready_sources(event_loop: &mut Context<Script>, count: usize) -> Vec<Notifier> {
    let ready = |number| {
        let mut source = Notifier::new().expect("a notifier");
        let token = Token(number);
        let registered = event_loop.register(&mut source, token, Interest::READABLE);
        registered.expect("register");
        source.notify().expect("notify");
        source
    };
    (0..count).map(ready).collect()
}

/// Returns a stream of this crate, and a blocking one of std as its peer.
pub(crate) fn connected() -> (mio::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let peer = std::net::TcpStream::connect(listener.local_addr().expect("an address"));
    let (stream, _) = listener.accept().expect("accept");
    stream.set_nonblocking(true).expect("set_nonblocking");
    (
        mio::net::TcpStream::from_std(stream),
        peer.expect("connect"),
    )
}

/// The timeout that ends a run which does not end by itself.
const HANGS: u64 = u64::MAX;

/// Runs until shutdown, which has to come.
pub(crate) fn run(event_loop: &mut EventLoop<Script>, script: &mut Script) -> io::Result<()> {
    let watchdog = event_loop.timeout(Duration::from_secs(30), HANGS);
    let result = event_loop.run(script);
    event_loop.clear_timeout(watchdog);
    result
}

/// Runs until there is such a callback, and then to the end of that iteration.
pub(crate) fn run_until(
    event_loop: &mut EventLoop<Script>,
    script: &mut Script,
    done: impl Fn(&[Call]) -> bool,
) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done(&script.calls) {
        event_loop.run_once(script, LONG).expect("an iteration");
        assert!(Instant::now() < deadline, "only {:?}", script.calls);
    }
}

/// Returns the number of callbacks that match.
pub(crate) fn count(calls: &[Call], wanted: impl Fn(&Call) -> bool) -> usize {
    calls.iter().filter(|call| wanted(call)).count()
}
