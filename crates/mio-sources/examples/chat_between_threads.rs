//! A chat room: each guest is a thread with an inbox, and this thread forwards their messages.
//!
//! A guest sends a message, waits until it has received those of all others, and leaves. The room
//! is closed when the last guest has left, which disconnects its channel. A guest that fails sends
//! its error to the room, because the others would wait for its message.
//!
//! ```sh
//! cargo run -p mio-sources --features channel --example chat_between_threads
//! ```

use std::io::{self, ErrorKind};
use std::thread;

use mio::{Events, Interest, Poll, Token};
use mio_sources::channel::{self, Receiver, Sender, TryRecvError, TrySendError};

const INBOX: Token = Token(0);
const GUESTS: [&str; 3] = ["red", "green", "blue"];

#[derive(Clone)]
struct Line {
    from: &'static str,
    text: String,
}

fn main() -> io::Result<()> {
    // A guest sends one message, and may fail after that. So the channel is never full.
    let (to_room, room) = channel::bounded(2 * GUESTS.len())?;
    let mut inboxes = Vec::new();
    let mut threads = Vec::new();
    for name in GUESTS {
        let (to_guest, inbox) = channel::unbounded()?;
        let to_room = to_room.clone();
        inboxes.push(to_guest);
        threads.push(thread::spawn(move || {
            if let Err(err) = guest(name, &to_room, inbox) {
                // If the room has failed too, this program is ending.
                let _ = to_room.try_send(Err(err));
            }
        }));
    }
    // Only the guests have senders now.
    drop(to_room);

    for_each(room, |said: io::Result<Line>| {
        let line = said?;
        println!("{}: {}", line.from, line.text);
        for inbox in &inboxes {
            match inbox.try_send(line.clone()) {
                Err(TrySendError::Disconnected(line)) => {
                    println!("(somebody has left before {} was heard)", line.from);
                }
                // That guest would wait without end.
                Err(TrySendError::Unnotified(err)) => return Err(err),
                // An unbounded channel is never full.
                Err(TrySendError::Full(_)) | Ok(()) => {}
            }
        }
        Ok(true)
    })?;
    println!("(the room is empty)");
    for thread in threads {
        thread.join().expect("a guest that does not panic");
    }
    Ok(())
}

type ToRoom = Sender<io::Result<Line>>;

fn guest(name: &'static str, room: &ToRoom, inbox: Receiver<Line>) -> io::Result<()> {
    let text = format!("good evening, I am {name}");
    room.try_send(Ok(Line { from: name, text }))
        .map_err(|err| io::Error::other(err.to_string()))?;
    let mut heard = 0;
    for_each(inbox, |_| {
        heard += 1;
        Ok(heard < GUESTS.len())
    })
}

/// Receives messages until `handle` has enough or fails, or the channel is disconnected.
fn for_each<T>(
    mut inbox: Receiver<T>,
    mut handle: impl FnMut(T) -> io::Result<bool>,
) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(4);
    poll.registry()
        .register(&mut inbox, INBOX, Interest::READABLE)?;
    loop {
        match poll.poll(&mut events, None) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        loop {
            match inbox.try_recv() {
                Ok(message) => {
                    if !handle(message)? {
                        return Ok(());
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }
}
