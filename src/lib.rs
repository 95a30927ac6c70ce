//! Hallpass: a SAML 2.0 identity provider in one small daemon.
//!
//! Read the house from the ground up; each floor imports only floors below it, and rooms on one floor are
//! strangers (`tests/it/layers.rs` holds the code to this):
//!
//! | floor | room | what it knows |
//! |---|---|---|
//! | 1 | [`model`], [`clock`], [`entropy`], [`process`] | the nouns; time; chance; who else runs |
//! | 1½ | [`crypto`], [`telemetry`] | which keys of others are used; the log |
//! | 2 | [`saml`], [`store`], [`keys`], [`credential`], [`claims`], [`access`], [`config`], [`files`], [`fetch`] | one craft each |
//! | 3 | [`provider`] | what an identity provider does, without HTTP |
//! | 4 | [`web`] | HTTP, and nothing of SAML or SQL |
//! | 5 | [`server`], [`demo`], [`cli`] | what a person starts |

pub mod access;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credential;
pub mod crypto;
pub mod demo;
pub mod entropy;
pub mod fetch;
pub mod files;
pub mod keys;
pub mod model;
pub mod process;
pub mod provider;
pub mod saml;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod web;
