//! The settings in effect.

use serde::Serialize;

use crate::config::EffectiveSetting;

/// A setting, as `config check` prints it.
#[derive(Debug, Serialize)]
pub struct SettingOutput<'a> {
    pub key: &'a str,
    pub value: &'a str,
    pub origin: &'a str,
}

impl<'a> From<&'a EffectiveSetting> for SettingOutput<'a> {
    fn from(setting: &'a EffectiveSetting) -> Self {
        Self {
            key: &setting.key,
            value: &setting.value,
            origin: setting.origin,
        }
    }
}
