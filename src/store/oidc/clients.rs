//! `oidc_clients` and `oidc_redirect_uris`: the part of an application that speaks OpenID Connect.

use std::{collections::BTreeMap, sync::Arc};

use diesel::prelude::*;

use crate::{
    model::{
        application::{AccessTokenFormat, Client, ClientId, ClientType, RefreshPolicy, SpUrl, SubjectType},
        attribute::AttributeRule,
        id::ApplicationId,
        keys_on::KeysOn,
        oidc_key::JwsAlgorithm,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::{oidc_clients, oidc_redirect_uris},
        unreadable_values::Reading,
    },
};

#[derive(AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = oidc_clients, primary_key(application_id), treat_none_as_null = true)]
pub(in crate::store) struct ClientRow {
    pub(in crate::store) application_id: String,
    client_id: String,
    client_type: String,
    subject_type: String,
    id_token_algorithm: String,
    claims_in_id_token: bool,
    access_token_format: String,
    refresh: String,
    keys_on: Option<String>,
}

impl ClientRow {
    pub(in crate::store) fn new(id: ApplicationId, client: &Client) -> Self {
        Self {
            application_id: id.to_string(),
            client_id: client.client_id.as_str().to_owned(),
            client_type: client.client_type.name().to_owned(),
            subject_type: client.subject_type.name().to_owned(),
            id_token_algorithm: client.id_token_algorithm.name().to_owned(),
            claims_in_id_token: client.claims_in_id_token,
            access_token_format: client.access_token_format.name().to_owned(),
            refresh: client.refresh.name().to_owned(),
            keys_on: client.keys_on.map(|keys_on| keys_on.name().to_owned()),
        }
    }

    /// Of a value that cannot be read, the one that gives least away.
    pub(in crate::store) fn client(
        self,
        redirect_uris: Vec<SpUrl>,
        attributes: Arc<[AttributeRule]>,
        reading: &mut Reading,
    ) -> Result<Client, Error> {
        let row = RowContext::new("oidc_clients", &self.application_id);
        let keys_on = match self.keys_on.as_deref() {
            None => None,
            Some(name) => {
                reading.value(&row.column("keys_on"), KeysOn::from_name(name).map(Some), || None)?
            }
        };
        Ok(Client {
            client_id: row.column("client_id").valid(ClientId::parse(&self.client_id))?,
            client_type: reading.value(
                &row.column("client_type"),
                ClientType::from_name(&self.client_type),
                || ClientType::Confidential,
            )?,
            redirect_uris,
            subject_type: reading.value(
                &row.column("subject_type"),
                SubjectType::from_name(&self.subject_type),
                || SubjectType::Pairwise,
            )?,
            id_token_algorithm: reading.value(
                &row.column("id_token_algorithm"),
                JwsAlgorithm::from_name(&self.id_token_algorithm),
                || JwsAlgorithm::Rs256,
            )?,
            claims_in_id_token: self.claims_in_id_token,
            access_token_format: reading.value(
                &row.column("access_token_format"),
                AccessTokenFormat::from_name(&self.access_token_format),
                || AccessTokenFormat::Opaque,
            )?,
            refresh: reading.value(
                &row.column("refresh"),
                RefreshPolicy::from_name(&self.refresh),
                || RefreshPolicy::Never,
            )?,
            keys_on,
            attributes,
        })
    }
}

impl Tx {
    pub fn has_oidc_clients(&mut self) -> Result<bool, Error> {
        let any = oidc_clients::table.select(oidc_clients::application_id);
        Ok(diesel::select(diesel::dsl::exists(any)).get_result(&mut self.0)?)
    }

    pub(in crate::store) fn redirect_uris_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<BTreeMap<String, Vec<SpUrl>>, Error> {
        let rows: Vec<RedirectUriRow> = with_backend!(&mut self.0, |c| oidc_redirect_uris::table
            .filter(oidc_redirect_uris::application_id.between(first, last))
            .order((oidc_redirect_uris::application_id, oidc_redirect_uris::position))
            .select(RedirectUriRow::as_select())
            .load(c))?;
        let mut found: BTreeMap<String, Vec<SpUrl>> = BTreeMap::new();
        for row in rows {
            let name = RowContext::new("oidc_redirect_uris", &row.application_id);
            let uri = name.column("uri").valid(SpUrl::parse(&row.uri));
            if let Some(uri) = reading.row(uri)? {
                found.entry(row.application_id).or_default().push(uri);
            }
        }
        Ok(found)
    }

    /// Replaces the redirect URIs of a client.
    pub(in crate::store) fn set_redirect_uris(
        &mut self,
        application: ApplicationId,
        uris: &[SpUrl],
    ) -> Result<(), Error> {
        let id = application.to_string();
        diesel::delete(oidc_redirect_uris::table.filter(oidc_redirect_uris::application_id.eq(&id)))
            .execute(&mut self.0)?;
        for (position, uri) in (0..).zip(uris) {
            let row = RedirectUriRow {
                application_id: id.clone(),
                position,
                uri: uri.as_str().to_owned(),
            };
            diesel::insert_into(oidc_redirect_uris::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        Ok(())
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = oidc_redirect_uris)]
struct RedirectUriRow {
    application_id: String,
    position: i64,
    uri: String,
}
