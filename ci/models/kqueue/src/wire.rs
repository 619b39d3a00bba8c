//! Delays small packets over loopback at random, until after `send` has returned.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use libc::{POLLERR, POLLHUP, POLLOUT, POLLRDHUP, c_int};

use crate::ffi;
use crate::kernel::random;
use crate::numbers::{is_shut_down, lock};

#[derive(Debug)]
struct Packet {
    inode: u64,
    fd: c_int,
    bytes: Vec<u8>,
    /// The destination of a datagram, as an argument of `sendto`.
    address: Vec<u8>,
    due: Instant,
}

static PACKETS: Mutex<VecDeque<Packet>> = Mutex::new(VecDeque::new());
static ADDED: Condvar = Condvar::new();
static HAS_THREAD: AtomicBool = AtomicBool::new(false);
/// Set in a child of `fork`, which has no sending thread.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

const LARGEST: usize = 512;
const LATEST: u64 = 1_000_000;

/// Sends now or later. The packets of one socket stay in order.
pub(crate) fn send(fd: c_int, bytes: &[u8], flags: c_int, address: &[u8]) -> Result<isize, c_int> {
    if !can_be_late(fd, bytes, flags, address) {
        flush(fd);
        return ffi::raw_send(fd, bytes, flags, address);
    }
    let Some(inode) = ffi::inode(fd) else {
        return ffi::raw_send(fd, bytes, flags, address);
    };
    let mut packets = lock(&PACKETS);
    let is_behind = packets.iter().any(|packet| packet.inode == inode);
    if !is_behind && random() % 2 == 0 {
        drop(packets);
        return ffi::raw_send(fd, bytes, flags, address);
    }
    packets.push_back(Packet {
        inode,
        fd,
        bytes: bytes.to_vec(),
        address: address.to_vec(),
        due: Instant::now() + Duration::from_nanos(random() % LATEST),
    });
    drop(packets);
    ADDED.notify_one();
    if !HAS_THREAD.swap(true, Ordering::SeqCst) {
        std::thread::spawn(run);
    }
    Ok(bytes.len() as isize)
}

/// Returns `true` if the call would succeed, and sends to this host.
fn can_be_late(fd: c_int, bytes: &[u8], flags: c_int, address: &[u8]) -> bool {
    let is_small = (1..=LARGEST).contains(&bytes.len());
    let is_plain = flags & !libc::MSG_NOSIGNAL == 0;
    if !is_small || !is_plain || HAS_ENDED.load(Ordering::SeqCst) {
        return false;
    }
    let domain = ffi::socket_option(fd, libc::SO_DOMAIN);
    let is_inet = domain == Ok(libc::AF_INET) || domain == Ok(libc::AF_INET6);
    let bits = ffi::poll_now(fd);
    let has_room = bits & (POLLOUT | POLLERR | POLLHUP | POLLRDHUP) == POLLOUT;
    is_inet && has_room && !is_shut_down(fd) && is_loopback(address)
}

/// Returns `true` for an IPv4 loopback address with a port. An empty address stands for a connected
/// socket.
fn is_loopback(address: &[u8]) -> bool {
    let is_v4 = |address: &[u8]| address[..2] == (libc::AF_INET as u16).to_ne_bytes();
    match address.len() {
        0 => true,
        8.. => is_v4(address) && address[4] == 127 && address[2..4] != [0, 0],
        _ => false,
    }
}

fn run() {
    ffi::block_signals();
    let mut packets = lock(&PACKETS);
    loop {
        let now = Instant::now();
        while packets.front().is_some_and(|packet| packet.due <= now) {
            packets.pop_front().iter().for_each(Packet::send);
        }
        let wait = packets.front().map(|packet| packet.due - now);
        let wait = wait.unwrap_or(Duration::from_secs(3600));
        packets = match ADDED.wait_timeout(packets, wait) {
            Ok((packets, _)) => packets,
            Err(poisoned) => poisoned.into_inner().0,
        };
    }
}

/// Sends the waiting packets of this socket, before the program uses it for something else.
pub(crate) fn flush(fd: c_int) {
    if !HAS_THREAD.load(Ordering::SeqCst) || HAS_ENDED.load(Ordering::SeqCst) {
        return;
    }
    if let Some(inode) = ffi::inode(fd) {
        flush_if(|packet| packet.inode == inode);
    }
}

pub(crate) fn flush_all() {
    if !HAS_ENDED.load(Ordering::SeqCst) {
        flush_if(|_| true);
    }
}

fn flush_if(is_wanted: impl Fn(&Packet) -> bool) {
    let mut packets = lock(&PACKETS);
    packets.retain(|packet| {
        let is_wanted = is_wanted(packet);
        if is_wanted {
            packet.send();
        }
        !is_wanted
    });
}

pub(crate) fn end() {
    HAS_ENDED.store(true, Ordering::SeqCst);
}

impl Packet {
    /// There is room: poll(2) has reported it, and only this thread sends.
    fn send(&self) {
        let mut rest = &self.bytes[..];
        while !rest.is_empty() {
            match ffi::raw_send(self.fd, rest, libc::MSG_NOSIGNAL, &self.address) {
                Ok(sent) => rest = &rest[(sent as usize).min(rest.len())..],
                Err(libc::EAGAIN | libc::EINTR) => std::thread::yield_now(),
                Err(_) => return,
            }
        }
    }
}
