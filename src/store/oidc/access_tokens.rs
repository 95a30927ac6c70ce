//! `access_tokens`: of a JWT the row of its `jti`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        grant::{AccessToken, Words},
        secret::TokenHash,
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::access_tokens,
    },
};

impl Tx {
    pub fn add_access_token(&mut self, token: &AccessToken) -> Result<(), Error> {
        diesel::insert_into(access_tokens::table)
            .values(Row {
                sha256: token.hash.as_bytes().to_vec(),
                grant_id: token.grant.to_string(),
                scope: token.scope.to_string(),
                audience: token.audience.to_string(),
                created_at: token.created_at.naive_utc(),
                expires_at: token.expires_at.naive_utc(),
            })
            .execute(&mut self.0)?;
        Ok(())
    }

    /// A token that has not expired; whether its grant still counts, the grant says.
    pub fn access_token(
        &mut self,
        hash: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<AccessToken>, Error> {
        let found = access_tokens::table
            .find(hash.as_bytes().as_slice())
            .filter(access_tokens::expires_at.gt(now.naive_utc()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(AccessToken::try_from).transpose()
    }

    pub fn remove_access_token(&mut self, hash: TokenHash) -> Result<bool, Error> {
        let row = access_tokens::table.find(hash.as_bytes().as_slice());
        Ok(diesel::delete(row).execute(&mut self.0)? == 1)
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = access_tokens)]
struct Row {
    sha256: Vec<u8>,
    grant_id: String,
    scope: String,
    audience: String,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

impl TryFrom<Row> for AccessToken {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("access_tokens", &row.grant_id);
        Ok(Self {
            hash: name
                .column("sha256")
                .required(TokenHash::from_slice(&row.sha256))?,
            grant: name.valid(row.grant_id.parse())?,
            scope: Words::parse(&row.scope),
            audience: Words::parse(&row.audience),
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
        })
    }
}
