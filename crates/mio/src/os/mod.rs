//! The public modules that only one family of systems has.

#[cfg(all(unix, feature = "os-ext"))]
pub mod unix;
