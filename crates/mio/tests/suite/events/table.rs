//! The table of `mio::event::Event` as data: the events of each situation, by selector.
//!
//! A cell contains the readiness in the letters of the docs (`R` readable, `W` writable, `E` error,
//! `RC` read closed, `WC` write closed, `P` priority). A comma separates events, and `none` stands
//! for no event. `I/O` means that no event is required, because the next operation returns the end
//! or the error. Exceptions with a name follow after a semicolon: `R RC; without POLLRDHUP: R`. A
//! cell is empty where the situation can't occur.

use std::collections::BTreeSet;

use mio::SelectorKind;

use crate::support::kqueue_of;

/// A situation, and its events for a source that is registered for both directions and whose
/// writable event was delivered before.
pub(crate) struct Row {
    pub(crate) situation: &'static str,
    epoll: &'static str,
    /// poll(2) and event ports, whose events contain the flags of poll(2) (port_associate(3C)).
    /// Both leave out a direction that was delivered before. The values for event ports come from
    /// the model in `ci/models`, and so from the sockets and pipes of Linux.
    poll: &'static str,
    /// The values for NetBSD were observed on its kernel. Those for FreeBSD and macOS follow from
    /// their sources.
    kqueue: &'static str,
    afd: &'static str,
}

/// The events of one cell.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// One event with each of these sets, in any order. An empty list means no event.
    Events(Vec<BTreeSet<&'static str>>),
    Operation,
}

/// All rows, in the order of the docs.
pub(crate) const ROWS: &[&Row] = &[
    &DATA,
    &PEER_SHUT_DOWN_WRITING,
    &PEER_CLOSED,
    &SHUT_DOWN_READING,
    &SHUT_DOWN_WRITING,
    &BOTH_SHUT_DOWN_WRITING,
    &SHUT_DOWN_BOTH,
    &RESET,
    &CONNECTED,
    &REFUSED,
    &URGENT_DATA,
    &UNIX_PEER_CLOSED,
    &LAST_WRITER_CLOSED,
    &LAST_WRITER_CLOSED_DATA_LEFT,
    &LAST_READER_CLOSED,
    &LAST_READER_OF_FULL_PIPE_CLOSED,
    &DATAGRAM_REFUSED,
    &TRANSMIT_TIMESTAMP,
    &UNCONNECTED,
    &LISTENER_SHUT_DOWN,
    &UNIX_LISTENER_SHUT_DOWN,
    &LAST_SLAVE_CLOSED,
    &MASTER_CLOSED,
];

pub(crate) const DATA: Row = Row {
    situation: "data has arrived",
    epoll: "R W",
    poll: "R",
    kqueue: "R",
    afd: "R",
};

pub(crate) const PEER_SHUT_DOWN_WRITING: Row = Row {
    situation: "the peer has shut down its writing half (FIN)",
    epoll: "R W RC",
    poll: "R RC; without POLLRDHUP: R",
    kqueue: "R RC",
    afd: "R RC",
};

pub(crate) const PEER_CLOSED: Row = Row {
    situation: "the peer has shut down both halves, or closed (FIN), nothing unread there",
    epoll: "R W RC",
    poll: "R RC; without POLLRDHUP: R",
    kqueue: "R RC",
    afd: "R RC",
};

pub(crate) const SHUT_DOWN_READING: Row = Row {
    situation: "this side has shut down its reading half",
    epoll: "R W RC",
    poll: "R RC; without POLLRDHUP: R",
    kqueue: "R RC",
    afd: "I/O",
};

pub(crate) const SHUT_DOWN_WRITING: Row = Row {
    situation: "this side has shut down its writing half",
    epoll: "W",
    poll: "none",
    kqueue: "W WC",
    afd: "none",
};

pub(crate) const BOTH_SHUT_DOWN_WRITING: Row = Row {
    situation: "both sides have shut down their writing halves",
    epoll: "R W RC WC",
    poll: "R RC WC",
    kqueue: "R RC, W WC",
    afd: "R RC",
};

pub(crate) const SHUT_DOWN_BOTH: Row = Row {
    situation: "this side has shut down both halves",
    epoll: "R W RC WC",
    poll: "R RC WC",
    kqueue: "R RC, W WC",
    afd: "I/O",
};

pub(crate) const RESET: Row = Row {
    situation: "the connection was reset (RST)",
    epoll: "R W E RC WC",
    poll: "R E RC WC",
    kqueue: "R E RC, W E WC",
    afd: "R W E RC WC",
};

pub(crate) const CONNECTED: Row = Row {
    situation: "a connection was made",
    epoll: "W",
    poll: "W",
    kqueue: "W",
    afd: "W",
};

pub(crate) const REFUSED: Row = Row {
    situation: "a connection was refused",
    epoll: "R W E RC WC",
    poll: "R W E RC WC",
    kqueue: "R E RC, W E WC",
    afd: "R W E RC WC",
};

pub(crate) const URGENT_DATA: Row = Row {
    situation: "out-of-band data has arrived, registered for priority too",
    epoll: "R W P",
    poll: "R P",
    kqueue: "",
    afd: "",
};

pub(crate) const UNIX_PEER_CLOSED: Row = Row {
    situation: "a Unix stream's peer was closed",
    epoll: "R W RC WC",
    poll: "R RC WC",
    kqueue: "R RC, W WC",
    afd: "",
};

pub(crate) const LAST_WRITER_CLOSED: Row = Row {
    situation: "the last writer of an empty pipe was closed",
    epoll: "RC WC",
    poll: "RC WC",
    kqueue: "R RC",
    afd: "",
};

pub(crate) const LAST_WRITER_CLOSED_DATA_LEFT: Row = Row {
    situation: "the last writer of a pipe was closed, data is left",
    epoll: "R RC WC",
    poll: "R RC WC",
    kqueue: "R RC",
    afd: "",
};

pub(crate) const LAST_READER_CLOSED: Row = Row {
    situation: "the last reader of a pipe was closed",
    epoll: "W E WC",
    poll: "E WC",
    kqueue: "W WC",
    afd: "",
};

pub(crate) const LAST_READER_OF_FULL_PIPE_CLOSED: Row = Row {
    situation: "the last reader of a full pipe was closed",
    epoll: "E WC",
    poll: "E WC",
    kqueue: "W WC; NetBSD: none",
    afd: "",
};

pub(crate) const DATAGRAM_REFUSED: Row = Row {
    situation: "a datagram was refused (ICMP): UDP socket",
    epoll: "W E WC",
    poll: "E WC",
    kqueue: "R, W",
    afd: "I/O",
};

pub(crate) const TRANSMIT_TIMESTAMP: Row = Row {
    situation: "a transmit timestamp is in the error queue of a datagram socket (Linux)",
    epoll: "W E WC",
    poll: "E WC",
    kqueue: "",
    afd: "",
};

pub(crate) const UNCONNECTED: Row = Row {
    situation: "a stream socket before `connect` or `listen` (Linux)",
    epoll: "W RC WC",
    poll: "W RC WC",
    kqueue: "",
    afd: "",
};

pub(crate) const LISTENER_SHUT_DOWN: Row = Row {
    situation: "a TCP listener was shut down (Linux)",
    epoll: "RC WC",
    poll: "RC WC",
    kqueue: "",
    afd: "",
};

pub(crate) const UNIX_LISTENER_SHUT_DOWN: Row = Row {
    situation: "a Unix listener was shut down (Linux)",
    epoll: "R RC",
    poll: "R RC; without POLLRDHUP: R",
    kqueue: "",
    afd: "",
};

pub(crate) const LAST_SLAVE_CLOSED: Row = Row {
    situation: "the last slave of a pseudo-terminal was closed: its master (Linux)",
    epoll: "W RC WC",
    poll: "RC WC",
    kqueue: "",
    afd: "",
};

pub(crate) const MASTER_CLOSED: Row = Row {
    situation: "the master of a pseudo-terminal was closed: its slave (Linux)",
    epoll: "R W E RC WC",
    poll: "R E RC WC",
    kqueue: "",
    afd: "",
};

impl Row {
    /// Returns the events for this selector, on the kernel of this build.
    pub(crate) fn answer(&self, kind: SelectorKind) -> Answer {
        let (cell, exception) = match kind {
            SelectorKind::Epoll => (self.epoll, None),
            SelectorKind::Poll | SelectorKind::EventPorts => {
                let lacks_rdhup = !cfg!(pollrdhup);
                (
                    self.poll,
                    lacks_rdhup.then(|| "without POLLRDHUP".to_owned()),
                )
            }
            SelectorKind::Kqueue => (self.kqueue, Some(kqueue_of())),
            SelectorKind::Afd => (self.afd, None),
            other => panic!("{other:?} has no column"),
        };
        let mut parts = cell.split("; ");
        let usual = parts.next().expect("a cell");
        let own = parts.find_map(|part| {
            let (name, answer) = part.split_once(": ").expect("an exception has a name");
            (Some(name) == exception.as_deref()).then_some(answer)
        });
        read(own.unwrap_or(usual))
    }

    /// Returns all readiness of the source in this situation, whichever event reports it.
    pub(crate) fn all(&self, kind: SelectorKind) -> BTreeSet<&'static str> {
        let answers = [self.answer(kind), self.answer(SelectorKind::Epoll)];
        let events = answers.into_iter().flat_map(|answer| match answer {
            Answer::Events(events) => events,
            Answer::Operation => Vec::new(),
        });
        events.flatten().collect()
    }
}

fn read(answer: &'static str) -> Answer {
    match answer {
        "" => panic!("this situation can't occur here"),
        "I/O" => Answer::Operation,
        "none" => Answer::Events(Vec::new()),
        events => Answer::Events(events.split(", ").map(read_event).collect()),
    }
}

fn read_event(event: &'static str) -> BTreeSet<&'static str> {
    let letters = event.split(' ').map(|letter| match letter {
        "R" => "readable",
        "W" => "writable",
        "E" => "error",
        "RC" => "read_closed",
        "WC" => "write_closed",
        "P" => "priority",
        other => panic!("{other} is no readiness"),
    });
    letters.collect()
}

/// The docs of `Event` contain exactly these rows.
#[test]
fn the_docs_show_this_table() {
    let docs = include_str!("../../../src/event/event.rs");
    let header = "/// | situation | epoll | poll(2), event ports | kqueue | AFD |";
    let lines = docs.lines().skip_while(|line| *line != header).skip(2);
    let shown: Vec<&str> = lines.take_while(|line| line.starts_with("/// |")).collect();
    let rows = ROWS.iter().map(|row| {
        let cells = [row.situation, row.epoll, row.poll, row.kqueue, row.afd];
        let cells = cells.map(|cell| match cell {
            "" => String::new(),
            cell => format!(" {cell}"),
        });
        format!("/// |{} |", cells.join(" |"))
    });
    let rows: Vec<String> = rows.collect();
    assert!(shown == rows, "the rows are\n{}", rows.join("\n"));
}
