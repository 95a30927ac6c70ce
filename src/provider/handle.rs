//! A handle for each folder of operations: a call names the module that it leads to, and one that administers
//! something asks whether its actor may, and carries the actor into the audit log.

use std::ops::Deref;

use crate::{
    model::{actor::Actor, audit::AuditEvent, audit_action::AuditAction, use_case::UseCase},
    provider::{core::Provider, error::Error, visitor::Visitor},
};

/// Defines a handle, and the method of [`Provider`] that makes it.
macro_rules! handles {
    ($($(#[$doc:meta])* $handle:ident by $method:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $handle<'a> {
                provider: &'a Provider,
            }

            impl Deref for $handle<'_> {
                type Target = Provider;

                fn deref(&self) -> &Provider {
                    self.provider
                }
            }

            impl Provider {
                $(#[$doc])*
                pub const fn $method(&self) -> $handle<'_> {
                    $handle { provider: self }
                }
            }
        )+
    };
}

/// The same for operations that somebody needs a role for.
macro_rules! handles_with_actor {
    ($($(#[$doc:meta])* $handle:ident by $method:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $handle<'a> {
                provider: &'a Provider,
                pub(super) actor: &'a Actor,
            }

            impl Deref for $handle<'_> {
                type Target = Provider;

                fn deref(&self) -> &Provider {
                    self.provider
                }
            }

            impl $handle<'_> {
                /// Every operation of this handle asks first (`tests/it/roles.rs`).
                pub(super) fn may(&self, use_case: UseCase) -> Result<(), Error> {
                    self.provider.authorize(self.actor, use_case)
                }
            }

            impl Provider {
                $(#[$doc])*
                pub const fn $method<'a>(&'a self, actor: &'a Actor) -> $handle<'a> {
                    $handle { provider: self, actor }
                }
            }
        )+
    };
}

/// What the audit log says of an actor's changes.
macro_rules! audited {
    ($($handle:ident)+) => {
        $(
            impl $handle<'_> {
                /// An audit event of this actor, to be filled in.
                pub(super) fn event(
                    &self,
                    action: AuditAction,
                    outcome: &str,
                    visitor: Option<&Visitor>,
                ) -> AuditEvent {
                    self.provider.event_by(self.actor, action, outcome, visitor)
                }
            }
        )+
    };
}

handles! {
    /// What browsers do to sign in (`provider/sign_in`, `provider/sso.rs`).
    SignIn by sign_in;
    /// Ending sessions (`provider/logout`).
    SingleLogout by logout;
    /// SAML messages, metadata and certificates (`provider/saml`).
    Saml by saml;
    /// Requests of OpenID Connect (`provider/oidc`).
    Oidc by oidc;
    /// Work that waits until it is done (`provider/jobs`).
    Jobs by jobs;
}

handles_with_actor! {
    /// Reading the audit log (`provider/audit`).
    Audit by audit;
    /// Users and their credentials (`provider/people`).
    People by people;
    /// Applications and drafts (`provider/applications`).
    Applications by applications;
    /// Groups and their members (`provider/groups`).
    Groups by groups;
    /// Where metadata comes from (`provider/metadata_sources`).
    MetadataSources by metadata_sources;
    /// Signing keys (`provider/keys`).
    Keys by keys;
    /// What happens to the installation as a whole (`provider/installation_events.rs`).
    Installations by installation;
    /// Mail to people (`provider/mail`).
    Mails by mail;
    /// Rows that cannot be read (`provider/repair.rs`).
    Repair by repair;
}

audited! { People Applications Groups MetadataSources Keys Installations Mails Repair }
