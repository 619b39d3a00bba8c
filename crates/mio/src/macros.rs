//! Logging, with the feature `log`.

#[cfg(feature = "log")]
macro_rules! trace {
    ($($argument:tt)+) => {
        log::trace!($($argument)+)
    };
}

#[cfg(not(feature = "log"))]
macro_rules! trace {
    ($($argument:tt)+) => {{
        let _ = format_args!($($argument)+);
    }};
}
