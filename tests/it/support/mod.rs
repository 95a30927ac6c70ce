//! What the tests stand on: a house with a clock in the test's hand, a browser, a service provider.

pub(crate) mod browser;
pub(crate) mod enveloped;
pub(crate) mod house;
pub(crate) mod http;
pub(crate) mod judge;
pub(crate) mod publisher;
pub(crate) mod relay;
pub(crate) mod rows;
pub(crate) mod scene;
pub(crate) mod signing;
pub(crate) mod sp;
pub(crate) mod statements;
pub(crate) mod tries;
