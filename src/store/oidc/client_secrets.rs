//! `oidc_client_secrets`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        client_secret::ClientSecret,
        id::{ApplicationId, ClientSecretId},
        secret::TokenHash,
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::oidc_client_secrets,
    },
};

impl Tx {
    pub fn add_client_secret(&mut self, secret: &ClientSecret) -> Result<(), Error> {
        diesel::insert_into(oidc_client_secrets::table)
            .values(Row {
                id: secret.id.to_string(),
                application_id: secret.application.to_string(),
                sha256: secret.hash.as_bytes().to_vec(),
                created_at: secret.created_at.naive_utc(),
                expires_at: secret.expires_at.map(|end| end.naive_utc()),
            })
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The secret of a client with this hash, whether or not it has ended.
    pub fn client_secret(
        &mut self,
        application: ApplicationId,
        hash: TokenHash,
    ) -> Result<Option<ClientSecret>, Error> {
        let found = oidc_client_secrets::table
            .filter(oidc_client_secrets::sha256.eq(hash.as_bytes().as_slice()))
            .filter(oidc_client_secrets::application_id.eq(application.to_string()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(ClientSecret::try_from).transpose()
    }

    /// The secrets of a client, the oldest first.
    pub fn client_secrets(&mut self, application: ApplicationId) -> Result<Vec<ClientSecret>, Error> {
        oidc_client_secrets::table
            .filter(oidc_client_secrets::application_id.eq(application.to_string()))
            .order(oidc_client_secrets::id)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(ClientSecret::try_from)
            .collect()
    }

    /// Lets a secret end at a time; `false` if the client has no such secret.
    pub fn end_client_secret(
        &mut self,
        application: ApplicationId,
        id: ClientSecretId,
        at: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = oidc_client_secrets::table
            .find(id.to_string())
            .filter(oidc_client_secrets::application_id.eq(application.to_string()));
        let rows = diesel::update(row)
            .set(oidc_client_secrets::expires_at.eq(at.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = oidc_client_secrets)]
struct Row {
    id: String,
    application_id: String,
    sha256: Vec<u8>,
    created_at: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
}

impl TryFrom<Row> for ClientSecret {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("oidc_client_secrets", &row.id);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            application: name.valid(row.application_id.parse())?,
            hash: name
                .column("sha256")
                .required(TokenHash::from_slice(&row.sha256))?,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.map(|end| end.and_utc()),
        })
    }
}
