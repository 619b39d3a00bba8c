//! What the sources of this crate can be registered for: one rule for all of them.

use std::io;

use mio::Interest;

/// Reading alone, in the mode that is asked for. What else is asked for never comes, and is left
/// out; an interest without reading would wait for nothing, and is an error. This is what
/// [`mio::Notifier`] does.
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

/// Makes a type the source that one of its fields has, for reading alone.
macro_rules! readable_source {
    ($name:ty, $field:tt) => {
        /// In any mode. It is readable and nothing else: an interest without `READABLE` is
        /// [`InvalidInput`](std::io::ErrorKind::InvalidInput), and what else an interest asks for
        /// is left out.
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
