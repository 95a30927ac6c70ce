//! Support for the tests: a server with a clock that the test controls, a browser, a service provider.

pub(crate) mod assertions;
pub(crate) mod authenticator;
pub(crate) mod browser;
pub(crate) mod http;
pub(crate) mod inspect;
pub(crate) mod mail_server;
pub(crate) mod passkey;
pub(crate) mod publisher;
pub(crate) mod relying_party;
pub(crate) mod sign_in_attempts;
pub(crate) mod sp_keys;
pub(crate) mod sql;
pub(crate) mod sql_log;
pub(crate) mod sso_setup;
pub(crate) mod tcp_proxy;
pub(crate) mod test_server;
pub(crate) mod test_sp;
pub(crate) mod xml_signature;
