//! The API for Windows.

// mio::windows

#[allow(unused_imports, reason = "that it can be named is what is shown")]
use mio::windows as _;
