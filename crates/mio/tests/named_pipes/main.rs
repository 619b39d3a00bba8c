//! Named pipes of Windows: what a user relies on, and what went wrong in other libraries.

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
