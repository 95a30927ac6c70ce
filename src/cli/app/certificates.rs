//! Certificates in files that arguments name.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{model::key::Certificate, provider::applications};

pub(super) fn read_certificates(file: &PathBuf) -> Result<Vec<Certificate>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    applications::read_certificates(&bytes).with_context(|| format!("cannot use {}", file.display()))
}
