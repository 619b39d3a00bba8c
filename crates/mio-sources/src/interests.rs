//! The interests that the sources of this crate accept: one rule for all of them.

use std::io;

use mio::Interest;

/// Reduces `interests` to reading, in the same mode. Other interests are ignored, because their
/// events never come. An interest without reading would wait for nothing, and is an error.
/// [`mio::Notifier`] has the same rule.
pub(crate) fn readable(interests: Interest) -> io::Result<Interest> {
    if !interests.is_readable() {
        let message = "this source is only ever readable; register it for `Interest::READABLE`";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut readable = Interest::READABLE;
    if interests.is_level() {
        readable = readable.level();
    }
    if interests.is_oneshot() {
        readable = readable.oneshot();
    }
    if interests.is_exclusive() {
        readable = readable.exclusive();
    }
    Ok(readable)
}

/// Implements [`Source`](mio::event::Source) for a type by one of its fields, for reading only.
macro_rules! readable_source {
    ($name:ty, $field:tt) => {
        /// Registers for reading, in any mode. An interest without `READABLE` is
        /// [`InvalidInput`](std::io::ErrorKind::InvalidInput); other interests are ignored.
        impl mio::event::Source for $name {
            fn register(
                &mut self,
                registry: &mio::Registry,
                token: mio::Token,
                wanted: mio::Interest,
            ) -> std::io::Result<()> {
                let wanted = crate::interests::readable(wanted)?;
                self.$field.source().register(registry, token, wanted)
            }

            fn reregister(
                &mut self,
                registry: &mio::Registry,
                token: mio::Token,
                wanted: mio::Interest,
            ) -> std::io::Result<()> {
                let wanted = crate::interests::readable(wanted)?;
                self.$field.source().reregister(registry, token, wanted)
            }

            fn deregister(&mut self, registry: &mio::Registry) -> std::io::Result<()> {
                self.$field.source().deregister(registry)
            }
        }
    };
}

pub(crate) use readable_source;

#[cfg(test)]
mod tests {
    use super::*;

    const READABLE: Interest = Interest::READABLE;
    const BOTH: Interest = READABLE.add(Interest::WRITABLE);

    #[test]
    fn the_mode_stays_and_what_never_comes_goes() {
        for (asked, given) in [
            (READABLE, READABLE),
            (BOTH, READABLE),
            (BOTH.level(), READABLE.level()),
            (BOTH.oneshot(), READABLE.oneshot()),
            (BOTH.level().oneshot(), READABLE.level().oneshot()),
            (READABLE.exclusive(), READABLE.exclusive()),
        ] {
            assert_eq!(readable(asked).ok(), Some(given), "{asked:?}");
        }
        for asked in [Interest::WRITABLE, Interest::WRITABLE.level()] {
            let err = readable(asked).expect_err("not for reading");
            assert_eq!(err.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
