//! The smallest server there is: what comes in goes out. It shows what a round over loopback costs here.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

/// Bytes of one round.
pub(crate) const ROUND: usize = 128;

/// Prints its port and answers one connection until it ends.
pub(crate) fn serve() -> ExitCode {
    match echo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn echo() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    let (mut peer, _) = listener.accept()?;
    peer.set_nodelay(true)?;
    let mut round = [0; ROUND];
    while peer.read_exact(&mut round).is_ok() {
        peer.write_all(&round)?;
    }
    Ok(())
}
