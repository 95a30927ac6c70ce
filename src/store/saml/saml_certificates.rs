//! `saml_certificates`: the keys that verify a service provider's signatures, and those to encrypt
//! for it.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    model::{id::ApplicationId, key::Certificate},
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::saml_certificates,
        unreadable_values::Reading,
    },
};

/// What the key of a certificate is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::store) enum Purpose {
    Signing,
    Encryption,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::Signing, Self::Encryption]
            .into_iter()
            .find(|purpose| purpose.name() == word)
    }
}

#[derive(Debug, Default)]
pub(in crate::store) struct Certificates {
    pub(in crate::store) signing: Vec<Certificate>,
    pub(in crate::store) encryption: Vec<Certificate>,
}

impl Tx {
    pub(in crate::store) fn certificates_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<BTreeMap<String, Certificates>, Error> {
        let rows = saml_certificates::table
            .filter(saml_certificates::application_id.between(first, last))
            .order((saml_certificates::application_id, saml_certificates::position))
            .select(Row::as_select())
            .load(&mut self.0)?;
        let mut found: BTreeMap<String, Certificates> = BTreeMap::new();
        for row in rows {
            let name = RowContext::new("saml_certificates", &row.application_id);
            let purpose = name.column("purpose").required(Purpose::from_name(&row.purpose));
            let Some(purpose) = reading.row(purpose)? else {
                continue;
            };
            let own = found.entry(row.application_id.clone()).or_default();
            match purpose {
                Purpose::Signing => own.signing.push(row.into()),
                Purpose::Encryption => own.encryption.push(row.into()),
            }
        }
        Ok(found)
    }

    pub(in crate::store) fn add_certificates<'a>(
        &mut self,
        application: ApplicationId,
        certificates: impl Iterator<Item = (Purpose, &'a Certificate)>,
    ) -> Result<(), Error> {
        for (position, (purpose, certificate)) in (0..).zip(certificates) {
            let row = Row {
                application_id: application.to_string(),
                position,
                der: certificate.der.clone(),
                sha256: certificate.sha256.clone(),
                subject: certificate.subject.clone(),
                not_before: certificate.not_before.naive_utc(),
                not_after: certificate.not_after.naive_utc(),
                purpose: purpose.name().to_owned(),
            };
            diesel::insert_into(saml_certificates::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    pub(in crate::store) fn remove_certificates(&mut self, application: ApplicationId) -> Result<(), Error> {
        diesel::delete(
            saml_certificates::table.filter(saml_certificates::application_id.eq(application.to_string())),
        )
        .execute(&mut self.0)?;
        Ok(())
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_certificates)]
struct Row {
    application_id: String,
    position: i64,
    der: Vec<u8>,
    sha256: String,
    subject: String,
    not_before: NaiveDateTime,
    not_after: NaiveDateTime,
    purpose: String,
}

impl From<Row> for Certificate {
    fn from(row: Row) -> Self {
        Self {
            der: row.der,
            sha256: row.sha256,
            subject: row.subject,
            not_before: row.not_before.and_utc(),
            not_after: row.not_after.and_utc(),
        }
    }
}
