//! A game server: players send their moves by UDP at any time, and the world advances in steps of
//! equal length, however busy the server is.
//!
//! ```sh
//! cargo run -p mio-loop --example game_tick
//! ```
//!
//! The step is a timeout that is set for the *next* time on the grid, not for a duration from now,
//! so it does not drift. A late server catches up on the steps that it has missed. Two players are
//! threads of this program. It ends after 50 steps, or when a player fails.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Interest, Token};
use mio_loop::{Context, EventLoop, Handler};

const STEP: Duration = Duration::from_millis(5);
const STEPS: u32 = 50;

/// The game begins when this many players have sent their speed.
const PLAYERS: usize = 2;

fn main() -> io::Result<()> {
    let mut event_loop = EventLoop::new()?;
    let mut socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?;
    // In level mode, the next poll reports the datagrams that `readable` leaves after an error.
    event_loop.register(&mut socket, Token(0), Interest::READABLE.level())?;

    let players = [1, -1].map(|speed| {
        let sender = event_loop.sender();
        thread::spawn(move || match play(address, speed) {
            Ok(position) => Some(position),
            Err(err) => {
                // The game would wait for this player. If it is over already, the error does not
                // matter.
                let _ = sender.try_send(err);
                None
            }
        })
    });
    let mut game = Game {
        socket,
        players: BTreeMap::new(),
        next: Instant::now(),
        steps: 0,
    };
    event_loop.run(&mut game)?;
    for player in players {
        if let Some(position) = player.join().expect("a player that does not panic") {
            println!("a player was last seen at {position}");
        }
    }
    println!("{} steps, {} players", game.steps, game.players.len());
    Ok(())
}

struct Game {
    socket: UdpSocket,
    /// Position and speed of each player.
    players: BTreeMap<SocketAddr, (i32, i32)>,
    /// The time of the next step.
    next: Instant,
    steps: u32,
}

impl Handler for Game {
    type Timeout = ();
    /// The error of a player.
    type Message = io::Error;
    type Error = io::Error;

    /// Receives a move: a byte with the player's new speed.
    fn readable(&mut self, context: &mut Context<Self>, _: Token) -> io::Result<()> {
        let mut packet = [0; 8];
        loop {
            match self.socket.recv_from(&mut packet) {
                Ok((1, player)) => {
                    let is_new = !self.players.contains_key(&player);
                    let state = self.players.entry(player).or_default();
                    state.1 = i32::from(i8::from_le_bytes([packet[0]]));
                    if is_new && self.players.len() == PLAYERS {
                        self.next = Instant::now() + STEP;
                        context.timeout(self.next, ());
                    }
                }
                Ok(_) => {}
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(()),
                // It concerns one datagram, and returning it would end the game for all. A player
                // who has gone away causes such an error.
                Err(err) => {
                    eprintln!("a move was lost: {err}");
                    return Ok(());
                }
            }
        }
    }

    /// Ends the game: this error is not that of a datagram.
    fn notify(&mut self, _: &mut Context<Self>, err: io::Error) -> io::Result<()> {
        Err(io::Error::new(
            err.kind(),
            format!("a player has failed: {err}"),
        ))
    }

    fn timeout(&mut self, context: &mut Context<Self>, (): ()) -> io::Result<()> {
        let now = Instant::now();
        while self.next <= now {
            self.next += STEP;
            self.steps += 1;
            for (position, speed) in self.players.values_mut() {
                *position += *speed;
            }
        }
        let is_last = self.steps >= STEPS;
        for (player, (position, _)) in &self.players {
            let mut packet = [0; 5];
            packet[..4].copy_from_slice(&position.to_le_bytes());
            packet[4] = u8::from(is_last);
            // The next packet makes up for a lost one.
            drop(self.socket.send_to(&packet, *player));
        }
        if is_last {
            context.shutdown();
        } else {
            context.timeout(self.next, ());
        }
        Ok(())
    }
}

/// Sends the speed, and follows the position until the game is over.
fn play(server: SocketAddr, speed: i8) -> io::Result<i32> {
    let socket = std::net::UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut position = None;
    loop {
        // The next move makes up for a lost one.
        drop(socket.send_to(&speed.to_le_bytes(), server));
        let mut packet = [0; 5];
        match socket.recv_from(&mut packet) {
            Ok((5, _)) => {
                let seen = i32::from_le_bytes([packet[0], packet[1], packet[2], packet[3]]);
                if packet[4] == 1 {
                    return Ok(seen);
                }
                position = Some(seen);
            }
            Ok(_) => {}
            // The last packet was lost, or there was none.
            Err(err) => return position.ok_or(err),
        }
    }
}
