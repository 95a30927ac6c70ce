//! Registering a client of OpenID Connect. It gets its client ID and its first secret before its redirect URI is known:
//! applications show that only once they have both.

use crate::{
    model::{
        application::{
            Application, ApplicationAccess, ApplicationKind, ClientId, ClientType, RefreshPolicy, Slug,
            SpUrl, SubjectType,
        },
        audit_action::AuditAction,
        client_template::ClientTemplate,
        opaque_token::OpaqueToken,
        use_case::UseCase,
    },
    provider::{
        applications::{add::DescribedApplication, bad_application::BadApplication, rules::parse_name},
        error::Error,
        handle::Applications,
        people::users::ChangeOutcome,
    },
};

/// A client, by what its administrator knows of it.
#[derive(Debug)]
pub struct NewClient {
    pub template: ClientTemplate,
    /// The name that users see; that of the template if absent, or the host of the redirect URI.
    pub name: Option<String>,
    /// The name in URLs; derived from the name if absent.
    pub slug: Option<Slug>,
    /// The URL that its tile opens.
    pub tile_url: Option<SpUrl>,
    pub access: ApplicationAccess,
    pub client_type: ClientType,
    pub redirect_uris: Vec<SpUrl>,
    /// As the template says if absent.
    pub subject_type: Option<SubjectType>,
    /// As the template says if absent.
    pub refresh: Option<RefreshPolicy>,
}

/// The outcome of a registration.
#[derive(Debug)]
pub enum RegisterClientOutcome {
    Done {
        application: Box<Application>,
        /// Shown once; none for a public client.
        secret: Option<OpaqueToken>,
    },
    /// The slug is taken.
    SlugTaken(Slug),
}

impl Applications<'_> {
    pub fn register_client(
        &self,
        new: NewClient,
    ) -> Result<Result<RegisterClientOutcome, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAdd))?;
        let client_id = OpaqueToken::new(self.random());
        // Half of it is as unique, and is no secret.
        let (client_id, _rest) = client_id.expose().split_at(22);
        let new = match describe_client(new, client_id) {
            Ok(new) => new,
            Err(bad) => return Ok(Err(bad)),
        };
        let is_public = new
            .protocol
            .client()
            .is_some_and(|client| client.client_type.is_public());
        let secret = (!is_public).then(|| OpaqueToken::new(self.random()));
        self.oidc().provide_keys()?;
        Ok(match self.add_following(&new, None, secret.as_ref())? {
            Err(bad) => Err(bad),
            Ok(ChangeOutcome::Done(application)) => Ok(RegisterClientOutcome::Done {
                application: Box::new(application),
                secret,
            }),
            Ok(_taken) => {
                let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
                Ok(RegisterClientOutcome::SlugTaken(slug))
            }
        })
    }
}

fn describe_client(new: NewClient, client_id: &str) -> Result<DescribedApplication, BadApplication> {
    let default_name = new.template.default_name().map(str::to_owned);
    let host = new.redirect_uris.first().map(SpUrl::host);
    let name = new
        .name
        .or(default_name)
        .or(host)
        .ok_or(BadApplication::NameMissing)?;
    let mut client = new
        .template
        .client(ClientId::parse(client_id)?, new.redirect_uris);
    client.client_type = new.client_type;
    client.subject_type = new.subject_type.unwrap_or(client.subject_type);
    client.refresh = new.refresh.unwrap_or(client.refresh);
    Ok(DescribedApplication {
        name: parse_name(&name)?,
        slug: new.slug,
        kind: ApplicationKind::Other,
        access: new.access,
        tile_url: new.tile_url,
        protocol: client.into(),
    })
}
