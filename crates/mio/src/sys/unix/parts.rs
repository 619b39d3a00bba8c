//! poll(2) with more entries than the process may have descriptors.
//!
//! The kernel refuses such a call with `EINVAL`. It happens if the limit is lowered while sources
//! are registered. The entries are then passed in parts that fit. A wait checks all parts, and then
//! waits for the first one, which has the descriptor of the interrupter, for [`TURN`] at most.

use std::io;
use std::time::Duration;

use libc::pollfd;

/// The longest time for which a wait does not check the other parts.
const TURN: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Parts {
    /// The number of entries per part, or 0 if no call has been refused yet.
    size: usize,
}

impl Parts {
    /// Calls poll(2) through `call`, which returns the number of ready entries. If the entries do
    /// not fit into one call, this may return before the timeout has passed.
    ///
    /// # Errors
    ///
    /// Returns the errors of `call`. `EINVAL` is one of them only if the kernel refuses even a
    /// single entry, as it does while the limit is zero.
    pub(crate) fn poll(
        &mut self,
        fds: &mut [pollfd],
        timeout: Option<Duration>,
        mut call: impl FnMut(&mut [pollfd], Option<Duration>) -> io::Result<usize>,
    ) -> io::Result<()> {
        match call(fds, timeout) {
            Err(err) if is_refused(&err) && fds.len() > 1 => {}
            result => return result.map(|_| ()),
        }
        if self.size == 0 || self.size >= fds.len() {
            self.size = fds.len() / 2;
        }
        let found = self.check(fds, &mut call)?;
        if found == 0 && timeout != Some(Duration::ZERO) {
            let turn = timeout.map_or(TURN, |timeout| timeout.min(TURN));
            match call(&mut fds[..self.size], Some(turn)) {
                // The limit was lowered again. The next call divides further.
                Err(err) if is_refused(&err) => {}
                result => return result.map(|_| ()),
            }
        }
        Ok(())
    }

    /// Checks all parts without waiting.
    fn check(
        &mut self,
        fds: &mut [pollfd],
        mut call: impl FnMut(&mut [pollfd], Option<Duration>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let (mut found, mut start) = (0, 0);
        while start < fds.len() {
            let end = fds.len().min(start + self.size);
            match call(&mut fds[start..end], Some(Duration::ZERO)) {
                Ok(count) => {
                    found += count;
                    start = end;
                }
                Err(err) if is_refused(&err) && self.size > 1 => self.size /= 2,
                Err(err) if found == 0 => return Err(err),
                Err(_) => {
                    // Deliver the events found so far, and clear the flags of an earlier call.
                    for entry in &mut fds[start..] {
                        entry.revents = 0;
                    }
                    break;
                }
            }
        }
        Ok(found)
    }
}

fn is_refused(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use libc::POLLIN;

    use super::*;

    /// Returns this many entries, of which the last was ready in an earlier call.
    fn entries(count: usize) -> Vec<pollfd> {
        let entry = |index| pollfd {
            fd: index as i32,
            events: POLLIN,
            revents: if index + 1 == count { POLLIN } else { 0 },
        };
        (0..count).map(entry).collect()
    }

    /// Returns a kernel that allows `limit` entries per call and has these descriptors ready.
    fn kernel(
        limit: usize,
        ready: &[i32],
    ) -> impl FnMut(&mut [pollfd], Option<Duration>) -> io::Result<usize> {
        move |fds, _| {
            if fds.len() > limit {
                return Err(io::Error::from_raw_os_error(libc::EINVAL));
            }
            for entry in &mut *fds {
                entry.revents = if ready.contains(&entry.fd) { POLLIN } else { 0 };
            }
            Ok(fds.iter().filter(|entry| entry.revents != 0).count())
        }
    }

    fn answers(fds: &[pollfd]) -> Vec<i32> {
        let ready = fds.iter().filter(|entry| entry.revents != 0);
        ready.map(|entry| entry.fd).collect()
    }

    #[test]
    fn every_part_is_asked_about() {
        for limit in 1..12 {
            let (mut parts, mut fds) = (Parts::default(), entries(11));
            let ready = [0, 5, 10];
            for _ in 0..2 {
                parts.poll(&mut fds, None, kernel(limit, &ready)).unwrap();
                assert_eq!(answers(&fds), ready);
            }
            parts.poll(&mut fds, None, kernel(limit, &[])).unwrap();
            assert_eq!(answers(&fds), [0; 0]);
        }
    }

    #[test]
    fn a_wait_is_for_the_first_part_and_short() {
        let (mut parts, mut fds) = (Parts::default(), entries(9));
        let (mut waits, mut allowed) = (Vec::new(), kernel(4, &[]));
        let call = |fds: &mut [pollfd], timeout| {
            let result = allowed(fds, timeout);
            if result.is_ok() && timeout != Some(Duration::ZERO) {
                waits.push((fds[0].fd, timeout));
            }
            result
        };
        parts.poll(&mut fds, None, call).unwrap();
        assert_eq!(waits, [(0, Some(TURN))]);
    }

    #[test]
    fn an_error_after_an_answer_leaves_no_old_answers() {
        let (mut parts, mut fds) = (Parts::default(), entries(8));
        let mut allowed = kernel(4, &[1]);
        let interrupted = |fds: &mut [pollfd], timeout| match fds[0].fd {
            4 => Err(io::ErrorKind::Interrupted.into()),
            _ => allowed(fds, timeout),
        };
        parts.poll(&mut fds, None, interrupted).unwrap();
        assert_eq!(answers(&fds), [1]);
    }

    #[test]
    fn limit_lowered_between_check_and_wait_is_no_error() {
        let (mut parts, mut fds) = (Parts::default(), entries(8));
        let mut allowed = kernel(4, &[]);
        let lowered = |fds: &mut [pollfd], timeout| match timeout {
            Some(Duration::ZERO) => allowed(fds, timeout),
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        };
        parts.poll(&mut fds, None, lowered).unwrap();
        assert_eq!(answers(&fds), [0; 0]);
    }

    #[test]
    fn no_entry_allowed_is_an_error() {
        let (mut parts, mut fds) = (Parts::default(), entries(3));
        let err = parts.poll(&mut fds, None, kernel(0, &[])).unwrap_err();
        assert!(is_refused(&err));
    }
}
