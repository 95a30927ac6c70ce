//! Keys and certificates: making, sealing, reading and judging them. Knows no database and no message.

pub mod browser_state;
mod derived_key;
pub mod encrypt;
pub mod error;
pub mod factor_key;
pub mod generate;
pub mod hash;
pub mod job_key;
pub mod jose;
pub mod pem;
pub mod refresh_key;
pub mod seal;
pub mod sign;
pub mod strength;
pub mod x509;
