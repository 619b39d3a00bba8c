//! Probes: calls of poll(2) that find out which delivered readiness has ended.

use std::io;
use std::time::Duration;

use libc::pollfd;

use crate::event::Event;
use crate::sys::event_ports::event::from_poll_bits;
use crate::sys::event_ports::ffi;
use crate::sys::unix::parts::Parts;
use crate::sys::unix::registrations::Registrations;

#[derive(Default)]
pub(super) struct Probes {
    fds: Vec<pollfd>,
    /// The slot of the table for each entry.
    slots: Vec<usize>,
    /// The entry where the next search for events begins, so that none starves if they do not all
    /// fit.
    next: usize,
    parts: Parts,
}

impl Probes {
    /// Reserves room for this many slots, so that nothing else allocates.
    pub(super) fn reserve(&mut self, slots: usize) {
        self.fds.reserve(slots.saturating_sub(self.fds.len()));
        self.slots.reserve(slots.saturating_sub(self.slots.len()));
    }

    /// Makes the probes and turns their results into events, as many as fit. Postpones the others.
    pub(super) fn make(
        &mut self,
        registrations: &mut Registrations,
        events: &mut Vec<Event>,
    ) -> io::Result<()> {
        self.fds.clear();
        self.slots.clear();
        let any = registrations.probe(|slot, fd, events| {
            self.slots.push(slot);
            self.fds.push(pollfd {
                fd,
                events,
                revents: 0,
            });
        });
        if !any {
            return Ok(());
        }
        self.parts
            .poll(&mut self.fds, Some(Duration::ZERO), |fds, _| ffi::poll(fds))?;
        let count = self.slots.len();
        let mut first_left = None;
        for offset in 0..count {
            let index = (self.next + offset) % count;
            let (slot, answer) = (self.slots[index], self.fds[index].revents);
            if events.len() < events.capacity() {
                let taken = registrations.take(slot, answer, true);
                let taken = taken.map(|(token, bits)| from_poll_bits(token, bits));
                events.extend(taken.map(Event::from_native));
            } else {
                first_left.get_or_insert(index);
                registrations.postpone(slot, answer);
            }
            // If the readiness has ended, the port watches the source again.
            registrations.ask_again(slot);
        }
        self.next = first_left.unwrap_or(self.next);
        Ok(())
    }
}
