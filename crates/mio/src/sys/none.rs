//! The native event of a build without a selector. It can be named, but none ever exists.

use std::convert::Infallible;

use crate::Token;
use crate::sys::Readiness;

#[derive(Debug, Clone)]
pub(crate) struct NativeEvent {
    /// Gives the type a size. A `Vec` of zero-sized events would have no meaningful capacity.
    _token: Token,
    never: Infallible,
}

pub(crate) fn token(event: &NativeEvent) -> Token {
    match event.never {}
}

pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
    match event.never {}
}

pub(crate) fn flags(event: &NativeEvent) -> u32 {
    match event.never {}
}
