//! Process groups: signals for a child and for the processes that it has started.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{getpgid, kill_process_group};

use super::exit::{gone, named};
use super::owned::Owned;
use crate::signal::Signal;

/// Makes the command start its program in a group of its own.
pub(super) fn set_own(command: &mut Command) -> io::Result<()> {
    command.process_group(0);
    Ok(())
}

/// Marks a child that was started by such a command.
pub(super) fn set_led_by(child: &mut Owned) {
    child.set_leads_group();
}

/// Returns whether the child was started by such a command.
pub(super) fn is_led_by(child: &Owned) -> bool {
    child.leads_group()
}

/// Sends the signal to each process of the group that the child leads. The id of the group is the
/// child's, so it is used only while the child has it.
pub(super) fn send(child: &mut Owned, signal: Signal) -> io::Result<()> {
    let signal = named(signal)?;
    if !child.has_id() {
        return Err(gone());
    }
    if !child.leads_group() {
        let pid = child.pid();
        match getpgid(Some(pid)) {
            Ok(group) if group == pid => {}
            Ok(_) => return Err(no_leader()),
            Err(Errno::SRCH) => return Err(gone()),
            Err(err) => return Err(err.into()),
        }
    }
    match kill_process_group(child.pid(), signal) {
        Err(Errno::SRCH) => Err(gone()),
        result => Ok(result?),
    }
}

fn no_leader() -> io::Error {
    let message =
        "the child does not lead a process group; `Child::spawn_group` starts one that does";
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
