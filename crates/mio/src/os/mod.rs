//! Public modules that exist on only one family of platforms.

#[cfg(all(descriptors, feature = "os-ext"))]
mod source_fd;

#[cfg(all(
    descriptors,
    not(unix),
    not(target_family = "wasm"),
    feature = "os-ext"
))]
pub mod hermit;
#[cfg(all(unix, feature = "os-ext"))]
pub mod unix;
#[cfg(all(descriptors, target_family = "wasm", feature = "os-ext"))]
pub mod wasi;
#[cfg(all(windows, feature = "os-ext"))]
pub mod windows;
