//! Known entities become applications: one by one, or by their source's rule.

use crate::{
    model::{
        application::{Application, EntityId, Kind, Slug},
        id::{ApplicationId, SourceId},
        metadata_source::ApplicationSource,
        text::hex,
    },
    provider::{
        Provider,
        error::Error,
        saml::import::{Imported, import},
        sources::Trouble,
    },
    store::Tx,
};

/// What became of a known entity that was to be enabled.
#[derive(Debug)]
pub enum Enabled {
    /// It is an application now.
    Done(Box<Application>),
    /// No source lists it.
    Unknown,
    /// Several sources list it: these.
    Several(Vec<String>),
    /// It is one already.
    Already(Slug),
    /// The short name is taken.
    Taken,
    /// It cannot be one.
    Unusable(Trouble),
}

impl Provider {
    /// Makes an application of the known entity `entity_id`; `from` names one of several sources.
    pub fn enable_known(
        &self,
        entity_id: &EntityId,
        from: Option<&str>,
        slug: Option<&Slug>,
    ) -> Result<Enabled, Error> {
        if let Some(application) = self.current()?.by_entity_id(entity_id).first() {
            return Ok(Enabled::Already(application.slug.clone()));
        }
        let (known, sources) = self
            .store()
            .read(|tx| Ok((tx.known_entity(entity_id)?, tx.sources()?)))?;
        let name_of = |id: SourceId| {
            let source = sources.iter().find(|source| source.id == id);
            source
                .map(|source| source.called().to_owned())
                .unwrap_or_default()
        };
        let mut fitting: Vec<_> = known
            .into_iter()
            .filter(|entity| from.is_none_or(|wanted| name_of(entity.source) == wanted))
            .collect();
        if fitting.len() > 1 {
            return Ok(Enabled::Several(
                fitting.iter().map(|entity| name_of(entity.source)).collect(),
            ));
        }
        let Some(entity) = fitting.pop() else {
            return Ok(Enabled::Unknown);
        };
        let imported = match import(&entity.metadata, None, self.now()) {
            Ok(imported) if imported.consumers.is_empty() => {
                return Ok(Enabled::Unusable(Trouble::NoConsumer));
            }
            Ok(imported) if imported.signs_requests && imported.certificates.is_empty() => {
                let why = imported.check_keys().err();
                return Ok(Enabled::Unusable(why.map_or(Trouble::NoConsumer, Trouble::from)));
            }
            // What is kept of an entity names only an end of its own.
            Ok(imported) => Imported {
                own_end: imported.valid_until,
                ..imported
            },
            Err(why) => return Ok(Enabled::Unusable(why.into())),
        };
        let made = self.enable(entity.source, &[imported], slug, "app.enable")?;
        Ok(match made.into_iter().next() {
            Some(application) => Enabled::Done(Box::new(application)),
            None => Enabled::Taken,
        })
    }

    /// Makes applications of entities, all at once.
    pub(super) fn enable(
        &self,
        source: SourceId,
        entities: &[Imported],
        slug: Option<&Slug>,
        action: &'static str,
    ) -> Result<Vec<Application>, Error> {
        let now = self.now();
        let promised = self.store().read(Tx::drafts)?;
        let drafts: Vec<_> = entities
            .iter()
            .map(|entity| {
                let id = ApplicationId::new(now, self.chance());
                let words = format!("enabled as {}", entity.entity_id);
                let event = self.about_metadata(action, "ok", id, &words);
                let mark = hex(&self.chance::<4>());
                let own = Slug::from_name(&entity.name());
                // Its publisher chose the name: it takes none that says what an application is, and none that an
                // administrator has promised to another.
                let own = if own.is_reserved() || promised.iter().any(|draft| draft.slug == own) {
                    own.marked(&mark)
                } else {
                    own
                };
                let application = Application {
                    id,
                    slug: slug.cloned().unwrap_or(own),
                    name: entity.name(),
                    kind: Kind::Saml,
                    enabled: true,
                    tile_url: None,
                    saml: entity.service_provider(),
                    metadata_until: None,
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                (application, link(id, source, entity), event, mark)
            })
            .collect();
        Ok(self.store().write(|tx| {
            let mut made = Vec::with_capacity(drafts.len());
            for (mut application, link, event, mark) in drafts {
                if add(tx, &mut application, slug.is_none().then_some(mark.as_str()))? {
                    tx.accept_entity(&link.entity_id)?;
                    tx.link_source(&link)?;
                    tx.add_audit(&event)?;
                    made.push(application);
                }
            }
            if !made.is_empty() {
                tx.raise_generation()?;
            }
            Ok(made)
        })?)
    }
}

fn link(application: ApplicationId, source: SourceId, entity: &Imported) -> ApplicationSource {
    ApplicationSource {
        application,
        source,
        entity_id: entity.entity_id.clone(),
        applied: entity.sha256.clone(),
        signs_requests: entity.signs_requests,
        valid_until: entity.own_end,
        gone_at: None,
        waiting: None,
        rejected: None,
    }
}

/// Adds it under its slug; where that is taken, marked with `mark`. Of many entities many are named alike, and nothing
/// is tried a hundred times. The mark is random: one made of the entity ID could be met by who chooses that.
fn add(tx: &mut Tx, application: &mut Application, mark: Option<&str>) -> Result<bool, crate::store::Error> {
    if tx.add_application(application)? {
        return Ok(true);
    }
    let Some(mark) = mark else {
        return Ok(false);
    };
    application.slug = application.slug.marked(mark);
    tx.add_application(application)
}
