//! The replies of a server. The servers are the same for each service.

use std::sync::LazyLock;

use super::BUFFER;

/// The state of a connection, which maps the data read from it to the reply.
pub(super) trait Service: Default + Send + 'static {
    /// Returns the reply to `data`; empty if there is none yet.
    fn answer<'a>(&mut self, data: &'a [u8]) -> &'a [u8];
}

/// Returns the same bytes.
#[derive(Debug, Default)]
pub(super) struct Echo;

impl Service for Echo {
    #[inline(always)]
    fn answer<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        data
    }
}

/// The reply of each server to each request; the C peers have the same text.
pub(crate) const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
     Content-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, world!";

/// The end of a request.
const END: [u8; 4] = *b"\r\n\r\n";

/// Enough replies for all ends of requests that fit into one read.
static ANSWERS: LazyLock<String> = LazyLock::new(|| ANSWER.repeat(BUFFER / END.len()));

/// Replies to each request. A request ends with an empty line, and is not parsed further. It may
/// arrive in two reads, and two may arrive in one.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// Number of bytes of an end that the connection has received so far.
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
        // An end may begin within a sequence that looked like another one.
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
