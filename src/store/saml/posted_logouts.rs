//! `posted_logouts`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        id::{ApplicationId, LogoutId},
        logout::PostedLogout,
        name_id::NameId,
        secret::TokenHash,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::posted_logouts,
    },
};

impl Tx {
    /// Stores a `LogoutRequest` that was posted, until the GET that follows.
    pub fn add_posted_logout(&mut self, posted: &PostedLogout) -> Result<(), Error> {
        diesel::insert_into(posted_logouts::table)
            .values(Row::from(posted))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Removes and returns it, once, for the browser that was redirected with it.
    pub fn take_posted_logout(
        &mut self,
        id: LogoutId,
        browser: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<PostedLogout>, Error> {
        let of_browser = posted_logouts::table
            .find(id.to_string())
            .filter(posted_logouts::browser.eq(browser.as_bytes().to_vec()))
            .filter(posted_logouts::expires_at.gt(now.naive_utc()));
        let found = with_backend!(&mut self.0, |c| diesel::delete(of_browser)
            .returning(Row::as_returning())
            .get_result(c)
            .optional())?;
        found.map(PostedLogout::try_from).transpose()
    }

    /// Removes and returns at most `batch_size` that expired unused. Each goes to only one of two
    /// replicas.
    pub fn take_expired_posted_logouts(
        &mut self,
        now: DateTime<Utc>,
        batch_size: i64,
    ) -> Result<Vec<PostedLogout>, Error> {
        let due = posted_logouts::table
            .filter(posted_logouts::expires_at.le(now.naive_utc()))
            .order(posted_logouts::expires_at)
            .limit(batch_size)
            .select(posted_logouts::id)
            .load::<String>(&mut self.0)?;
        let mut taken = Vec::new();
        for id in due {
            let expired = posted_logouts::table.find(id);
            let row = with_backend!(&mut self.0, |c| diesel::delete(expired)
                .returning(Row::as_returning())
                .get_result(c)
                .optional())?;
            if let Some(row) = row {
                taken.push(row.try_into()?);
            }
        }
        Ok(taken)
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = posted_logouts)]
struct Row {
    id: String,
    browser: Vec<u8>,
    applications: String,
    request_id: String,
    relay_state: Option<String>,
    wants_answer: bool,
    by_name: bool,
    name_id_format: String,
    name_id: String,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    expires_at: NaiveDateTime,
}

impl From<&PostedLogout> for Row {
    fn from(posted: &PostedLogout) -> Self {
        let ids: Vec<_> = posted.applications.iter().map(ToString::to_string).collect();
        Self {
            id: posted.id.to_string(),
            browser: posted.browser.as_bytes().to_vec(),
            applications: ids.join(" "),
            request_id: posted.request_id.clone(),
            relay_state: posted.relay_state.clone(),
            wants_answer: posted.wants_response,
            by_name: posted.by_name_id,
            name_id_format: posted.name_id.format.clone(),
            name_id: posted.name_id.value.clone(),
            name_qualifier: posted.name_id.name_qualifier.clone(),
            sp_name_qualifier: posted.name_id.sp_name_qualifier.clone(),
            expires_at: posted.expires_at.naive_utc(),
        }
    }
}

impl TryFrom<Row> for PostedLogout {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("posted_logouts", &row.id);
        let applications = row.applications.split(' ').map(str::parse::<ApplicationId>);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            browser: name.required(TokenHash::from_slice(&row.browser))?,
            applications: name.valid(applications.collect::<Result<_, _>>())?,
            request_id: row.request_id,
            relay_state: row.relay_state,
            wants_response: row.wants_answer,
            by_name_id: row.by_name,
            name_id: NameId {
                format: row.name_id_format,
                value: row.name_id,
                name_qualifier: row.name_qualifier,
                sp_name_qualifier: row.sp_name_qualifier,
            },
            expires_at: row.expires_at.and_utc(),
        })
    }
}
