//! Situations in which a read that does not fill its buffer may stand for `WouldBlock`.

#[cfg(epoll)]
use std::io::ErrorKind;
use std::io::{Read, Write};
use std::net::Shutdown;

#[cfg(epoll)]
use mio::event::Event;
use mio::{Interest, SelectorKind};

use crate::support::{Watch, connected};

per_selector!(levels_need_one_read, levels_bring_the_end_too,);

fn levels_need_one_read(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE.level());
    let mut buffer = [0; 4];
    for _ in 0..10 {
        peer.write_all(b"hello").unwrap();
        let mut read = 0;
        while read < 5 {
            watch.wait_readable(1);
            read += stream.read(&mut buffer).unwrap();
        }
        watch.expect_silence();
    }
}

fn levels_bring_the_end_too(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE.level());
    peer.write_all(b"hello").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    watch.wait_readable(1);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 5);
    watch.wait_readable(1);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
}

/// Reads as the guide allows on epoll. Returns `true` at the end of the stream.
#[cfg(epoll)]
fn read_until_short(event: &Event, mut source: impl Read, data: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 16];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return true,
            Ok(read) => {
                data.extend_from_slice(&buffer[..read]);
                if read < buffer.len() && !event.is_read_closed() {
                    return false;
                }
            }
            Err(err) if err.kind() == ErrorKind::WouldBlock => return false,
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            Err(err) => panic!("{err}"),
        }
    }
}

#[cfg(epoll)]
mod edges_of_epoll {
    use std::thread;

    use mio::event::Source;
    use mio::unix::pipe;

    use super::*;

    #[test]
    fn data_after_a_short_read_is_news() {
        let (mut stream, mut peer) = connected();
        let mut watch = Watch::new(SelectorKind::Epoll);
        watch.register(&mut stream, 1, Interest::READABLE);
        for _ in 0..10 {
            // The second part arrives after the event and before the read, or after the read.
            for parts in [[&b"hel"[..], b"lo"], [b"hello", b""]] {
                let mut data = Vec::new();
                peer.write_all(parts[0]).unwrap();
                let event = watch.wait_readable(1);
                peer.write_all(parts[1]).unwrap();
                assert!(!read_until_short(&event, &stream, &mut data));
                while data.len() < 5 {
                    let event = watch.wait_readable(1);
                    assert!(!read_until_short(&event, &stream, &mut data));
                }
                assert_eq!(data, b"hello");
            }
        }
    }

    #[test]
    fn an_end_that_came_with_the_data_is_in_the_event() {
        let (mut stream, mut peer) = connected();
        let mut watch = Watch::new(SelectorKind::Epoll);
        peer.write_all(b"hello").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        watch.register(&mut stream, 1, Interest::READABLE);
        let event = watch.wait(1, Event::is_read_closed);
        let mut data = Vec::new();
        assert!(read_until_short(&event, &stream, &mut data));
        assert_eq!(data, b"hello");
    }

    #[test]
    fn an_end_that_comes_before_the_read_is_another_event() {
        let (mut stream, mut peer) = connected();
        let mut watch = Watch::new(SelectorKind::Epoll);
        watch.register(&mut stream, 1, Interest::READABLE);
        peer.write_all(b"hello").unwrap();
        let event = watch.wait(1, |event| event.is_readable() && !event.is_read_closed());
        peer.shutdown(Shutdown::Write).unwrap();
        let mut data = Vec::new();
        assert!(!read_until_short(&event, &stream, &mut data));
        let event = watch.wait(1, Event::is_read_closed);
        assert!(read_until_short(&event, &stream, &mut data));
        assert_eq!(data, b"hello");
    }

    /// Expects all data of a thread that writes, and the end of the stream.
    fn nothing_is_left(mut source: impl Source + Read, mut peer: impl Write + Send + 'static) {
        const MESSAGES: usize = 20_000;
        let mut watch = Watch::new(SelectorKind::Epoll);
        watch.register(&mut source, 1, Interest::READABLE);
        let writer = thread::spawn(move || {
            let mut sent = 0;
            for message in 0..MESSAGES {
                // Some messages fill the buffer exactly, and some are longer.
                let length = message % 40 + 1;
                peer.write_all(&[message as u8; 40][..length]).unwrap();
                sent += length;
            }
            sent
        });
        let mut data = Vec::new();
        loop {
            let event = watch.wait(1, |event| event.is_readable() || event.is_read_closed());
            if read_until_short(&event, &mut source, &mut data) {
                break;
            }
        }
        assert_eq!(data.len(), writer.join().unwrap());
    }

    #[test]
    fn nothing_is_left_in_a_stream() {
        let (stream, peer) = connected();
        nothing_is_left(stream, peer);
    }

    #[test]
    fn nothing_is_left_in_a_pipe() {
        let (sender, receiver) = pipe::new().unwrap();
        sender.set_nonblocking(false).unwrap();
        nothing_is_left(receiver, sender);
    }
}
