//! `refresh_tokens`. One statement decides who rotates a token: its count says whether it was this request.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        grant::{RefreshToken, Rotation},
        secret::TokenHash,
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::refresh_tokens,
    },
};

impl Tx {
    /// Adds a token that was not used yet.
    pub fn add_refresh_token(&mut self, token: &RefreshToken) -> Result<(), Error> {
        diesel::insert_into(refresh_tokens::table)
            .values((
                refresh_tokens::sha256.eq(token.hash.as_bytes().as_slice()),
                refresh_tokens::grant_id.eq(token.grant.to_string()),
                refresh_tokens::created_at.eq(token.created_at.naive_utc()),
                refresh_tokens::expires_at.eq(token.expires_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// A token, whatever became of it.
    pub fn refresh_token(&mut self, hash: TokenHash) -> Result<Option<RefreshToken>, Error> {
        let found: Option<Row> = refresh_tokens::table
            .find(hash.as_bytes().as_slice())
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        let Some(row) = found else { return Ok(None) };
        let name = RowContext::new("refresh_tokens", &row.grant_id);
        let rotation = match (row.rotated_at, row.successor_sha256, row.successor) {
            (Some(at), Some(successor), Some(sealed)) => {
                let is_used = refresh_tokens::table
                    .find(&successor)
                    .filter(refresh_tokens::rotated_at.is_not_null());
                Some(Rotation {
                    at: at.and_utc(),
                    successor: name
                        .column("successor_sha256")
                        .required(TokenHash::from_slice(&successor))?,
                    sealed,
                    successor_is_used: diesel::select(diesel::dsl::exists(is_used))
                        .get_result(&mut self.0)?,
                })
            }
            (None, None, None) => None,
            (_, _, _) => return name.column("successor").required(None),
        };
        Ok(Some(RefreshToken {
            hash,
            grant: name.valid(row.grant_id.parse())?,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            rotation,
        }))
    }

    /// Records the successor of a token; `false` if another request did.
    pub fn rotate_refresh_token(
        &mut self,
        hash: TokenHash,
        now: DateTime<Utc>,
        successor: TokenHash,
        sealed: &[u8],
    ) -> Result<bool, Error> {
        let unrotated = refresh_tokens::table
            .find(hash.as_bytes().as_slice())
            .filter(refresh_tokens::rotated_at.is_null());
        let rows = diesel::update(unrotated)
            .set((
                refresh_tokens::rotated_at.eq(now.naive_utc()),
                refresh_tokens::successor_sha256.eq(successor.as_bytes().as_slice()),
                refresh_tokens::successor.eq(sealed),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = refresh_tokens)]
struct Row {
    grant_id: String,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    rotated_at: Option<NaiveDateTime>,
    successor_sha256: Option<Vec<u8>>,
    successor: Option<Vec<u8>>,
}
