//! Applications, sorted by each key that they are looked up by. A set that differs from another in a few applications
//! shares the rest of its memory with it.

use std::{cmp::Ordering, sync::Arc};

use crate::model::{
    application::{Application, ClientId, EntityId, Slug},
    id::ApplicationId,
};

/// The size of a piece in a new set. A change copies one piece of each list; a piece grows to at most twice this size.
const PIECE: usize = 128;

/// Applications, by name, entity ID, slug and ID. Cloning copies no application.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "each names its sort key")]
pub struct ApplicationSet {
    by_name: Sorted,
    by_entity_id: Sorted,
    by_client_id: Sorted,
    by_slug: Sorted,
    by_id: Sorted,
}

impl ApplicationSet {
    pub(super) fn new(all: &[Arc<Application>]) -> Self {
        Self {
            by_name: Sorted::new(all, |a, b| (&a.name, a.id).cmp(&(&b.name, b.id))),
            by_entity_id: Sorted::new(all, |a, b| {
                (a.entity_id(), &a.name, a.id).cmp(&(b.entity_id(), &b.name, b.id))
            }),
            by_client_id: Sorted::new(all, |a, b| (a.client_id(), a.id).cmp(&(b.client_id(), b.id))),
            by_slug: Sorted::new(all, |a, b| (&a.slug, a.id).cmp(&(&b.slug, b.id))),
            by_id: Sorted::new(all, |a, b| a.id.cmp(&b.id)),
        }
    }

    /// Adds an application, or replaces the one with the same ID.
    pub(super) fn put(&mut self, application: &Arc<Application>) {
        self.remove(application.id);
        for sorted in self.each() {
            sorted.insert(Arc::clone(application));
        }
    }

    pub(super) fn remove(&mut self, id: ApplicationId) {
        if let Some(known) = self.by_id(id).cloned() {
            for sorted in self.each() {
                sorted.remove(&known);
            }
        }
    }

    const fn each(&mut self) -> [&mut Sorted; 5] {
        [
            &mut self.by_name,
            &mut self.by_entity_id,
            &mut self.by_client_id,
            &mut self.by_slug,
            &mut self.by_id,
        ]
    }

    /// The applications with this entity ID, by name.
    pub(super) fn by_entity_id(&self, entity_id: &EntityId) -> Vec<&Arc<Application>> {
        self.by_entity_id
            .equal(|application| application.entity_id().cmp(&Some(entity_id)))
    }

    /// The application with this client ID.
    pub(super) fn by_client_id(&self, client_id: &ClientId) -> Option<&Arc<Application>> {
        self.by_client_id
            .first(|application| application.client_id().cmp(&Some(client_id)))
    }

    pub(super) fn by_slug(&self, slug: &Slug) -> Option<&Arc<Application>> {
        self.by_slug.first(|application| application.slug.cmp(slug))
    }

    pub(super) fn by_id(&self, id: ApplicationId) -> Option<&Arc<Application>> {
        self.by_id.first(|application| application.id.cmp(&id))
    }

    /// All applications, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Application>> {
        self.by_name.pieces.iter().flat_map(|piece| piece.iter())
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.pieces.is_empty()
    }
}

type Order = fn(&Application, &Application) -> Ordering;

/// A list sorted by one key, cut into pieces, none of which is empty.
#[derive(Clone, Debug)]
struct Sorted {
    order: Order,
    pieces: Vec<Arc<Vec<Arc<Application>>>>,
}

impl Sorted {
    fn new(all: &[Arc<Application>], order: Order) -> Self {
        let mut all = all.to_vec();
        all.sort_unstable_by(|a, b| order(a, b));
        let pieces = all.chunks(PIECE).map(|piece| Arc::new(piece.to_vec())).collect();
        Self { order, pieces }
    }

    fn insert(&mut self, application: Arc<Application>) {
        let order = self.order;
        let is_before = |other: &Arc<Application>| order(other, &application).is_lt();
        let last = self.pieces.len().saturating_sub(1);
        let at = self
            .pieces
            .partition_point(|piece| piece.last().is_some_and(is_before))
            .min(last);
        let Some(piece) = self.pieces.get_mut(at) else {
            self.pieces.push(Arc::new(vec![application]));
            return;
        };
        let piece = Arc::make_mut(piece);
        piece.insert(piece.partition_point(is_before), application);
        if piece.len() > 2 * PIECE {
            let rest = piece.split_off(PIECE);
            self.pieces.insert(at + 1, Arc::new(rest));
        }
    }

    fn remove(&mut self, application: &Application) {
        let order = self.order;
        let at = self.pieces.partition_point(|piece| {
            piece
                .last()
                .is_some_and(|other| order(other, application).is_lt())
        });
        let Some(piece) = self.pieces.get_mut(at) else {
            return;
        };
        let piece = Arc::make_mut(piece);
        piece.retain(|other| order(other, application).is_ne());
        if piece.is_empty() {
            self.pieces.remove(at);
        }
    }

    /// The first application for which `compare` is `Equal`; `compare` compares an application with the key sought.
    fn first(&self, compare: impl Fn(&Application) -> Ordering) -> Option<&Arc<Application>> {
        let (piece, at) = self.start(&compare)?;
        self.pieces
            .get(piece)?
            .get(at)
            .filter(|application| compare(application).is_eq())
    }

    fn equal(&self, compare: impl Fn(&Application) -> Ordering) -> Vec<&Arc<Application>> {
        let Some((piece, at)) = self.start(&compare) else {
            return Vec::new();
        };
        let rest = self.pieces.iter().skip(piece).flat_map(|piece| piece.iter());
        rest.skip(at)
            .take_while(|application| compare(application).is_eq())
            .collect()
    }

    fn start(&self, compare: &impl Fn(&Application) -> Ordering) -> Option<(usize, usize)> {
        let is_before = |application: &Arc<Application>| compare(application).is_lt();
        let at = self
            .pieces
            .partition_point(|piece| piece.last().is_some_and(is_before));
        Some((at, self.pieces.get(at)?.partition_point(is_before)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;
    use crate::model::application::{ApplicationAccess, ApplicationKind, Client, ClientId, ServiceProvider};

    fn application(number: u16, entity: u8, name: u8) -> Arc<Application> {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let [high, low] = number.to_be_bytes();
        let entity_id = EntityId::parse(&format!("urn:sp:{entity}")).unwrap();
        Arc::new(Application {
            id: ApplicationId::new(now, [high, low, 0, 0, 0, 0, 0, 0, 0, 0]),
            slug: Slug::parse(&format!("sp-{number}")).unwrap(),
            name: format!("Service {name}"),
            kind: ApplicationKind::Other,
            enabled: true,
            access: ApplicationAccess::Everyone,
            second_factor: None,
            tile_url: None,
            protocol: ServiceProvider::with_defaults(entity_id, Vec::new()).into(),
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    #[test]
    fn an_application_without_an_entity_id_is_never_found_by_one() {
        let (first, other) = (application(1, 0, 0), application(2, 1, 0));
        let without = Arc::new(Application {
            protocol: Client::with_defaults(ClientId::parse("urn:sp:0").unwrap(), Vec::new()).into(),
            ..(*application(3, 0, 0)).clone()
        });
        let set = ApplicationSet::new(&[Arc::clone(&first), other, Arc::clone(&without)]);
        assert_eq!(set.by_entity_id(first.entity_id().unwrap()), [&first]);
        assert_eq!(set.by_id(without.id), Some(&without));
        assert_eq!(set.by_slug(&without.slug), Some(&without));
        assert_eq!(set.by_entity_id.pieces[0].first(), Some(&without));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_set_that_was_changed_is_one_that_was_made_anew(
            first in 0..600_u16,
            steps in prop::collection::vec((0..700_u16, any::<bool>(), 0..5_u8, any::<u8>()), 0..400),
        ) {
            let mut known: BTreeMap<u16, _> =
                (0..first).map(|number| (number, application(number, 0, 0))).collect();
            let all = |known: &BTreeMap<u16, Arc<Application>>| known.values().cloned().collect::<Vec<_>>();
            let mut set = ApplicationSet::new(&all(&known));
            let (before, untouched) = (set.clone(), all(&known));
            for (number, stays, entity, name) in steps {
                let changed = application(number, entity, name);
                if stays {
                    set.put(&changed);
                    known.insert(number, changed);
                } else {
                    set.remove(changed.id);
                    known.remove(&number);
                }
            }
            for (set, known) in [(set, all(&known)), (before, untouched)] {
                let anew = ApplicationSet::new(&known);
                prop_assert_eq!(
                    set.iter().collect::<Vec<_>>(),
                    anew.iter().collect::<Vec<_>>()
                );
                for expected in &known {
                    prop_assert_eq!(set.by_id(expected.id), Some(expected));
                    prop_assert_eq!(set.by_slug(&expected.slug), Some(expected));
                    prop_assert!(set.by_entity_id(expected.entity_id().unwrap()).contains(&expected));
                }
                let mut of_all = 0;
                for entity in 0..5 {
                    let entity_id = EntityId::parse(&format!("urn:sp:{entity}")).unwrap();
                    let found = set.by_entity_id(&entity_id);
                    prop_assert!(found.iter().all(|expected| expected.entity_id() == Some(&entity_id)));
                    of_all += found.len();
                }
                prop_assert_eq!(of_all, known.len());
                prop_assert_eq!(set.is_empty(), known.is_empty());
                prop_assert_eq!(set.by_slug(&Slug::parse("no-such").unwrap()), None);
            }
        }
    }
}
