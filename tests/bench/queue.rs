//! How long a warm SSO request takes while two hundred people sign in by password at the same moment: the 99th
//! percentile, compared with that of the same daemon at rest, in one run. `--queue` runs this alone.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::daemon::{Client, Daemon, Deployment, DeploymentOptions};

const SIGN_INS: usize = 200;
/// SSO requests at rest.
const SIGN_ONS: usize = 3000;

/// Prints the figures of one database.
pub(crate) fn print(name: &str, postgres: Option<&str>) {
    let deployment = Deployment::new(postgres, DeploymentOptions::default());
    drop(Daemon::start(&deployment));
    let daemon = Daemon::start(&deployment);
    let mut warm = daemon.signed_in_client();
    warm.sso_many(100);
    let mut rest: Vec<f64> = (0..SIGN_ONS).map(|_time| wait(&mut warm)).collect();
    let browsers: Vec<(Client, String)> = (0..SIGN_INS)
        .map(|_one| {
            let mut browser = daemon.anonymous_client();
            let csrf = browser.open_sign_in();
            (browser, csrf)
        })
        .collect();
    let (start, left, busy) = (
        Barrier::new(SIGN_INS + 1),
        AtomicUsize::new(SIGN_INS),
        AtomicUsize::new(0),
    );
    let (mut under, seconds) = thread::scope(|scope| {
        for (mut browser, csrf) in browsers {
            let (start, left, busy) = (&start, &left, &busy);
            scope.spawn(move || {
                start.wait();
                if !browser.submit_sign_in(&csrf) {
                    busy.fetch_add(1, Ordering::Relaxed);
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        start.wait();
        let began = Instant::now();
        let mut waits = Vec::new();
        while left.load(Ordering::Relaxed) > 0 {
            waits.push(wait(&mut warm));
        }
        (waits, began.elapsed().as_secs_f64())
    });
    rest.sort_by(f64::total_cmp);
    under.sort_by(f64::total_cmp);
    let (at_rest, queued) = (slowest_hundredth(&rest), slowest_hundredth(&under));
    println!(
        "{name}: {SIGN_INS} sign-ins by password at once, done in {seconds:.1} s ({} were asked to wait); meanwhile {} warm SSO requests: p99 {queued:.2} ms, at rest {at_rest:.2} ms, ratio {:.1}",
        busy.load(Ordering::Relaxed),
        under.len(),
        queued / at_rest
    );
}

/// In milliseconds.
fn wait(client: &mut Client) -> f64 {
    let began = Instant::now();
    client.sso_many(1);
    began.elapsed().as_secs_f64() * 1000.0
}

fn slowest_hundredth(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
}
