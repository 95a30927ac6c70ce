//! Adding, editing and removing applications.

use diesel::prelude::*;

use crate::{
    model::{
        application::{Application, Protocol, ServiceProvider},
        id::ApplicationId,
    },
    store::{
        applications::rows::{AcsRow, Row, SamlRow},
        configuration_changes::ConfigTx,
        connection::{EditOutcome, Tx, with_backend},
        error::Error,
        oidc::clients::ClientRow,
        saml::saml_certificates::Purpose,
        schema::{applications, oidc_clients, saml_consumers, saml_service_providers},
    },
};

impl ConfigTx<'_> {
    /// Registers an application; returns `false` if its slug is taken. A draft with this slug is removed; its metadata
    /// address and key adoptions carry over to the application.
    pub fn add_application(&mut self, application: &Application) -> Result<bool, Error> {
        let row = Row::from(application);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(applications::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 0 {
            return Ok(false);
        }
        match &application.protocol {
            Protocol::Saml(saml) => diesel::insert_into(saml_service_providers::table)
                .values(SamlRow::new(application.id, saml))
                .execute(&mut self.0)?,
            Protocol::Oidc(client) => diesel::insert_into(oidc_clients::table)
                .values(ClientRow::new(application.id, client))
                .execute(&mut self.0)?,
        };
        self.changed_application(application.id);
        self.add_children(application)?;
        self.remove_application_draft(&application.slug)?;
        self.add_metadata_address(&application.slug)?;
        Ok(true)
    }

    /// Writes `application` if its stored version is still the one that was read, and increments the version. The slug
    /// and the creation time do not change.
    pub fn edit_application(&mut self, application: &Application) -> Result<EditOutcome, Error> {
        let id = application.id.to_string();
        let unchanged = applications::table
            .find(&id)
            .filter(applications::version.eq(application.version));
        let row = Row::from(application);
        let rows = diesel::update(unchanged)
            .set((
                applications::name.eq(row.name),
                applications::kind.eq(row.kind),
                applications::enabled.eq(row.enabled),
                applications::tile_url.eq(row.tile_url),
                applications::access.eq(row.access),
                applications::second_factor.eq(row.second_factor),
                applications::second_factor_from.eq(row.second_factor_from),
                applications::updated_at.eq(row.updated_at),
                applications::version.eq(applications::version + 1),
            ))
            .execute(&mut self.0)?;
        if rows == 0 {
            return Ok(EditOutcome::Stale);
        }
        self.changed_application(application.id);
        match &application.protocol {
            Protocol::Saml(saml) => diesel::update(saml_service_providers::table.find(&id))
                .set(SamlRow::new(application.id, saml))
                .execute(&mut self.0)?,
            Protocol::Oidc(client) => diesel::update(oidc_clients::table.find(&id))
                .set(ClientRow::new(application.id, client))
                .execute(&mut self.0)?,
        };
        diesel::delete(saml_consumers::table.filter(saml_consumers::application_id.eq(&id)))
            .execute(&mut self.0)?;
        self.remove_certificates(application.id)?;
        self.remove_attributes(application.id)?;
        self.add_children(application)?;
        Ok(EditOutcome::Done)
    }

    /// Removes an application and all records of sign-ins to it; returns `false` if there is none.
    pub fn remove_application(&mut self, id: ApplicationId) -> Result<bool, Error> {
        self.remove_application_row(&id.to_string())
    }

    /// Like [`remove_application`](Self::remove_application), for an application that cannot be read.
    pub fn remove_application_row(&mut self, id: &str) -> Result<bool, Error> {
        let slug = applications::table
            .find(id)
            .select(applications::slug)
            .first::<String>(&mut self.0)
            .optional()?;
        let Some(slug) = slug else { return Ok(false) };
        self.remove_metadata_address(&slug)?;
        self.changed_applications([id.to_owned()]);
        Ok(diesel::delete(applications::table.find(id)).execute(&mut self.0)? == 1)
    }
}

impl Tx {
    fn add_children(&mut self, application: &Application) -> Result<(), Error> {
        self.add_attributes(application.id, application.attributes())?;
        match &application.protocol {
            Protocol::Saml(saml) => self.add_saml_children(application.id, saml),
            Protocol::Oidc(client) => self.set_redirect_uris(application.id, &client.redirect_uris),
        }
    }

    fn add_saml_children(&mut self, id: ApplicationId, saml: &ServiceProvider) -> Result<(), Error> {
        for (position, endpoint) in (0..).zip(&saml.acs_endpoints) {
            let row = AcsRow {
                application_id: id.to_string(),
                position,
                location: endpoint.location.as_str().to_owned(),
                idx: endpoint.index.map(i64::from),
            };
            diesel::insert_into(saml_consumers::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        let signing = saml
            .signing_certificates
            .iter()
            .map(|certificate| (Purpose::Signing, certificate));
        let encryption = saml
            .encryption_certificates
            .iter()
            .map(|certificate| (Purpose::Encryption, certificate));
        self.add_certificates(id, signing.chain(encryption))
    }
}
