//! What is known of an OpenID Connect client.

use crate::model::application::sp_url::SpUrl;

/// A client of OpenID Connect. Nothing speaks the protocol yet: the store sets the row of such an application aside, and
/// no entrance knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// What names it in its requests (OpenID Connect Core, 3.1.2.1).
    pub client_id: String,
    /// Where answers may be sent; the first is the default.
    pub redirect_uris: Vec<SpUrl>,
}
