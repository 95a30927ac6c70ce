//! Hallpass: a SAML 2.0 identity provider in one small daemon.
//!
//! Layers, bottom up: a module imports only modules of lower layers, and modules of one layer do not import each
//! other (`tests/it/layers.rs` enforces this):
//!
//! | layer | modules | what they know |
//! |---|---|---|
//! | 1 | [`model`], [`clock`], [`entropy`], [`process`], [`os_user`], [`build_info`] | plain values; the time; randomness; other processes; users of the system; which build this is |
//! | 2 | [`crypto`], [`xml`], [`telemetry`], [`localization`] | keys and certificates; reading and writing XML; the log; the texts that people see, in every language |
//! | 3 | [`saml`], [`oidc`], [`store`], [`credential`], [`claims`], [`access`], [`config`], [`files`], [`fetch`], [`mail`], [`backup_encryption`] | one subject each |
//! | 4 | [`provider`] | what an identity provider does, without HTTP |
//! | 5 | [`api_model`] | what `--json` prints: serde types made from the provider's results |
//! | 6 | [`web`] | HTTP, and nothing of SAML or SQL |
//! | 7 | [`server`], `demo`, [`cli`] | what is started from the command line |

#[cfg(all(feature = "portable", feature = "second-opinion"))]
compile_error!(
    "xmlsec1 would bring a second OpenSSL into the process: build with --no-default-features --features portable"
);

pub mod access;
pub mod api_model;
pub mod backup_encryption;
pub mod build_info;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credential;
pub mod crypto;
#[cfg(feature = "second-opinion")]
pub mod demo;
pub mod entropy;
pub mod fetch;
pub mod files;
pub mod localization;
pub mod mail;
pub mod model;
pub mod oidc;
pub mod os_user;
pub mod process;
pub mod provider;
pub mod saml;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod xml;
