//! One registration of the table: which directions are armed, and which readiness becomes an event.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::c_short;

use crate::interest::Mode;
use crate::sys::unix::identity::Identity;
use crate::sys::unix::poll_bits::{ERR, FAILURE, IN, PRI, has_end, request};
use crate::{Interest, Token};

/// The interval at which the same readiness is reported again if nothing shows that it was drained.
const RENEWAL: Duration = Duration::from_millis(10);

/// The request to the kernel for one slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Question {
    /// No request: the slot is free.
    Free,
    /// No request: the source would end each wait at once, or its oneshot has fired.
    Nothing,
    /// Report this descriptor when it is ready for these flags, or has failed.
    Ready(RawFd, c_short),
}

pub(super) struct Slot {
    /// `None` if the slot is free.
    pub(super) fd: Option<RawFd>,
    pub(super) generation: u32,
    /// The generation of the last request to the kernel.
    pub(super) asked_generation: u32,
    /// `None` if the OS does not report an identity.
    pub(super) identity: Option<Identity>,
    pub(super) token: Token,
    interests: c_short,
    mode: Mode,
    /// The oneshot has fired. Disarmed until `reregister`.
    spent: bool,
    /// The armed directions, which are requested from the kernel.
    armed: c_short,
    /// The delivered directions that are awaiting a probe.
    quiet: c_short,
    /// The directions that are re-armed on `WouldBlock`, because their I/O is tracked.
    pub(super) told: c_short,
    /// A failure was delivered. The kernel reports it for as long as it lasts, whatever is
    /// requested, so the source is left out of the calls that wait.
    failed: bool,
    /// An operation was tried after the failure was delivered, so a failure from now on may be
    /// another one.
    tried: bool,
    /// Flags that a call returned and that were not delivered. The kernel may report them to one
    /// call only.
    undelivered: c_short,
    pub(super) renew_at: Instant,
    pub(super) is_in_changed: bool,
    pub(super) is_in_quiet: bool,
}

impl Slot {
    pub(super) fn new(fd: RawFd, identity: Option<Identity>) -> Slot {
        Slot {
            fd: Some(fd),
            generation: 0,
            asked_generation: 0,
            identity,
            token: Token(0),
            interests: 0,
            mode: Mode::Edge,
            spent: false,
            armed: 0,
            quiet: 0,
            told: 0,
            failed: false,
            tried: false,
            undelivered: 0,
            renew_at: Instant::now(),
            is_in_changed: false,
            is_in_quiet: false,
        }
    }

    pub(super) fn update(&mut self, token: Token, interests: Interest) {
        self.token = token;
        self.interests = request(interests);
        self.mode = interests.mode();
        self.start_anew(self.interests);
        self.undelivered &= self.interests | FAILURE;
    }

    /// Returns whether the registration is provably that of the open file with this identity.
    ///
    /// That is so if no other open file has the identity, or if the source is alive. A tracked
    /// source ends its registration when it is dropped.
    pub(super) fn is_same_file(&self, identity: Option<Identity>) -> bool {
        let is_alive = self.told != 0;
        self.identity == identity && (is_alive || identity.is_some_and(|file| file.is_unique()))
    }

    pub(super) fn end(&mut self) -> Option<RawFd> {
        self.start_anew(0);
        self.undelivered = 0;
        self.generation = self.generation.wrapping_add(u32::from(self.fd.is_some()));
        self.fd.take()
    }

    /// Resets what was delivered, and arms these directions.
    fn start_anew(&mut self, armed: c_short) {
        self.armed = armed;
        self.quiet = 0;
        self.spent = false;
        self.failed = false;
        self.tried = false;
    }

    pub(super) fn question(&self) -> Question {
        match self.fd {
            None => Question::Free,
            Some(_) if self.failed || self.spent => Question::Nothing,
            Some(fd) => Question::Ready(fd, self.armed),
        }
    }

    /// Returns the flags to request in a probe, which does not wait.
    pub(super) fn probed(&self) -> c_short {
        if cfg!(dense_poll) && self.failed {
            // With `dense_poll` a failure is reported only with a direction that was requested.
            return self.interests;
        }
        self.armed | self.quiet
    }

    pub(super) fn needs_probe(&self) -> bool {
        self.quiet != 0 || self.failed || self.undelivered != 0
    }

    /// Returns whether the kernel may report a change of the file to one call only.
    fn may_report_once(&self) -> bool {
        self.identity.is_none_or(|file| file.may_report_once())
    }

    /// Keeps flags that can't be delivered now: armed directions, errors and urgent data. Errors
    /// and urgent data may be new even if others were delivered before. A hang-up lasts, so the
    /// next call returns it again.
    pub(super) fn keep(&mut self, answer: c_short) {
        if self.may_report_once() && !self.spent {
            self.undelivered |= answer & (self.armed | (PRI & self.interests) | ERR);
        }
    }

    /// Returns the event, if any, that these flags from the kernel amount to.
    pub(super) fn take(&mut self, answer: c_short, probing: bool) -> Option<(Token, c_short)> {
        let failure = answer & FAILURE;
        let mut ready = answer & self.interests;
        if has_end(ready) {
            // The end of the data can be read.
            ready |= IN & self.interests;
        }
        let bits = match self.mode {
            Mode::Edge => self.news(ready, failure, probing)?,
            Mode::Level | Mode::Oneshot => ready | failure | std::mem::take(&mut self.undelivered),
        };
        if bits == 0 || self.spent {
            return None;
        }
        self.spent = self.mode == Mode::Oneshot;
        Some((self.token, bits))
    }

    /// Returns the part of an edge-triggered registration's readiness that has changed.
    fn news(&mut self, ready: c_short, failure: c_short, probing: bool) -> Option<c_short> {
        let seen = ready | failure;
        // No later call returns these again.
        let gone = self.undelivered & !seen;
        let mut new_failure = (failure != 0 && !self.failed) || gone & FAILURE != 0;
        let mut renewed = gone & !FAILURE;
        if probing {
            if failure == 0 {
                self.end_of_failure();
            }
            let lasting = failure != 0 && self.told == 0;
            let still = if lasting {
                self.quiet
            } else {
                self.quiet & ready
            };
            self.armed |= self.quiet & !still;
            self.quiet = still;
            let now = Instant::now();
            if now >= self.renew_at {
                self.renew_at = now + RENEWAL;
                renewed |= still & ready;
                let is_another = self.tried || self.undelivered & failure != 0;
                new_failure |= (lasting && still != 0) || (failure != 0 && is_another);
                self.tried = false;
            }
        }
        let mut fresh = (ready & self.armed) | renewed;
        if has_end(fresh) {
            // Even if data was reported before.
            fresh |= ready & IN;
        }
        let event = (fresh != 0 || new_failure).then_some(fresh | failure | gone);
        self.undelivered &= !event.unwrap_or(0);
        if probing {
            self.keep(seen & !event.unwrap_or(0));
        }
        if event.is_some() {
            // If the failure is already gone, no probe has to find its end.
            self.disarm(fresh, new_failure && failure != 0);
        }
        event
    }

    /// Ends a failure that was delivered. Readiness from now on is a new event.
    fn end_of_failure(&mut self) {
        if self.failed {
            self.quiet &= !self.told;
            self.armed = self.interests & !self.quiet;
        }
        self.failed = false;
        self.tried = false;
    }

    /// Disarms the directions that have just been delivered.
    fn disarm(&mut self, delivered: c_short, failed: bool) {
        let awaited_probe = self.needs_probe();
        self.armed &= !delivered;
        // Tracked directions wait for `WouldBlock`, the others for a probe.
        self.quiet &= !(delivered & self.told);
        self.quiet |= delivered & !self.told;
        if failed {
            self.failed = true;
            if self.told == 0 {
                self.quiet = self.interests;
                self.armed = 0;
            }
        }
        // A direction that is delivered often must not delay the renewal of another one.
        if self.needs_probe() && !awaited_probe {
            self.renew_at = Instant::now() + RENEWAL;
        }
    }

    /// Re-arms these directions after an operation that returned an error. Returns whether that
    /// changes anything.
    ///
    /// If `drained`, the directions are armed at once. Otherwise they may still be ready, and
    /// arming them at once each time would report them in a busy loop. So they are armed at once
    /// only if that did not happen a moment ago, and otherwise await a probe.
    pub(super) fn rearm(&mut self, directions: c_short, drained: bool) -> bool {
        let can_arm = drained && !self.failed;
        let waiting = if can_arm { 0 } else { self.quiet };
        let missing = directions & self.interests & self.told & !(self.armed | waiting);
        let changes = missing != 0 || (self.failed && !self.tried);
        self.tried = self.failed;
        if drained {
            self.undelivered &= !directions;
        }
        if missing != 0 {
            if can_arm || (!self.failed && self.may_report_again()) {
                self.armed |= missing;
                self.quiet &= !missing;
            } else {
                self.quiet |= missing;
            }
        }
        changes
    }

    /// Returns whether nothing was reported again within the renewal interval. If so, the next
    /// interval starts now.
    fn may_report_again(&mut self) -> bool {
        let now = Instant::now();
        let may = !self.needs_probe() && now >= self.renew_at;
        if may {
            self.renew_at = now + RENEWAL;
        }
        may
    }
}
