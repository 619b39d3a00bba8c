//! The array of entries that is passed to poll(2).

use std::io;
use std::time::Duration;

use libc::pollfd;

use crate::event::Event;
use crate::sys::poll::event::event;
use crate::sys::poll::ffi;
#[cfg(not(dense_poll))]
use crate::sys::unix::parts::Parts;
use crate::sys::unix::poll_bits::IN;
#[cfg(dense_poll)]
use crate::sys::unix::poll_bits::NVAL;
use crate::sys::unix::registrations::{Question, Registrations};

/// An entry that poll(2) ignores.
const IGNORED: pollfd = pollfd {
    fd: -1,
    events: 0,
    revents: 0,
};

/// The number of entries per slot. Where poll(2) can't ignore entries, those with a request
/// are copied behind the array, and the copy is passed to the call.
const COPIES: usize = if cfg!(dense_poll) { 2 } else { 1 };

pub(super) struct Array {
    /// The first entry is that of the signal, the others are those of the table.
    fds: Vec<pollfd>,
    /// The slot where the next search for events begins, so that none starves if they do not all
    /// fit.
    next: usize,
    #[cfg(not(dense_poll))]
    parts: Parts,
}

/// A larger array for the next poll, because a poll must not allocate.
#[derive(Default)]
pub(super) struct Spare {
    fds: Vec<pollfd>,
    /// The number of slots that the array has room for, at the latest from the next poll on.
    slots: usize,
}

impl Spare {
    /// Reserves room for as many slots as the table has.
    pub(super) fn reserve(&mut self, registrations: &Registrations) {
        if self.slots < registrations.capacity() {
            self.slots = registrations.capacity();
            self.fds = Vec::with_capacity(COPIES * (1 + self.slots));
        }
    }
}

impl Array {
    pub(super) fn new(signal: i32) -> Array {
        let mut fds = Vec::with_capacity(COPIES);
        fds.push(pollfd {
            fd: signal,
            events: IN,
            revents: 0,
        });
        Array {
            fds,
            next: 0,
            #[cfg(not(dense_poll))]
            parts: Parts::default(),
        }
    }

    /// Brings the array up to date with the table.
    pub(super) fn sync(&mut self, registrations: &mut Registrations, spare: &mut Spare) {
        if spare.fds.capacity() > self.fds.capacity() {
            spare.fds.append(&mut self.fds);
            std::mem::swap(&mut spare.fds, &mut self.fds);
        }
        self.fds.resize(1 + registrations.used(), IGNORED);
        while let Some((slot, question)) = registrations.next_change() {
            if let Some(entry) = self.fds.get_mut(1 + slot) {
                *entry = match question {
                    Question::Free | Question::Nothing => IGNORED,
                    Question::Ready(fd, events) => pollfd {
                        fd,
                        events,
                        revents: 0,
                    },
                };
            }
        }
    }

    /// Adds the requests of probes to the array. Returns whether there are any.
    pub(super) fn begin_probe(&mut self, registrations: &mut Registrations) -> bool {
        registrations.probe(|slot, fd, events| {
            self.fds[1 + slot] = pollfd {
                fd,
                events,
                revents: 0,
            };
        })
    }

    /// Calls poll(2), in parts if the array is longer than allowed, in which case it may return
    /// early.
    #[cfg(not(dense_poll))]
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.parts.poll(&mut self.fds, timeout, ffi::poll)
    }

    /// Calls poll(2) with the entries that request something. Sleeps if there are none.
    #[cfg(dense_poll)]
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let copy = self.copy_questions();
        if copy == self.fds.len() {
            // Without a timeout nothing can end this sleep, because the program has one thread.
            std::thread::sleep(timeout.unwrap_or(Duration::MAX));
            return Ok(());
        }
        let mut result = ffi::poll(&mut self.fds[copy..], timeout).map(|_| ());
        if result.as_ref().is_err_and(is_closed) {
            // One closed descriptor makes the whole call fail. Find it.
            for question in self.fds[copy..].chunks_exact_mut(1) {
                let alone = ffi::poll(question, Some(Duration::ZERO));
                if alone.as_ref().is_err_and(is_closed) {
                    question[0].revents = NVAL;
                }
            }
            result = Ok(());
        }
        self.move_answers(copy);
        result
    }

    /// Copies the entries that request something behind the array. Returns the index of the copy.
    #[cfg(any(dense_poll, test))]
    fn copy_questions(&mut self) -> usize {
        let length = self.fds.len();
        for index in 0..length {
            let entry = &mut self.fds[index];
            entry.revents = 0;
            if asks(entry) {
                let question = *entry;
                self.fds.push(question);
            }
        }
        length
    }

    /// Moves the returned flags to the entries that were copied.
    #[cfg(any(dense_poll, test))]
    fn move_answers(&mut self, copy: usize) {
        let (entries, answers) = self.fds.split_at_mut(copy);
        let asked = entries.iter_mut().filter(|entry| asks(entry));
        for (entry, answer) in asked.zip(answers) {
            entry.revents = answer.revents;
        }
        self.fds.truncate(copy);
    }

    /// Returns whether the signal was raised.
    pub(super) fn is_signalled(&self) -> bool {
        self.fds[0].revents != 0
    }

    /// Turns the returned flags into events, as many as fit. Postpones the others.
    pub(super) fn collect(
        &mut self,
        registrations: &mut Registrations,
        probing: bool,
        events: &mut Vec<Event>,
    ) {
        let slots = self.fds.len() - 1;
        let mut first_left = None;
        for offset in 0..slots {
            let slot = (self.next + offset) % slots;
            let answer = self.fds[1 + slot].revents;
            if !registrations.has_answer(slot, answer, probing) {
                continue;
            }
            if events.len() < events.capacity() {
                let taken = registrations.take(slot, answer, probing);
                events.extend(taken.map(|(token, bits)| event(token, bits)));
            } else {
                first_left.get_or_insert(slot);
                registrations.postpone(slot, answer);
            }
        }
        self.next = first_left.unwrap_or(self.next);
    }
}

#[cfg(dense_poll)]
fn is_closed(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EBADF)
}

/// Returns whether an entry requests something.
#[cfg(any(dense_poll, test))]
fn asks(entry: &pollfd) -> bool {
    entry.fd >= 0 && entry.events != 0
}

#[cfg(test)]
mod tests {
    use libc::{POLLHUP, POLLIN, POLLOUT};

    use super::*;

    #[test]
    fn questions_are_copied_and_answers_moved() {
        let entry = |fd, events| pollfd {
            fd,
            events,
            // From an earlier call.
            revents: POLLHUP,
        };
        let mut array = Array::new(-1);
        array.fds.extend([
            entry(7, POLLIN),
            entry(8, 0),
            entry(-1, POLLIN),
            entry(9, POLLOUT),
        ]);
        let copy = array.copy_questions();
        let asked: Vec<_> = array.fds[copy..].iter().map(|entry| entry.fd).collect();
        assert_eq!(asked, [7, 9]);
        array.fds[copy + 1].revents = POLLOUT;
        array.move_answers(copy);
        let answers: Vec<_> = array.fds.iter().map(|entry| entry.revents).collect();
        assert_eq!(answers, [0, 0, 0, 0, POLLOUT]);
    }
}
