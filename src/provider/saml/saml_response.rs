//! A SAML Response that is ready to be posted.

use crate::model::{application::SpUrl, id::ApplicationId, user::UserSummary};

/// A message for the browser to post.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SamlResponse {
    /// The recipient.
    pub application: ApplicationId,
    /// The display name of the recipient.
    pub application_name: String,
    /// A registered ACS of the recipient.
    pub acs: SpUrl,
    /// The signed `Response`, as XML.
    pub xml: String,
    /// `RelayState`, as received.
    pub relay_state: Option<String>,
    /// The user of the Assertion; `None` for a status without an Assertion.
    pub user: Option<UserSummary>,
}
