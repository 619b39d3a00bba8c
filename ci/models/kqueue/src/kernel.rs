//! The kernel that the model imitates, and the random numbers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kernel {
    FreeBsd,
    NetBsd,
    MacOs,
}

impl Kernel {
    /// Returns the value of `MIO_KQUEUE_KERNEL`.
    pub(crate) fn get() -> Kernel {
        static KERNEL: OnceLock<Kernel> = OnceLock::new();
        *KERNEL.get_or_init(|| match std::env::var("MIO_KQUEUE_KERNEL").as_deref() {
            Ok("NetBSD") => Kernel::NetBsd,
            Ok("macOS") => Kernel::MacOs,
            _ => Kernel::FreeBsd,
        })
    }
}

/// Returns the next number of the sequence that `MIO_KQUEUE_SEED` starts (SplitMix64).
pub(crate) fn random() -> u64 {
    static STATE: OnceLock<AtomicU64> = OnceLock::new();
    let state = STATE.get_or_init(|| {
        let seed = std::env::var("MIO_KQUEUE_SEED").unwrap_or_default();
        AtomicU64::new(seed.parse().unwrap_or(0))
    });
    let step = 0x9e37_79b9_7f4a_7c15;
    let mut next = state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
    next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    next ^ (next >> 31)
}
