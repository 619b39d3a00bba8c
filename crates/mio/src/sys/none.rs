//! The event of a build without a selector: it can be named, and none ever exists.

use std::convert::Infallible;

use crate::Token;
use crate::sys::Readiness;

#[derive(Debug, Clone)]
pub(crate) struct NativeEvent {
    /// Gives the record a size, without which a buffer of them has no capacity to speak of.
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
