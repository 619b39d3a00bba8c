//! Socket addresses: from std's to the system's and back, field by field.
//!
//! std does not promise how its addresses lie in memory, so no pointer to one is ever handed to the
//! system.

use std::ffi::OsStr;
use std::io;
use std::mem::offset_of;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
// std has one trait under two names.
#[cfg(all(abstract_address, std_os_android))]
use std::os::android::net::SocketAddrExt;
#[cfg(all(abstract_address, not(std_os_android)))]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;

use libc::{sockaddr, sockaddr_in, sockaddr_in6, sockaddr_un, socklen_t};

use crate::sys::unix::ffi::Zeroed;

/// An address as the system reads and writes it.
#[derive(Clone, Copy)]
pub(super) enum Address {
    V4(sockaddr_in),
    V6(sockaddr_in6),
    /// With its length, which tells a nameless address from one whose name starts with a zero.
    Unix(sockaddr_un, socklen_t),
}

/// How many bytes of a Unix address come before the path.
const PATH_OFFSET: usize = offset_of!(sockaddr_un, sun_path);

impl Address {
    /// The pointer and the length that `connect(2)` and its like take. It lives as long as `self`.
    pub(super) fn as_raw(&self) -> (*const sockaddr, socklen_t) {
        match self {
            Address::V4(address) => ((&raw const *address).cast(), length_of(address)),
            Address::V6(address) => ((&raw const *address).cast(), length_of(address)),
            Address::Unix(address, length) => ((&raw const *address).cast(), *length),
        }
    }

    /// The address of an Internet socket; `None` if it is of another kind.
    pub(super) fn to_internet(self) -> Option<SocketAddr> {
        match self {
            Address::V4(address) => {
                // The number is in network order in memory, as the octets are.
                let octets = address.sin_addr.s_addr.to_ne_bytes();
                let port = u16::from_be(address.sin_port);
                Some(SocketAddrV4::new(octets.into(), port).into())
            }
            Address::V6(address) => Some(
                SocketAddrV6::new(
                    address.sin6_addr.s6_addr.into(),
                    u16::from_be(address.sin6_port),
                    address.sin6_flowinfo,
                    address.sin6_scope_id,
                )
                .into(),
            ),
            Address::Unix(..) => None,
        }
    }

    /// The address of a Unix socket.
    ///
    /// A name that std can't express is given as nameless, which is how a peer that matters to
    /// nobody looks; the connection itself is worth more than its peer's name.
    pub(super) fn to_unix(self) -> io::Result<net::SocketAddr> {
        let nameless = || net::SocketAddr::from_pathname("");
        let Address::Unix(address, length) = self else {
            return nameless();
        };
        let path = address.sun_path.map(|byte| byte as u8);
        let length = (length as usize)
            .saturating_sub(PATH_OFFSET)
            .min(path.len());
        let name = &path[..length];
        match name.split_first() {
            None => nameless(),
            #[cfg(abstract_address)]
            Some((0, name)) => net::SocketAddr::from_abstract_name(name),
            Some(_) => {
                // The length may or may not count the zero at the end.
                let end = name
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(name.len());
                net::SocketAddr::from_pathname(OsStr::from_bytes(&name[..end]))
                    .or_else(|_| nameless())
            }
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        match address {
            SocketAddr::V4(v4) => {
                let mut address = sockaddr_in::zeroed();
                address.sin_family = libc::AF_INET as _;
                address.sin_port = v4.port().to_be();
                address.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
                Address::V4(address)
            }
            SocketAddr::V6(v6) => {
                let mut address = sockaddr_in6::zeroed();
                address.sin6_family = libc::AF_INET6 as _;
                address.sin6_port = v6.port().to_be();
                address.sin6_addr.s6_addr = v6.ip().octets();
                address.sin6_flowinfo = v6.flowinfo();
                address.sin6_scope_id = v6.scope_id();
                Address::V6(address)
            }
        }
    }
}

impl From<&net::SocketAddr> for Address {
    fn from(name: &net::SocketAddr) -> Address {
        let mut address = sockaddr_un::zeroed();
        address.sun_family = libc::AF_UNIX as _;
        let length = match name_of(name) {
            Name::Path(path) => {
                // A path ends with a zero, which the rest of the field already is.
                copy(path, &mut address.sun_path);
                path.len() + 1
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

/// std has made sure that the name of a `SocketAddr` fits.
fn copy(name: &[u8], field: &mut [libc::c_char]) {
    for (to, from) in field.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
}

fn length_of<T>(_: &T) -> socklen_t {
    size_of::<T>() as socklen_t
}
