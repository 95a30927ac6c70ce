//! Identifies this process, and finds out whether another one has exited.

use std::{fs, path::Path};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use crate::model::hash::sha256_of_parts;

/// A process, as others on the same machine can identify it. It fits into eight bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProcessIdentity {
    /// Hash of the machine's boot id and the container's id: a pid is unique only within these.
    host: Option<[u8; 4]>,
    pid: u32,
}

impl ProcessIdentity {
    pub fn current() -> Self {
        let host_id = || {
            let boot = fs::read("/proc/sys/kernel/random/boot_id").ok()?;
            let container = fs::read_link("/proc/self/ns/pid").ok()?;
            let hash = sha256_of_parts([boot.as_slice(), container.as_os_str().as_encoded_bytes()]);
            hash.first_chunk().copied()
        };
        Self {
            host: host_id(),
            pid: std::process::id(),
        }
    }

    /// The identity as bytes; zeros if this process cannot be distinguished from others.
    pub fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        if let Some(host) = self.host {
            let (first, second) = bytes.split_at_mut(4);
            first.copy_from_slice(&host);
            second.copy_from_slice(&self.pid.to_be_bytes());
        }
        bytes
    }

    /// Whether the process that wrote `bytes` ran here and has exited. Nothing is known of one that ran elsewhere.
    pub fn has_exited(self, bytes: [u8; 8]) -> bool {
        let [a, b, c, d, number @ ..] = bytes;
        self.host == Some([a, b, c, d]) && !is_running(u32::from_be_bytes(number))
    }
}

fn is_running(number: u32) -> bool {
    let path = Path::new("/proc").join(number.to_string()).join("stat");
    shows_running(fs::read_to_string(path).ok().as_deref(), || exists(number))
}

/// Whether `stat`, from `/proc`, is of a process that runs. One that has exited, and that was not waited for yet (a
/// zombie), does not. The processes of other users may be hidden (`ProtectProc=` of systemd).
fn shows_running(stat: Option<&str>, exists: impl FnOnce() -> bool) -> bool {
    let Some(stat) = stat else {
        return exists();
    };
    // The process's name, in brackets, may contain anything.
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

fn exists(number: u32) -> bool {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    // Another error is that the process belongs to somebody else.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_is_hidden_runs_if_it_exists() {
        assert!(shows_running(None, || true));
        assert!(!shows_running(None, || false));
        assert!(shows_running(Some("7 (a) S) S 1"), || false));
        assert!(!shows_running(Some("7 (sleep) Z 1"), || true));
        assert!(exists(std::process::id()) && exists(1) && !exists(0));
    }

    #[test]
    fn a_process_has_exited_if_it_ran_on_this_host_and_ended() {
        let own = ProcessIdentity::current();
        assert!(!own.has_exited(own.to_bytes()), "{own:?}");
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let other = ProcessIdentity {
            pid: child.id(),
            ..own
        };
        assert!(!own.has_exited(other.to_bytes()), "{other:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(own.has_exited(other.to_bytes()), "{other:?}");
        let elsewhere = ProcessIdentity {
            host: Some([1, 2, 3, 4]),
            ..other
        };
        assert!(
            !own.has_exited(elsewhere.to_bytes()),
            "of another machine nothing is known"
        );
        assert!(!own.has_exited([0; 8]));
    }
}
