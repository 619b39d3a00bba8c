//! One registration of the table: when its source is asked about, and which answers are events.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::c_short;

use crate::interest::Mode;
use crate::sys::unix::identity::Identity;
use crate::sys::unix::poll_bits::{ERR, FAILURE, IN, PRI, has_end, request};
use crate::{Interest, Token};

/// How often the same readiness is reported again, if nothing tells us that it was used up.
const RENEWAL: Duration = Duration::from_millis(10);

/// What the system is to be asked about a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Question {
    /// Nothing: the slot is free.
    Free,
    /// Nothing: what the source has would end each wait at once.
    Nothing,
    /// Whether this descriptor is ready for these flags, and whether it has failed.
    Ready(RawFd, c_short),
}

pub(super) struct Slot {
    /// `None` is a free slot.
    pub(super) fd: Option<RawFd>,
    pub(super) generation: u32,
    /// The generation that the kernel was last asked about.
    pub(super) asked_generation: u32,
    /// `None` is what the system does not tell.
    pub(super) identity: Option<Identity>,
    pub(super) token: Token,
    interests: c_short,
    mode: Mode,
    /// Once has been: nothing is to be heard of it until it is registered anew.
    spent: bool,
    /// The directions that the system is asked about.
    armed: c_short,
    /// The directions that were delivered and are not `told`.
    quiet: c_short,
    /// The directions that an operation re-arms when it would have blocked.
    pub(super) told: c_short,
    /// A failure was delivered. As long as it lasts the system reports it, whatever it is asked, so
    /// it is asked without waiting only.
    failed: bool,
    /// An operation was tried after that, so a failure that is seen now may be another one.
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
    /// Either no other open file has the identity, or the source is alive: one whose I/O is tracked
    /// ends its registration when it is dropped.
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

    /// Forgets what was delivered.
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

    /// What to ask without waiting.
    pub(super) fn probed(&self) -> c_short {
        if cfg!(dense_poll) && self.failed {
            // There a failure is told only with a direction that was asked about.
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

    /// Keeps the flags of an answer that can't be delivered now: armed directions, and errors and
    /// urgent data, which may be others than those delivered before. A hang-up lasts, so the next
    /// call returns it again.
    pub(super) fn keep(&mut self, answer: c_short) {
        if self.may_report_once() && !self.spent {
            self.undelivered |= answer & (self.armed | (PRI & self.interests) | ERR);
        }
    }

    /// The event that the system's answer amounts to.
    pub(super) fn take(&mut self, answer: c_short, probing: bool) -> Option<(Token, c_short)> {
        let failure = answer & FAILURE;
        let mut ready = answer & self.interests;
        if has_end(ready) {
            // The end of the data is something to read.
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

    /// What of this is a change.
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
            // Also if data was reported before.
            fresh |= ready & IN;
        }
        let event = (fresh != 0 || new_failure).then_some(fresh | failure | gone);
        self.undelivered &= !event.unwrap_or(0);
        if probing {
            self.keep(seen & !event.unwrap_or(0));
        }
        if event.is_some() {
            // No probe has to find the end of a failure that is gone.
            self.disarm(fresh, new_failure && failure != 0);
        }
        event
    }

    /// A failure that was delivered is over: what the source is ready for from now on is news.
    fn end_of_failure(&mut self) {
        if self.failed {
            self.quiet &= !self.told;
            self.armed = self.interests & !self.quiet;
        }
        self.failed = false;
        self.tried = false;
    }

    /// Leaves out what has just been delivered.
    fn disarm(&mut self, delivered: c_short, failed: bool) {
        let awaited_probe = self.needs_probe();
        self.armed &= !delivered;
        // What an operation re-arms waits for the operation, the rest for a probe.
        self.quiet &= !(delivered & self.told);
        self.quiet |= delivered & !self.told;
        if failed {
            self.failed = true;
            if self.told == 0 {
                self.quiet = self.interests;
                self.armed = 0;
            }
        }
        // A direction that is delivered often must not put off the renewal of another one.
        if self.needs_probe() && !awaited_probe {
            self.renew_at = Instant::now() + RENEWAL;
        }
    }

    /// Re-arms these directions after an operation that returned an error. Returns whether that
    /// changes anything.
    ///
    /// Directions that are `drained` are armed at once. The others may be ready still, and stay so:
    /// armed at once, they would be reported in a busy loop. So they are only if that was not done
    /// a moment before, and await a probe otherwise.
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

    /// Returns whether nothing was reported again for the time of a renewal. From now on something
    /// was.
    fn may_report_again(&mut self) -> bool {
        let now = Instant::now();
        let may = !self.needs_probe() && now >= self.renew_at;
        if may {
            self.renew_at = now + RENEWAL;
        }
        may
    }
}
