//! Reads the settings again while the daemon runs (SIGHUP).

use std::{io, sync::mpsc, thread};

use actix_web::web::Data;
use anyhow::Result;

use crate::{
    config::{self, Settings},
    provider::Provider,
    server::{listen::ConnectionCounter, systemd},
    telemetry::Log,
    web::{Brand, Site},
};

/// Reads the settings again, from where they were read at the start.
pub type ReadSettings = Box<dyn Fn() -> Result<Settings, config::Errors> + Send>;

/// What uses settings that can change while the daemon runs.
pub(super) struct Live {
    pub(super) provider: Provider,
    pub(super) site: Data<Site>,
    pub(super) connections: ConnectionCounter,
    pub(super) log: Log,
}

/// Applies the settings at each of `hangups`, on a thread of its own.
pub(super) fn reload_at(
    hangups: mpsc::Receiver<()>,
    started_with: Settings,
    read: ReadSettings,
    live: Live,
    status: String,
) -> io::Result<()> {
    thread::Builder::new()
        .name("settings".to_owned())
        .spawn(move || {
            let mut last_read = None;
            while hangups.recv().is_ok() {
                // Whoever changes three files at once may send three.
                while hangups.try_recv().is_ok() {}
                systemd::reloading();
                match read() {
                    Ok(settings) => {
                        let applied = last_read.as_ref().unwrap_or(&started_with);
                        live.apply(&started_with, applied, &settings);
                        last_read = Some(settings);
                    }
                    Err(faults) => {
                        for fault in faults.iter() {
                            tracing::error!(
                                error = fault as &dyn std::error::Error,
                                "a setting cannot be used"
                            );
                        }
                        tracing::error!(
                            "the settings were not applied: all stay as they were; `hallpass config check` says what is wrong"
                        );
                    }
                }
                systemd::ready(&status);
            }
        })?;
    Ok(())
}

impl Live {
    /// Applies what can change and is not yet as `read` says, and logs what needs a restart.
    fn apply(&self, started_with: &Settings, applied: &Settings, read: &Settings) {
        let changed = applied.changes_that_apply_on_reload(read);
        let need_restart = started_with.changes_that_need_a_restart(read);
        let trusted_proxies = if read.trusted_proxies_are_the_default() {
            // They follow from base_url and listen, which stay as they were.
            started_with.default_trusted_proxies()
        } else {
            read.trusted_proxies.clone()
        };
        self.connections.replace_trusted_proxies(trusted_proxies.clone());
        self.site.replace_settings(trusted_proxies, brand(read));
        if let Err(error) = self.log.replace_filter(&read.log_filter) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the setting `log` cannot be used"
            );
        }
        if let Err(error) = self.provider.replace_settings(
            read.policy.clone(),
            read.metadata_private_networks.clone(),
            read.mail.clone(),
        ) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "our metadata could not be made anew; it is tried again when it is next asked for"
            );
        }
        if changed.is_empty() {
            tracing::info!(
                "the settings were read again; nothing that can change while Hallpass runs has changed"
            );
        } else {
            tracing::info!(
                changed = changed.join(", "),
                "the settings were read again, and are now in effect"
            );
        }
        if !need_restart.is_empty() {
            tracing::warn!(
                changed = need_restart.join(", "),
                "these settings take effect after a restart: systemctl restart hallpass"
            );
        }
    }
}

/// How pages show the organisation.
pub(super) fn brand(settings: &Settings) -> Brand {
    Brand {
        organisation: settings.organisation.as_str().into(),
        help_url: settings.help_url.as_ref().map(|url| url.as_str().into()),
        language: settings.language,
    }
}
