//! What a server answers. The servers are the same for each.

use std::sync::LazyLock;

use super::BUFFER;

/// What is known of a connection, and what is written back for what was read from it.
pub(super) trait Service: Default + Send + 'static {
    /// The answer to what was read; empty if there is none yet.
    fn answer<'a>(&mut self, data: &'a [u8]) -> &'a [u8];
}

/// The same bytes.
#[derive(Debug, Default)]
pub(super) struct Echo;

impl Service for Echo {
    #[inline(always)]
    fn answer<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        data
    }
}

/// What each server says to each request; the peers in C have the same text.
pub(crate) const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
     Content-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, world!";

/// The end of a request.
const END: [u8; 4] = *b"\r\n\r\n";

/// As many as there can be ends of requests in a read.
static ANSWERS: LazyLock<String> = LazyLock::new(|| ANSWER.repeat(BUFFER / END.len()));

/// An answer for each request. A request is what ends with an empty line, and is not looked at
/// further. One may come in two reads, and two in one.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// How much of an end the connection has brought so far.
    matched: u8,
}

impl Service for Http {
    fn answer<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let (mut matched, mut count) = (usize::from(self.matched), 0);
        for byte in data {
            if *byte != END[matched] {
                matched = usize::from(*byte == b'\r');
            } else if matched == 3 {
                matched = 0;
                count += 1;
            } else {
                matched += 1;
            }
        }
        self.matched = matched as u8;
        &ANSWERS.as_bytes()[..count * ANSWER.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, BUFFER, Http, Service};

    fn answers(http: &mut Http, data: &str) -> usize {
        let text = http.answer(data.as_bytes());
        assert_eq!(text, ANSWER.repeat(text.len() / ANSWER.len()).as_bytes());
        text.len() / ANSWER.len()
    }

    #[test]
    fn each_request_has_its_answer() {
        let request = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
        let mut http = Http::default();
        assert_eq!(answers(&mut http, request), 1);
        assert_eq!(answers(&mut http, &request.repeat(3)), 3);
        for at in 1..request.len() {
            assert_eq!(answers(&mut http, &request[..at]), 0);
            assert_eq!(answers(&mut http, &request[at..]), 1);
        }
        // An end may begin in what looked like another one.
        assert_eq!(answers(&mut http, "GET /\r\r\n\r"), 0);
        assert_eq!(answers(&mut http, "\r\n\r\n"), 1);
        assert_eq!(answers(&mut http, "GET /\r\n\r"), 0);
        assert_eq!(answers(&mut http, "\n"), 1);
    }

    #[test]
    fn there_are_answers_enough() {
        let mut http = Http::default();
        assert_eq!(answers(&mut http, "\r\n\r"), 0);
        let most = format!("\n{}\r\n\r", "\r\n\r\n".repeat(BUFFER / 4 - 1));
        assert_eq!(most.len(), BUFFER);
        assert_eq!(answers(&mut http, &most), BUFFER / 4);
    }
}
