// The README's examples need all features that they use.
#![cfg_attr(
    all(feature = "channel", feature = "process", feature = "signal", feature = "timer"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(
        feature = "channel",
        feature = "process",
        feature = "signal",
        feature = "timer"
    )),
    doc = "Timers, message channels, signals and child processes as event sources for Mio."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The docs link to signals for which some platforms have no constant.
#![cfg_attr(not(signals), allow(rustdoc::broken_intra_doc_links))]
// Allowed in the `ffi.rs` files, which only Windows has.
#![cfg_attr(not(any(console_events, waitable_timer)), forbid(unsafe_code))]
#![deny(unsafe_code)]

#[cfg(feature = "channel")]
#[cfg_attr(docsrs, doc(cfg(feature = "channel")))]
pub mod channel;
#[cfg(any(feature = "process", feature = "signal", feature = "timer"))]
mod interests;
#[cfg(any(all(feature = "process", evfilt_proc), all(feature = "timer", kqueue)))]
mod kqueue;
#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub mod process;
#[cfg(feature = "signal")]
#[cfg_attr(docsrs, doc(cfg(feature = "signal")))]
pub mod signal;
#[cfg(feature = "timer")]
#[cfg_attr(docsrs, doc(cfg(feature = "timer")))]
pub mod timer;
