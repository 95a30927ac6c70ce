//! What many registered service providers cost: SSO requests and our metadata with ten thousand of them, compared with
//! ten, in turns in one run.

use chrono::Utc;
use hallpass::model::{
    application::{
        Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, EntityId, ServiceProvider,
        Slug, SpUrl,
    },
    id::ApplicationId,
};

use crate::daemon::{Client, Daemon, Deployment, DeploymentOptions};

const FEW: u32 = 10;
pub(crate) const MANY: u32 = 10_000;
const ROUNDS: usize = 5;

/// CPU time with many ÷ CPU time with few, of the median round; and the one-time costs of the many.
pub(crate) struct Scale {
    pub(crate) sso: f64,
    pub(crate) metadata: f64,
    /// From the start to the first sign-in, in milliseconds.
    pub(crate) start: f64,
    /// Resident, in MB.
    pub(crate) memory: f64,
}

pub(crate) fn measure(quick: bool) -> Scale {
    let deployment_with = |others| {
        let setting = DeploymentOptions {
            other_applications: others,
            ..DeploymentOptions::default()
        };
        let deployment = Deployment::new(None, setting);
        drop(Daemon::start(&deployment));
        deployment
    };
    let (few, many) = (deployment_with(FEW), deployment_with(MANY));
    let (few, many) = (Daemon::start(&few), Daemon::start(&many));
    let start = many.first_sign_in_milliseconds();
    let times = if quick { 100 } else { 1000 };
    let (sign_on, metadata) = (Client::sso_many, |client: &mut Client, times| {
        (0..times).for_each(|_time| client.fetch_metadata());
    });
    Scale {
        sso: ratio(&few, &many, times, sign_on),
        metadata: ratio(&few, &many, times, metadata),
        start,
        memory: many.resident_megabytes(),
    }
}

pub(crate) fn ratio(
    few: &Daemon<'_>,
    many: &Daemon<'_>,
    times: usize,
    work: impl Fn(&mut Client, usize),
) -> f64 {
    let (mut of_few, mut of_many) = (few.signed_in_client(), many.signed_in_client());
    work(&mut of_few, 50);
    work(&mut of_many, 50);
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_round| {
            of_many.reconnect();
            let cost_of_many = spent(many, || work(&mut of_many, times));
            of_few.reconnect();
            cost_of_many / spent(few, || work(&mut of_few, times))
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn spent(daemon: &Daemon<'_>, work: impl FnOnce()) -> f64 {
    let before = daemon.cpu_nanoseconds();
    work();
    (daemon.cpu_nanoseconds() - before) as f64
}

pub(crate) fn numbered_application(number: u32) -> Application {
    let now = Utc::now();
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    let endpoint = AssertionConsumerService {
        location: SpUrl::parse(&format!("https://sp-{number}.example/acs")).unwrap(),
        index: None,
    };
    let entity_id = EntityId::parse(&format!("https://sp-{number}.example/metadata")).unwrap();
    Application {
        id: ApplicationId::new(now, random),
        slug: Slug::parse(&format!("sp-{number}")).unwrap(),
        name: format!("Service provider {number}"),
        kind: ApplicationKind::Other,
        enabled: true,
        access: ApplicationAccess::Everyone,
        second_factor: None,
        tile_url: None,
        protocol: ServiceProvider::with_defaults(entity_id, vec![endpoint]).into(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
