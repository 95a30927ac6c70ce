//! All tests from outside, in one binary, so that it is linked once.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::print_stderr,
    reason = "tests favour readability, and print what they skip"
)]

mod account;
mod aggregate;
mod attacks;
mod audit;
mod audit_chain;
mod backup;
mod busy;
mod cli;
mod conformance;
mod corpus;
mod cycles;
mod deletion;
mod email_change;
mod email_change_refusals;
mod email_guard;
mod errors;
mod gate;
mod groups;
mod idp_initiated;
mod json;
mod languages;
mod layers;
mod leavers;
mod links;
mod listings;
mod lockout;
mod logout;
mod mail;
mod methods;
mod name_ids;
mod networks;
mod oidc;
mod operating;
mod outage;
mod passkeys;
mod passwords;
mod plans;
mod preview;
mod proxies;
mod publish;
mod races;
mod response;
mod response_options;
mod roles;
mod rollover;
mod schemas;
mod second_factors;
mod sessions;
mod shutdown;
mod sign_in;
mod single_logout;
mod slow_clients;
mod snapshot;
mod sources;
mod sso;
mod sso_posted;
mod sso_requested_options;
mod sso_resumed;
mod sso_signed;
mod support;
mod throttle;
mod unreadable;
