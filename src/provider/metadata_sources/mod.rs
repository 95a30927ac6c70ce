//! Metadata from elsewhere: fetching, importing and refreshing it.

mod aggregate;
mod change;
mod confirm;
mod delisting;
mod enable;
mod entity;
mod import;
mod input;
mod limits;
mod list;
mod progress;
mod refresh;
mod report;
mod schedule;
mod source_error;

pub use crate::{
    model::metadata_source::{
        ApplicationMetadataSource, EnableRule, ImportedEntitySummary, MetadataSource, MetadataSourceKind,
        MetadataUrl, PendingChange,
    },
    provider::metadata_sources::{
        confirm::{ChangeReviewOutcome, ProposedChange},
        enable::EnableOutcome,
        entity::ObtainedMetadata,
        import::{DEFAULT_LONGEST_VALIDITY, ImportOutcome, ImportRequest},
        input::MetadataInput,
        limits::MAX_AGGREGATE_BYTES,
        list::SourceOverview,
        progress::{ImportProgress, OnProgress},
        refresh::RefreshOutcome,
        report::UpdateReport,
        source_error::SourceError,
    },
};

pub(in crate::provider) use crate::provider::metadata_sources::entity::FollowChange;
