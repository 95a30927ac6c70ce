//! `waiting_sign_ons`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        application::AcsUrl,
        name_id::NameIdFormat,
        secret::TokenHash,
        sign_on::{Subject, WaitingSignOn},
    },
    store::{
        connection::Tx,
        error::{Error, RowName},
        schema::waiting_sign_ons,
    },
};

impl Tx {
    /// Keeps a sign-on until its person is there; of those from its address, the newest `cap` stay.
    pub fn add_waiting(&mut self, waiting: &WaitingSignOn, cap: u32) -> Result<(), Error> {
        diesel::insert_into(waiting_sign_ons::table)
            .values(Row::from(waiting))
            .execute(&mut self.0)?;
        diesel::sql_query(
            "DELETE FROM waiting_sign_ons WHERE id IN (SELECT id FROM waiting_sign_ons WHERE address = $1 \
             ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET $2)",
        )
        .bind::<diesel::sql_types::Text, _>(&waiting.address)
        .bind::<diesel::sql_types::BigInt, _>(i64::from(cap))
        .execute(&mut self.0)?;
        Ok(())
    }

    /// The sign-on with this handle, if it still waits.
    pub fn waiting(&mut self, handle: TokenHash, now: DateTime<Utc>) -> Result<Option<WaitingSignOn>, Error> {
        waiting_sign_ons::table
            .filter(waiting_sign_ons::handle.eq(handle.as_bytes().as_slice()))
            .filter(waiting_sign_ons::expires_at.gt(now.naive_utc()))
            .first::<Row>(&mut self.0)
            .optional()?
            .map(WaitingSignOn::try_from)
            .transpose()
    }
}

/// The row as it lies in the table.
#[derive(Insertable, Queryable)]
#[diesel(table_name = waiting_sign_ons)]
struct Row {
    id: String,
    handle: Vec<u8>,
    browser: Vec<u8>,
    application_id: String,
    request_id: String,
    consumer: String,
    relay_state: Option<String>,
    force_authn: bool,
    subject: Option<String>,
    address: String,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    is_passive: bool,
    subject_format: Option<String>,
    name_id_format: String,
    context_class: String,
    login_hint: Option<String>,
}

impl From<&WaitingSignOn> for Row {
    fn from(waiting: &WaitingSignOn) -> Self {
        Self {
            id: waiting.id.to_string(),
            handle: waiting.handle.as_bytes().to_vec(),
            browser: waiting.browser.as_bytes().to_vec(),
            application_id: waiting.application.to_string(),
            // An ID is never empty (saml-core, 1.3.4).
            request_id: waiting.request_id.clone().unwrap_or_default(),
            consumer: waiting.consumer.as_str().to_owned(),
            relay_state: waiting.relay_state.clone(),
            force_authn: waiting.force_authn,
            subject: waiting.subject.as_ref().map(|subject| subject.value.clone()),
            address: waiting.address.clone(),
            created_at: waiting.created_at.naive_utc(),
            expires_at: waiting.expires_at.naive_utc(),
            is_passive: waiting.is_passive,
            subject_format: waiting
                .subject
                .as_ref()
                .map(|subject| subject.format.word().to_owned()),
            name_id_format: waiting.name_id_format.word().to_owned(),
            context_class: waiting.context_class.clone(),
            login_hint: waiting.login_hint.clone(),
        }
    }
}

impl TryFrom<Row> for WaitingSignOn {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowName::new("waiting_sign_ons", &row.id);
        let format = |word: &str| name.known(NameIdFormat::of_word(word));
        let subject = match (row.subject, row.subject_format) {
            (Some(value), Some(word)) => Some(Subject {
                format: format(&word)?,
                value,
            }),
            (Some(_) | None, _) => None,
        };
        Ok(Self {
            id: name.parsed(row.id.parse())?,
            handle: name.known(TokenHash::from_slice(&row.handle))?,
            browser: name.known(TokenHash::from_slice(&row.browser))?,
            application: name.parsed(row.application_id.parse())?,
            request_id: Some(row.request_id).filter(|id| !id.is_empty()),
            consumer: name.parsed(AcsUrl::parse(&row.consumer))?,
            relay_state: row.relay_state,
            force_authn: row.force_authn,
            is_passive: row.is_passive,
            subject,
            name_id_format: format(&row.name_id_format)?,
            context_class: row.context_class,
            login_hint: row.login_hint,
            address: row.address,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
        })
    }
}
