//! Metadata (saml-metadata, 2): ours out, theirs in, alone or by the thousand.

mod bad;
pub mod idp;
pub mod sp;
mod time;
#[expect(
    dead_code,
    reason = "what reads signed files, which comes next, uses the rest"
)]
mod xml;
