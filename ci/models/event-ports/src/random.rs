//! Random decisions, from a seed: the environment variable `MIO_MODEL_SEED`.

use std::env;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

static STATE: LazyLock<AtomicU64> = LazyLock::new(|| {
    let seed = env::var("MIO_MODEL_SEED").unwrap_or_else(|_| "1".to_owned());
    AtomicU64::new(seed.parse().expect("MIO_MODEL_SEED is a number"))
});

/// Returns `true` at random, once in `chance` calls on average.
pub(crate) fn one_in(chance: u64) -> bool {
    // SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let state = STATE.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state ^ (state >> 31)) % chance == 0
}
