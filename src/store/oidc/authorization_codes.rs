//! `authorization_codes`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{grant::AuthorizationCode, secret::TokenHash},
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::authorization_codes,
    },
};

impl Tx {
    pub fn add_authorization_code(&mut self, code: &AuthorizationCode) -> Result<(), Error> {
        diesel::insert_into(authorization_codes::table)
            .values(Row {
                sha256: code.hash.as_bytes().to_vec(),
                grant_id: code.grant.to_string(),
                redirect_uri: code.redirect_uri.clone(),
                code_challenge: code.code_challenge.clone(),
                nonce: code.nonce.clone(),
                created_at: code.created_at.naive_utc(),
                expires_at: code.expires_at.naive_utc(),
                used_at: code.used_at.map(|at| at.naive_utc()),
            })
            .execute(&mut self.0)?;
        Ok(())
    }

    /// A code, whether or not it can be redeemed still.
    pub fn authorization_code(&mut self, hash: TokenHash) -> Result<Option<AuthorizationCode>, Error> {
        let found = authorization_codes::table
            .find(hash.as_bytes().as_slice())
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(AuthorizationCode::try_from).transpose()
    }

    /// Uses a code up: of several who try, one succeeds.
    pub fn use_authorization_code(&mut self, hash: TokenHash, now: DateTime<Utc>) -> Result<bool, Error> {
        let unused = authorization_codes::table
            .find(hash.as_bytes().as_slice())
            .filter(authorization_codes::used_at.is_null());
        let rows = diesel::update(unused)
            .set(authorization_codes::used_at.eq(now.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = authorization_codes)]
struct Row {
    sha256: Vec<u8>,
    grant_id: String,
    redirect_uri: String,
    code_challenge: Option<String>,
    nonce: Option<String>,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    used_at: Option<NaiveDateTime>,
}

impl TryFrom<Row> for AuthorizationCode {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("authorization_codes", &row.grant_id);
        Ok(Self {
            hash: name
                .column("sha256")
                .required(TokenHash::from_slice(&row.sha256))?,
            grant: name.valid(row.grant_id.parse())?,
            redirect_uri: row.redirect_uri,
            code_challenge: row.code_challenge,
            nonce: row.nonce,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            used_at: row.used_at.map(|at| at.and_utc()),
        })
    }
}
