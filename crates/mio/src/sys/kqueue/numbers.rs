//! The constants of kqueue(2), whose values differ between platforms.

/// The constants of one platform. The types are wide enough for all platforms: a filter has 16 bits
/// with a sign on most, and 32 without on NetBSD.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) read: i32,
    pub(super) write: i32,
    /// The filter of user events, where the waker uses one rather than a pipe.
    pub(super) user: Option<i32>,
    pub(super) aio: Option<i32>,
    pub(super) lio: Option<i32>,

    pub(super) add: u32,
    pub(super) delete: u32,
    pub(super) enable: u32,
    pub(super) clear: u32,
    pub(super) dispatch: u32,
    pub(super) receipt: u32,
    pub(super) error: u32,
    pub(super) eof: u32,

    pub(super) not_found: i32,
    pub(super) bad_descriptor: i32,
    pub(super) broken_pipe: i32,
}

/// The filter of a record made from flags of poll(2), which are in `fflags`. It is never passed to
/// the kernel. Platforms number their filters from -1 downwards, and NetBSD from 0 upwards.
#[cfg(any(poll, test))]
pub(super) const POLL: i32 = i16::MAX as i32;

/// The filter of a record that stands for both directions. It is never passed to the kernel either.
pub(super) const BOTH: i32 = i16::MAX as i32 - 1;

#[cfg(kqueue)]
pub(super) const SYSTEM: Numbers = Numbers {
    read: libc::EVFILT_READ as _,
    write: libc::EVFILT_WRITE as _,
    #[cfg(waker_user_event)]
    user: Some(libc::EVFILT_USER as _),
    #[cfg(not(waker_user_event))]
    user: None,
    #[cfg(aio)]
    aio: Some(libc::EVFILT_AIO as _),
    #[cfg(not(aio))]
    aio: None,
    #[cfg(lio)]
    lio: Some(libc::EVFILT_LIO as _),
    #[cfg(not(lio))]
    lio: None,
    add: libc::EV_ADD as _,
    delete: libc::EV_DELETE as _,
    enable: libc::EV_ENABLE as _,
    clear: libc::EV_CLEAR as _,
    dispatch: libc::EV_DISPATCH as _,
    receipt: libc::EV_RECEIPT as _,
    error: libc::EV_ERROR as _,
    eof: libc::EV_EOF as _,
    not_found: libc::ENOENT,
    bad_descriptor: libc::EBADF,
    broken_pipe: libc::EPIPE,
};

/// The constants from `sys/event.h` and `errno.h` of each platform, for tests that run anywhere.
#[cfg(any(kqueue, test))]
#[cfg_attr(not(test), allow(dead_code))] // The compiler compares one of them with the target's.
pub(super) mod of {
    use super::Numbers;

    pub(in crate::sys::kqueue) const FREEBSD: Numbers = Numbers {
        read: -1,
        write: -2,
        user: Some(-11),
        aio: Some(-3),
        lio: Some(-10),
        add: 0x1,
        delete: 0x2,
        enable: 0x4,
        clear: 0x20,
        dispatch: 0x80,
        receipt: 0x40,
        error: 0x4000,
        eof: 0x8000,
        not_found: 2,
        bad_descriptor: 9,
        broken_pipe: 32,
    };

    /// The other constants are the same as on FreeBSD.
    pub(in crate::sys::kqueue) const NETBSD: Numbers = Numbers {
        read: 0,
        write: 1,
        user: None,
        aio: None,
        lio: None,
        ..FREEBSD
    };

    pub(in crate::sys::kqueue) const MACOS: Numbers = Numbers {
        user: Some(-10),
        lio: None,
        ..FREEBSD
    };

    pub(in crate::sys::kqueue) const DRAGONFLY: Numbers = Numbers {
        user: Some(-9),
        lio: None,
        ..FREEBSD
    };

    pub(in crate::sys::kqueue) const OPENBSD: Numbers = Numbers {
        user: None,
        aio: None,
        lio: None,
        ..FREEBSD
    };

    /// Checks that the constants of the target are those that the tests use. The target is
    /// recognized by its features: see `build.rs`.
    #[cfg(kqueue)]
    const _: () = {
        use super::SYSTEM;

        const fn same(number: Option<i32>, tested: Option<i32>) -> bool {
            match (number, tested) {
                (Some(number), Some(tested)) => number == tested,
                // A cfg may force the waker to use a pipe.
                (None, _) => true,
                (Some(_), None) => false,
            }
        }

        let tested = if cfg!(lio) {
            FREEBSD
        } else if cfg!(kqueue1) {
            NETBSD
        } else if cfg!(nosigpipe) {
            MACOS
        } else if cfg!(aio) {
            DRAGONFLY
        } else if cfg!(waker_user_event) {
            FREEBSD // The model of `ci/kqueue`.
        } else {
            OPENBSD
        };
        assert!(SYSTEM.read == tested.read && SYSTEM.write == tested.write);
        assert!(SYSTEM.add == tested.add && SYSTEM.delete == tested.delete);
        assert!(SYSTEM.enable == tested.enable && SYSTEM.clear == tested.clear);
        assert!(SYSTEM.dispatch == tested.dispatch && SYSTEM.receipt == tested.receipt);
        assert!(SYSTEM.error == tested.error && SYSTEM.eof == tested.eof);
        assert!(same(SYSTEM.user, tested.user) && same(SYSTEM.aio, tested.aio));
        assert!(same(SYSTEM.lio, tested.lio) && SYSTEM.not_found == tested.not_found);
        assert!(SYSTEM.bad_descriptor == tested.bad_descriptor);
        assert!(SYSTEM.broken_pipe == tested.broken_pipe);
    };

    #[cfg(test)]
    pub(in crate::sys::kqueue) const ALL: [&Numbers; 5] =
        [&FREEBSD, &NETBSD, &MACOS, &DRAGONFLY, &OPENBSD];
}
