//! The registrations, their associations with the port, and their probes.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use libc::c_short;

use crate::event::Event;
use crate::sys::event_ports::associations::{Associations, Request};
use crate::sys::event_ports::event::NativeEvent;
use crate::sys::event_ports::ffi;
use crate::sys::event_ports::probes::Probes;
use crate::sys::unix::poll_bits::request;
use crate::sys::unix::registrations::{Key, Registrations};
use crate::{Interest, Token};

#[derive(Default)]
pub(super) struct Table {
    pub(super) registrations: Registrations,
    associations: Associations,
    probes: Probes,
    /// A thread is in `port_getn`, or about to call it.
    pub(super) is_polling: bool,
    /// That thread has been interrupted and will lock the table.
    pub(super) is_interrupted: bool,
    /// The program has taken the port's descriptor, and may watch it with another selector.
    pub(super) is_watched: bool,
}

impl Table {
    pub(super) fn insert(
        &mut self,
        port: BorrowedFd<'_>,
        fd: RawFd,
        told: bool,
        token: Token,
        interests: Interest,
    ) -> io::Result<Key> {
        let flags = request(interests);
        let key = self.registrations.insert(fd, told, token, interests)?;
        let slot = key.slot as usize;
        self.associations.reserve(self.registrations.capacity());
        self.probes.reserve(self.registrations.capacity());
        // Associate at once, so that a source that can't be watched is an error here.
        if let Err(err) = ffi::port_associate(port, fd, flags, key) {
            self.registrations.remove(slot);
            return Err(err);
        }
        self.associations.set(slot, fd, flags);
        self.settle(port);
        Ok(key)
    }

    pub(super) fn update(
        &mut self,
        port: BorrowedFd<'_>,
        slot: usize,
        fd: RawFd,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let flags = request(interests);
        ffi::port_associate(port, fd, flags, self.registrations.key(slot))?;
        self.associations.set(slot, fd, flags);
        self.registrations.update(slot, token, interests);
        self.settle(port);
        Ok(())
    }

    pub(super) fn remove(&mut self, port: BorrowedFd<'_>, slot: usize) {
        if let Some(fd) = self.associations.clear(slot) {
            // If its event is already in the queue, it matches no registration from now on.
            let _ = ffi::port_dissociate(port, fd);
        }
        self.registrations.remove(slot);
    }

    /// Passes changes to the port at once if a thread is waiting, or another selector may watch the
    /// port.
    pub(super) fn settle(&mut self, port: BorrowedFd<'_>) {
        if self.is_polling || self.is_watched {
            // A change that fails is made again when the next poll begins, which returns the error.
            let _ = self.sync(port);
        }
    }

    /// Passes all changes to the port.
    pub(super) fn sync(&mut self, port: BorrowedFd<'_>) -> io::Result<()> {
        while let Some((slot, question)) = self.registrations.next_change() {
            match self.associations.update(slot, question) {
                None => {}
                Some(Request::Dissociate(fd)) => {
                    // Its event may have come in the meantime.
                    let _ = ffi::port_dissociate(port, fd);
                }
                Some(Request::Associate(fd, flags)) => {
                    let key = self.registrations.key(slot);
                    if let Err(err) = ffi::port_associate(port, fd, flags, key) {
                        self.associations.clear(slot);
                        self.refused(slot, flags, err)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Handles the error for a source that could be associated before.
    fn refused(&mut self, slot: usize, flags: c_short, err: io::Error) -> io::Result<()> {
        if err.raw_os_error() == Some(libc::EBADFD) {
            // Closing the descriptor without `deregister` ends the registration, as on epoll.
            self.registrations.remove(slot);
            return Ok(());
        }
        if flags == 0 {
            // Without a direction there are only failures to report, and the next operation returns
            // those too. No manual says that a port accepts such a request, as poll(2) does.
            return Ok(());
        }
        self.registrations.ask_again(slot);
        Err(err)
    }

    /// Probes with poll(2) and turns the results into events, as many as fit. The next
    /// [`sync`](Self::sync), which has to come before a wait, passes the resulting changes to the
    /// port.
    pub(super) fn probe(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        self.probes.make(&mut self.registrations, events)
    }

    /// Returns the event, if any, that this native event of the port amounts to.
    pub(super) fn take(&mut self, answer: &NativeEvent) -> Option<(Token, c_short)> {
        let slot = self.registrations.find(answer.key()).ok()?;
        self.associations.clear(slot);
        let event = self.registrations.take(slot, answer.bits(), false);
        self.registrations.ask_again(slot);
        event
    }
}
