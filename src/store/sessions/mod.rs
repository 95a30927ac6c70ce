//! Sessions, who takes part in them, and how they end; devices and networks, and attempts to sign in.

pub(in crate::store) mod known_devices;
pub(in crate::store) mod listed_sessions;
pub(in crate::store) mod login_throttle;
pub(in crate::store) mod logouts;
pub(in crate::store) mod network_people;
pub(in crate::store) mod participants;
pub(in crate::store) mod session;
pub(in crate::store) mod sso_view;
