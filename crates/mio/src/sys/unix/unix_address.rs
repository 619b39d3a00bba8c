//! The part of [`Address`] for the names of Unix sockets.

use std::ffi::OsStr;
use std::mem::offset_of;
// std has the same trait under two names.
#[cfg(all(abstract_address, std_os_android))]
use std::os::android::net::SocketAddrExt;
#[cfg(all(abstract_address, not(std_os_android)))]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;

use libc::{sockaddr_un, socklen_t};

use crate::sys::unix::address::Address;
use crate::sys::unix::ffi::Zeroed;

/// The number of bytes before the path in a Unix address.
const PATH_OFFSET: usize = offset_of!(sockaddr_un, sun_path);

impl Address {
    /// Returns the address of a Unix socket. Returns `None` if std can't represent it, for example
    /// a path that has no room for a terminating zero.
    pub(super) fn to_unix(self) -> Option<net::SocketAddr> {
        let Address::Unix(address, length) = self else {
            return None;
        };
        let path = address.sun_path.map(|byte| byte as u8);
        let length = (length as usize)
            .saturating_sub(PATH_OFFSET)
            .min(path.len());
        let name = &path[..length];
        let result = match name.split_first() {
            None => net::SocketAddr::from_pathname(""),
            #[cfg(abstract_address)]
            Some((0, name)) => net::SocketAddr::from_abstract_name(name),
            Some(_) => {
                // The length may or may not include the terminating zero.
                let end = name
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(name.len());
                net::SocketAddr::from_pathname(OsStr::from_bytes(&name[..end]))
            }
        };
        result.ok()
    }
}

impl From<&net::SocketAddr> for Address {
    fn from(name: &net::SocketAddr) -> Address {
        let mut address = sockaddr_un::zeroed();
        address.sun_family = libc::AF_UNIX as _;
        let length = match name_of(name) {
            Name::Path(path) => {
                // The zero that ends a path is there already, because the field was zeroed. A path
                // that fills the field, as a peer's may, has no terminating zero.
                copy(path, &mut address.sun_path);
                (path.len() + 1).min(address.sun_path.len())
            }
            #[cfg(abstract_address)]
            Name::Abstract(name) => {
                copy(name, &mut address.sun_path[1..]);
                name.len() + 1
            }
            Name::None => 0,
        };
        Address::Unix(address, (PATH_OFFSET + length) as socklen_t)
    }
}

enum Name<'a> {
    Path(&'a [u8]),
    #[cfg(abstract_address)]
    Abstract(&'a [u8]),
    None,
}

fn name_of(address: &net::SocketAddr) -> Name<'_> {
    if let Some(path) = address.as_pathname() {
        return Name::Path(path.as_os_str().as_bytes());
    }
    #[cfg(abstract_address)]
    if let Some(name) = address.as_abstract_name() {
        return Name::Abstract(name);
    }
    Name::None
}

/// Copies a name into the field. std has checked that the name of a `SocketAddr` fits.
fn copy(name: &[u8], field: &mut [libc::c_char]) {
    for (to, from) in field.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
}
