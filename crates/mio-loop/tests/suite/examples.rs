//! The example programs, which end by themselves.
