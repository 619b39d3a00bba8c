//! Conversion of socket addresses between std's types and the kernel's, field by field.
//!
//! std does not document the memory layout of its addresses, so no pointer to one is ever passed to
//! a system call.

use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

#[cfg(unix)]
use libc::sockaddr_un;
use libc::{sockaddr, sockaddr_in, sockaddr_in6, socklen_t};

use crate::sys::unix::ffi::Zeroed;

/// An address in the kernel's representation.
#[derive(Clone, Copy)]
pub(super) enum Address {
    V4(sockaddr_in),
    V6(sockaddr_in6),
    /// With its length, which distinguishes an unnamed address from a name that starts with a zero
    /// byte.
    #[cfg(unix)]
    Unix(sockaddr_un, socklen_t),
}

impl Address {
    /// Returns the pointer and the length that `connect(2)` and similar calls take. The pointer is
    /// valid for as long as `self`.
    pub(super) fn as_raw(&self) -> (*const sockaddr, socklen_t) {
        match self {
            Address::V4(address) => ((&raw const *address).cast(), length_of(address)),
            Address::V6(address) => ((&raw const *address).cast(), length_of(address)),
            #[cfg(unix)]
            Address::Unix(address, length) => ((&raw const *address).cast(), *length),
        }
    }

    /// Returns the address of an Internet socket, or `None` if it is of another kind.
    pub(super) fn to_internet(self) -> Option<SocketAddr> {
        match self {
            Address::V4(address) => {
                // `s_addr` is in network order in memory, as are the octets.
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
            #[cfg(unix)]
            Address::Unix(..) => None,
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

fn length_of<T>(_: &T) -> socklen_t {
    size_of::<T>() as socklen_t
}
