//! There are no allocations after set-up.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use mio::net::TcpStream;
use mio_util::{Connection, Exchange, ReadBuffer, ReadyList, WriteQueue};

#[test]
fn serving_allocates_nothing_after_set_up() {
    let listener = TcpListener::bind(crate::support::any_port()).unwrap();
    let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let input = ReadBuffer::preallocated(4096);
    let output = WriteQueue::new(4096);
    let mut connection = Connection::with_buffers(TcpStream::from_std(stream), input, output);
    let mut ready = ReadyList::with_capacity(4);
    let mut round = |connection: &mut Connection<TcpStream>, peer: &mut std::net::TcpStream| {
        peer.write_all(&[7; 1000]).unwrap();
        let deadline = Instant::now() + crate::support::LONG;
        let mut echoed = 0;
        while echoed < 1000 {
            assert!(Instant::now() < deadline);
            let next = connection.ready(|exchange: &mut Exchange<'_>| {
                echoed += exchange.input.len();
                exchange.output.push(exchange.input.data());
                exchange.input.clear();
                io::Result::Ok(())
            });
            assert!(!next.unwrap().is_finished());
            ready.insert(mio::Token(1));
            ready.visit(|_, _| {});
        }
        let mut answer = [0; 1000];
        peer.read_exact(&mut answer).unwrap();
    };
    // In the first rounds the output grows to its final size.
    for _ in 0..10 {
        round(&mut connection, &mut peer);
    }
    let counted = allocation_counter::measure(|| {
        for _ in 0..100 {
            round(&mut connection, &mut peer);
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
