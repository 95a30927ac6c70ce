//! Everything that is tested from outside: one binary, so one link.

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
    reason = "a test is read more often than it runs, and says what it left out"
)]

mod aggregate;
mod attacks;
mod audit;
mod backup;
mod busy;
mod cli;
mod corpus;
mod deletion;
mod errors;
mod layers;
mod lockout;
mod login;
mod logout;
mod methods;
mod name_ids;
mod networks;
mod operating;
mod outage;
mod plans;
mod posted;
mod preview;
mod proxies;
mod publish;
mod races;
mod response;
mod rollover;
mod schemas;
mod sealed;
mod sign_on;
mod sign_on_again;
mod sign_on_signed;
mod sign_on_wishes;
mod single_logout;
mod sources;
mod start;
mod statement;
mod stop;
mod strangers;
mod support;
mod throttle;
