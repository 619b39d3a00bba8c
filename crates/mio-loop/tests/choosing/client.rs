// The clients for the servers on the page `choosing`, which includes this file: the same for all.

use std::io::{Read as _, Write as _};

type Serve = fn(std::net::TcpListener, std::time::Duration) -> std::io::Result<()>;

fn clients_of(serve: Serve) -> std::io::Result<()> {
    let address = started(serve, std::time::Duration::from_secs(60))?;
    let first = connected(address)?;
    echoes(&first, b"hello")?;

    // Several at once, and another one after they have gone.
    let others = [connected(address)?, connected(address)?];
    for turn in [b"one", b"two"] {
        for client in &others {
            echoes(client, turn)?;
        }
    }
    drop(others);

    // Unread input turns the end of a client into a reset, which does not affect the others.
    let mut rude = connected(address)?;
    rude.write_all(b"goodbye")?;
    rude.peek(&mut [0])?;
    drop(rude);
    echoes(&first, b"still here")?;

    // More than fits into all buffers, and then no more.
    const SIZE: usize = 8 << 20;
    let mut writer = connected(address)?;
    let mut reader = writer.try_clone()?;
    let thread = std::thread::spawn(move || {
        writer.write_all(&vec![7; SIZE])?;
        writer.shutdown(std::net::Shutdown::Write)
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer)?;
    thread.join().unwrap()?;
    assert_eq!(answer.len(), SIZE);
    echoes(&first, b"to the end")?;

    // Another server, with a short timeout.
    let address = started(serve, std::time::Duration::from_millis(20))?;
    assert_eq!(
        connected(address)?.read(&mut [0])?,
        0,
        "the silent one is hung up on"
    );
    assert_eq!(connected(address)?.read(&mut [0])?, 0, "and the next one");
    Ok(())
}

/// Starts a server, which runs until the program ends.
fn started(serve: Serve, idle: std::time::Duration) -> std::io::Result<std::net::SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    std::thread::spawn(move || {
        let result = serve(listener, idle);
        eprintln!("the server has ended: {result:?}");
        std::process::exit(1);
    });
    Ok(address)
}

fn connected(address: std::net::SocketAddr) -> std::io::Result<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
    Ok(stream)
}

fn echoes(mut client: &std::net::TcpStream, text: &[u8]) -> std::io::Result<()> {
    client.write_all(text)?;
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer)?;
    assert_eq!(answer, text);
    Ok(())
}
