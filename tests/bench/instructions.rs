//! Instructions counted by callgrind: independent of what else the machine does.

use std::{fs, process::Command};

use crate::daemon::{Daemon, Deployment, DeploymentOptions};

const FEW: usize = 200;
const MORE: usize = 1200;

/// Instructions of one SSO request in the daemon, and of one signature: each the difference of two runs, so that the
/// start does not count.
pub(crate) fn count() -> Option<(f64, f64)> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind is missing: instructions are left out");
        return None;
    }
    let deployment = Deployment::new(None, DeploymentOptions::default());
    drop(Daemon::start(&deployment));
    let sso = difference(|count, wrapper| {
        let mut daemon = Daemon::start_under(&deployment, wrapper);
        daemon.signed_in_client().sso_many(count);
        daemon.stop();
    });
    let itself = std::env::current_exe().unwrap();
    let signature = difference(|count, wrapper| {
        let [program, rest @ ..] = wrapper else { return };
        let status = Command::new(program)
            .args(rest)
            .arg(&itself)
            .args(["--control-only", &count.to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "{status}");
    });
    Some((sso, signature))
}

fn difference(run: impl Fn(usize, &[String])) -> f64 {
    let total = |count| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("callgrind");
        let wrapper = [
            "valgrind",
            "--tool=callgrind",
            "-q",
            &format!("--callgrind-out-file={}", file.display()),
        ]
        .map(str::to_owned);
        run(count, &wrapper);
        let text = fs::read_to_string(&file).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
        line.unwrap().split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let (few, more) = (total(FEW), total(MORE));
    let steps = u32::try_from(MORE - FEW).unwrap();
    (more - few) / f64::from(steps)
}
