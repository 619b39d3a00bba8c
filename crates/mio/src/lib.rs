//! **Metal I/O**: one thread that waits for thousands of sockets, with as little as possible
//! between a program and the operating system.
//!
//! [`Poll`] waits for events of many sources at once: the sockets of `net`, and any other
//! [`event::Source`]. Each source is registered under a [`Token`] for an [`Interest`]. [`Events`]
//! lists the ready sources and their readiness. There is no runtime, no thread and no callback, and
//! nothing is allocated after set-up.
//!
//! This crate is a drop-in for mio 1.2. Start with the [`guide`]. See [`features`] for the Cargo
//! features, and [`Poll`] for the differences between platforms.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
// With fewer features some shared items have no user, and some public ones are used only inside
// this crate. The build with all features reports dead code.
#![cfg_attr(
    not(all(any(unix, windows), feature = "net", feature = "os-ext")),
    allow(dead_code, unreachable_pub, unused_imports, unused_macros)
)]

#[macro_use]
mod macros;

#[cfg(feature = "os-poll")]
mod builder;
mod busy_poll;
pub mod event;
mod interest;
#[cfg(any(feature = "net", feature = "os-ext"))]
mod io_impls;
#[cfg(any(feature = "net", feature = "os-poll"))]
mod io_source;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod net;
#[cfg(feature = "os-poll")]
mod notifier;
mod os;
mod poll;
mod selector_kind;
mod sys;
mod token;
mod waker;

#[cfg(feature = "os-poll")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-poll")))]
pub use self::builder::Builder;
pub use self::event::Events;
pub use self::interest::Interest;
#[cfg(feature = "os-ext")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-ext")))]
pub use self::io_source::IoSource;
#[cfg(feature = "os-poll")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-poll")))]
pub use self::notifier::{Notifier, NotifierHandle};
#[cfg(all(
    descriptors,
    not(unix),
    not(target_family = "wasm"),
    feature = "os-ext"
))]
#[cfg_attr(docsrs, doc(cfg(all(target_os = "hermit", feature = "os-ext"))))]
pub use self::os::hermit;
#[cfg(all(unix, feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(unix, feature = "os-ext"))))]
pub use self::os::unix;
#[cfg(all(descriptors, target_family = "wasm", feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(target_os = "wasi", feature = "os-ext"))))]
pub use self::os::wasi;
#[cfg(all(windows, feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(windows, feature = "os-ext"))))]
pub use self::os::windows;
pub use self::poll::{Poll, Registry};
pub use self::selector_kind::SelectorKind;
pub use self::token::Token;
pub use self::waker::Waker;

#[doc = include_str!("features.md")]
pub mod features {}

// The examples of the guide are complete programs and need both features.
#[cfg_attr(
    all(feature = "os-poll", feature = "net"),
    doc = include_str!("guide.md")
)]
#[cfg_attr(
    not(all(feature = "os-poll", feature = "net")),
    doc = "The guide is in the documentation of a build with the features `os-poll` and `net`."
)]
pub mod guide {}

/// The README, so that its program is compiled as a doc test.
#[cfg(all(doctest, feature = "os-poll", feature = "net"))]
#[doc = include_str!("../../../README.md")]
mod readme {}
