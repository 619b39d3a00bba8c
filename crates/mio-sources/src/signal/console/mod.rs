//! Console events, as the signals that they would be on Unix.
//!
//! There is one handler for the program, which records an event for each instance that watches it.
//! The first instance installs it, and it is never removed: an event that no instance watches is
//! left to earlier handlers and to the default action. Removing a handler would wait until it
//! returns, and those of [`Signal::SIGHUP`] and [`Signal::SIGTERM`] do not return.

mod ffi;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use mio::{Notifier, NotifierHandle};
use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::{Delivered, Signal};

/// Number of deliveries kept for each signal until they are received. The same as signal-hook's.
const KEPT: usize = 5;

pub(super) struct Watch {
    noted: Arc<Noted>,
    /// Readable unless the last result of `receive` was `None`. Each event makes it readable.
    ready: Notifier,
}

/// The part of an instance that the handler uses.
struct Noted {
    events: Mutex<Events>,
    ready: NotifierHandle,
}

#[derive(Default)]
struct Events {
    watched: Vec<Signal>,
    waiting: VecDeque<Signal>,
}

/// All instances.
static INSTANCES: Mutex<Vec<Arc<Noted>>> = Mutex::new(Vec::new());

impl Watch {
    pub(super) fn new() -> io::Result<Watch> {
        set_handler()?;
        let ready = Notifier::new()?;
        let noted = Arc::new(Noted {
            events: Mutex::default(),
            ready: ready.handle(),
        });
        lock(&INSTANCES).push(Arc::clone(&noted));
        Ok(Watch { noted, ready })
    }

    pub(super) fn add(&mut self, signal: Signal) -> io::Result<()> {
        check(signal)?;
        let mut events = lock(&self.noted.events);
        if !events.watched.contains(&signal) {
            events.watched.push(signal);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, signal: Signal) -> bool {
        let mut events = lock(&self.noted.events);
        let before = events.watched.len();
        events.watched.retain(|watched| *watched != signal);
        events.waiting.retain(|waiting| *waiting != signal);
        events.watched.len() < before
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = Signal> + '_ {
        lock(&self.noted.events).watched.clone().into_iter()
    }

    pub(super) fn receive(&mut self) -> Option<Delivered> {
        let mut events = lock(&self.noted.events);
        let Some(signal) = events.waiting.pop_front() else {
            // The lock is held, so no event is recorded between the check and this. No error is
            // expected; one would cause a spurious event.
            let _ = self.ready.clear();
            return None;
        };
        Some(Delivered {
            signal,
            sender: None,
        })
    }

    pub(super) fn source(&mut self) -> &mut Notifier {
        &mut self.ready
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&INSTANCES).retain(|noted| !Arc::ptr_eq(noted, &self.noted));
    }
}

impl Noted {
    /// Records the signal if this instance watches it. Returns `false` if not.
    fn note(&self, signal: Signal) -> bool {
        let mut events = lock(&self.events);
        if !events.watched.contains(&signal) {
            return false;
        }
        let waiting = events.waiting.iter();
        if waiting.filter(|waiting| **waiting == signal).count() < KEPT {
            events.waiting.push_back(signal);
            // No error is expected, and the handler can't report one.
            let _ = self.ready.notify();
        }
        true
    }
}

/// Delivers the signal to each instance that watches it, as the console event would be. If there is
/// none, the process ends, as it would by default.
pub(super) fn raise(signal: Signal) -> io::Result<()> {
    check(signal)?;
    if !note(signal) {
        end();
    }
    Ok(())
}

/// Ends the process, the default action of all these signals.
pub(super) fn default_action(signal: Signal) -> io::Result<()> {
    check(signal)?;
    end()
}

/// Handles a console event. Returns `true` if no other handler should receive it.
fn handle(event: u32) -> bool {
    let signal = match event {
        CTRL_C_EVENT => Signal::SIGINT,
        CTRL_BREAK_EVENT => Signal::SIGBREAK,
        CTRL_CLOSE_EVENT => Signal::SIGHUP,
        CTRL_SHUTDOWN_EVENT => Signal::SIGTERM,
        // The remaining event is the logoff of a user. Services receive it for each user, and must
        // not end.
        _ => return false,
    };
    let watched = note(signal);
    if watched && ends_anyway(signal) {
        // Windows ends the process when this returns, or after some seconds. The program uses that
        // time to clean up.
        loop {
            thread::park();
        }
    }
    watched
}

/// Returns `true` if Windows ends the process after this event, watched or not.
fn ends_anyway(signal: Signal) -> bool {
    matches!(signal, Signal::SIGHUP | Signal::SIGTERM)
}

/// Records the signal for each instance that watches it. Returns `false` if there is none.
fn note(signal: Signal) -> bool {
    let mut watched = false;
    for instance in lock(&INSTANCES).iter() {
        watched |= instance.note(signal);
    }
    watched
}

/// Installs the handler, once for the program. After an error the next instance retries.
fn set_handler() -> io::Result<()> {
    static IS_SET: Mutex<bool> = Mutex::new(false);
    let mut is_set = lock(&IS_SET);
    if !*is_set {
        ffi::add_handler()?;
        *is_set = true;
    }
    Ok(())
}

/// Ends the process with the exit code of one that Ctrl-C has ended.
fn end() -> ! {
    std::process::exit(STATUS_CONTROL_C_EXIT)
}

fn check(signal: Signal) -> io::Result<()> {
    if matches!(signal, Signal::SIGINT | Signal::SIGBREAK) || ends_anyway(signal) {
        return Ok(());
    }
    let message = format!(
        "this system has no {signal} to watch: there are SIGINT (Ctrl-C), SIGBREAK (Ctrl-Break), \
         SIGHUP (the console is closed) and SIGTERM (the system or the container is shut down)"
    );
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Console::CTRL_LOGOFF_EVENT;

    use super::*;

    /// Returns all signals received for an event, and whether other handlers are skipped.
    fn told(event: u32, watched: Signal) -> (Vec<Signal>, bool) {
        let mut watch = Watch::new().expect("a notifier");
        watch.add(watched).expect("it is one");
        let handled = handle(event);
        let received = std::iter::from_fn(|| watch.receive());
        (
            received.map(|delivered| delivered.signal).collect(),
            handled,
        )
    }

    /// A single test, because every instance of this process receives each event.
    #[test]
    fn each_event_is_the_signal_that_it_would_be() {
        let (c, interrupt) = (CTRL_C_EVENT, Signal::SIGINT);
        assert_eq!(told(c, interrupt), (vec![interrupt], true));
        assert_eq!(told(c, Signal::SIGBREAK), (vec![], false));
        let (ctrl_break, signal) = (CTRL_BREAK_EVENT, Signal::SIGBREAK);
        assert_eq!(told(ctrl_break, signal), (vec![signal], true));
        assert_eq!(told(ctrl_break, interrupt), (vec![], false));
        for event in [CTRL_LOGOFF_EVENT, 77] {
            assert_eq!(told(event, Signal::SIGHUP), (vec![], false));
            assert_eq!(told(event, Signal::SIGTERM), (vec![], false));
        }

        for (event, signal) in [
            (CTRL_CLOSE_EVENT, Signal::SIGHUP),
            (CTRL_SHUTDOWN_EVENT, Signal::SIGTERM),
        ] {
            // If an instance watched the signal, this would not return.
            assert_eq!(told(event, interrupt), (vec![], false));
            let mut watch = Watch::new().expect("a notifier");
            watch.add(signal).expect("it is one");
            let handler = thread::spawn(move || handle(event));
            while watch
                .receive()
                .is_none_or(|delivered| delivered.signal != signal)
            {
                assert!(!handler.is_finished(), "it has returned");
                thread::yield_now();
            }
            drop(watch);
            assert!(!handler.is_finished(), "it has returned");
        }
    }
}
