//! The tokens that the loop reserves for itself.

use std::io;

use mio::Token;

/// The first reserved token. All above it are reserved too.
pub(crate) const RESERVED: usize = usize::MAX - 2;
// `Sources` hands out none of the reserved tokens.
const _: () = assert!(mio_util::Sources::<()>::LAST.0 < RESERVED);
pub(crate) const MESSAGES: Token = Token(RESERVED);
pub(crate) const SIGNALS: Token = Token(RESERVED + 1);
pub(crate) const SHUTDOWN: Token = Token(RESERVED + 2);

/// Returns an error if this token is reserved.
pub(crate) fn may_be_used(token: Token) -> io::Result<()> {
    if token.0 < RESERVED {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "{token:?} is the loop's own; the largest one that is free is {}",
            RESERVED - 1
        ),
    ))
}
