//! `Connection` over the stream of the example `tls_echo`, with a client that only uses rustls.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use socket2::SockRef;

use crate::connection::{connect, pattern, with_server_of};

mod stream {
    include!("../../examples/tls_echo/stream.rs");
}

use self::stream::TlsStream;

/// Returns a configuration of the server, and one of a client that trusts it.
fn configure() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = certified.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// Runs clients against a TLS server on each selector and in each mode.
fn with_tls_server(clients: impl Fn(&mut Client) + Sync, check: impl Fn(&[io::Error])) {
    let (server, client) = configure();
    with_server_of(
        |socket| {
            // Makes the stream wait for room while TLS has encrypted more.
            SockRef::from(&socket).set_send_buffer_size(4096).unwrap();
            TlsStream::new(socket, ServerConnection::new(Arc::clone(&server)).unwrap())
        },
        |address| clients(&mut Client::connect(address, &client)),
        check,
    );
}

fn nothing_failed(errors: &[io::Error]) {
    assert!(errors.is_empty(), "{errors:?}");
}

/// A client on a blocking socket, with the handshake done.
struct Client {
    socket: TcpStream,
    tls: Mutex<ClientConnection>,
}

impl Client {
    fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Client {
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut socket = connect(address);
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).unwrap();
        }
        Client {
            socket,
            tls: Mutex::new(tls),
        }
    }

    /// Encrypts with `work`, and sends all of it.
    fn send(&self, work: impl FnOnce(&mut ClientConnection)) {
        let mut encrypted = Vec::new();
        {
            let mut tls = self.tls.lock().unwrap();
            work(&mut tls);
            while tls.wants_write() {
                tls.write_tls(&mut encrypted).unwrap();
            }
        }
        (&self.socket).write_all(&encrypted).unwrap();
    }

    fn send_all(&self, data: &[u8]) {
        for chunk in data.chunks(16 * 1024) {
            self.send(|tls| tls.writer().write_all(chunk).unwrap());
        }
    }

    /// Receives until the server has sent close_notify.
    fn receive_to_end(&self) -> Vec<u8> {
        self.receive(usize::MAX)
    }

    /// Receives this many bytes, or until the server has sent close_notify.
    fn receive(&self, most: usize) -> Vec<u8> {
        let mut received = Vec::new();
        let mut encrypted = [0; 16 * 1024];
        while received.len() < most {
            let length = (&self.socket).read(&mut encrypted).unwrap();
            let mut rest = &encrypted[..length];
            let mut tls = self.tls.lock().unwrap();
            loop {
                // The end of the socket too.
                tls.read_tls(&mut rest).unwrap();
                tls.process_new_packets().unwrap();
                match tls.reader().read_to_end(&mut received) {
                    Ok(_) => return received,
                    Err(err) if err.kind() == ErrorKind::WouldBlock => {}
                    Err(err) => panic!("no close_notify after {} bytes: {err}", received.len()),
                }
                if rest.is_empty() {
                    break;
                }
            }
        }
        received
    }
}

#[test]
fn tls_half_close_leaves_the_answer_complete() {
    let data = pattern(1_000_000);
    with_tls_server(
        |client| {
            let received = thread::scope(|scope| {
                let client = &*client;
                scope.spawn(|| {
                    client.send_all(&data);
                    client.send(|tls| tls.send_close_notify());
                });
                client.receive_to_end()
            });
            assert!(received == data, "{} of {}", received.len(), data.len());
        },
        nothing_failed,
    );
}

#[test]
fn tls_messages_come_back_one_by_one() {
    with_tls_server(
        |client| {
            // Longer than the send buffer of the server, and then nothing more is sent: the
            // remaining encrypted bytes are all that is left to send.
            for length in [1, 10, 1000, 10_000, 60_000, 1] {
                let data = pattern(length);
                client.send_all(&data);
                assert!(client.receive(length) == data);
            }
            client.send(|tls| tls.send_close_notify());
            assert!(client.receive_to_end().is_empty());
        },
        nothing_failed,
    );
}

#[test]
fn tls_end_without_close_notify_is_an_error() {
    with_tls_server(
        |client| {
            let data = pattern(10_000);
            client.send_all(&data);
            assert!(client.receive(data.len()) == data);
            client.socket.shutdown(Shutdown::Write).unwrap();
        },
        |errors| {
            let kinds: Vec<ErrorKind> = errors.iter().map(io::Error::kind).collect();
            assert_eq!(kinds, [ErrorKind::UnexpectedEof]);
        },
    );
}

#[test]
fn tls_garbage_is_answered_by_an_alert() {
    with_tls_server(
        |client| {
            (&client.socket).write_all(&[0; 100]).unwrap();
            // An alert, and the end.
            let mut received = Vec::new();
            (&client.socket).read_to_end(&mut received).unwrap();
            let mut tls = client.tls.lock().unwrap();
            tls.read_tls(&mut &received[..]).unwrap();
            let err = tls.process_new_packets().unwrap_err();
            assert!(matches!(err, rustls::Error::AlertReceived(_)), "{err}");
        },
        |errors| {
            let kinds: Vec<ErrorKind> = errors.iter().map(io::Error::kind).collect();
            assert_eq!(kinds, [ErrorKind::InvalidData]);
        },
    );
}
