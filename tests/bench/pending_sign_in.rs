//! What an SSO request costs that has to wait for its user, compared with another binary: the two take turns in one
//! run, so that both see the same machine.

use crate::{
    control::ControlSignature,
    daemon::{Daemon, Deployment, DeploymentOptions},
    report::Figures,
};

/// The median of the rounds counts.
const ROUNDS: usize = 5;

/// Multiples of a signature: of this binary, and of the one at `other`.
pub(crate) fn measure(postgres: Option<&str>, other: &str, quick: bool) -> [Figures; 2] {
    let deployments = [None, Some(other)].map(|binary| {
        let mut deployment = Deployment::new(postgres, DeploymentOptions::default());
        if let Some(binary) = binary {
            deployment.use_binary(binary);
        }
        deployment
    });
    let daemons = deployments.each_ref().map(Daemon::start);
    let mut clients = daemons.each_ref().map(Daemon::anonymous_client);
    let (control, few) = (ControlSignature::new(), if quick { 200 } else { 2000 });
    control.sign(50);
    let mut rounds = [Vec::new(), Vec::new()];
    for _round in 0..ROUNDS {
        for ((daemon, client), rounds) in daemons.iter().zip(&mut clients).zip(&mut rounds) {
            let (before, mut signing) = (daemon.cpu_nanoseconds(), 0);
            for _one in 0..few {
                client.begin_pending_sign_in();
                signing += control.sign(1);
            }
            let spent = crate::ratio(daemon.cpu_nanoseconds() - before, few);
            rounds.push((spent / crate::ratio(signing, few), spent));
        }
    }
    rounds.map(Figures::from_rounds)
}
