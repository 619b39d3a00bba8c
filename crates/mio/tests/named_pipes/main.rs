//! Named pipes of Windows: guarantees for users, and bugs of other libraries.

#![cfg(all(windows, feature = "os-ext"))]

mod closing;
mod connecting;
mod data;
mod foreign;
mod messages;
mod modes;
mod registering;
mod serial;
mod support;
mod threads;
