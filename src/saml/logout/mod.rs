//! Single logout (saml-core, 3.7): `LogoutRequest` and `LogoutResponse`, in both directions.

pub mod request;
pub mod response;
mod unsigned_message;

pub use self::unsigned_message::UnsignedMessage;
