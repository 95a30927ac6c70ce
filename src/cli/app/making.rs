//! How the responses for an application are made, as it is typed: the same for `app add saml` and
//! `app edit`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    cli::app::typed::read_certificates,
    model::{
        making::{ContentCipher, SignatureAlgorithm, Signs},
        name_id::NameIdFormat,
        preset::Preset,
        text::line,
    },
    provider::saml::making::MakingEdit,
};

#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Making {
    /// What is signed; both by default
    #[arg(long, value_name = "WHAT")]
    sign: Option<TypedSigns>,
    /// What is signed with; RSA-SHA256 by default
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<TypedAlgorithm>,
    /// What assertions are encrypted with; never for ChatGPT
    #[arg(long, value_name = "CIPHER")]
    encrypt: Option<TypedCipher>,
    /// The certificate that assertions are encrypted to (PEM, one or several, or DER)
    #[arg(long, value_name = "FILE")]
    encryption_certificate: Option<PathBuf>,
    /// By what the application knows a person, where its request does not say
    #[arg(long, value_name = "FORMAT")]
    name_id: Option<TypedNameId>,
    /// RelayState of a response that nobody asked for, as the application understands it; an empty text
    /// removes it
    #[arg(long, value_name = "TEXT")]
    relay_state: Option<String>,
    /// Attributes and name as a known application wants them (docs/attributes.md lists all); replaces its
    /// attributes
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TypedSigns {
    Assertion,
    Response,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TypedAlgorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TypedCipher {
    None,
    Aes128Gcm,
    Aes256Gcm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TypedNameId {
    Email,
    Persistent,
    Transient,
    Unspecified,
}

impl Making {
    /// What was typed. A name that is typed wins over the preset's.
    pub(super) fn edit(self) -> Result<MakingEdit> {
        let mut edit = MakingEdit::default();
        if let Some(name) = self.preset.as_deref() {
            let preset = preset(name)?;
            edit.name_id_format = Some(preset.name_id_format());
            edit.attributes = Some(preset.attributes());
        }
        edit.signs = self.sign.map(|typed| match typed {
            TypedSigns::Assertion => Signs::Assertion,
            TypedSigns::Response => Signs::Response,
            TypedSigns::Both => Signs::Both,
        });
        edit.algorithm = self.algorithm.map(|typed| match typed {
            TypedAlgorithm::RsaSha256 => SignatureAlgorithm::RsaSha256,
            TypedAlgorithm::RsaSha384 => SignatureAlgorithm::RsaSha384,
            TypedAlgorithm::RsaSha512 => SignatureAlgorithm::RsaSha512,
        });
        edit.encryption = self.encrypt.map(|typed| match typed {
            TypedCipher::None => None,
            TypedCipher::Aes128Gcm => Some(ContentCipher::Aes128Gcm),
            TypedCipher::Aes256Gcm => Some(ContentCipher::Aes256Gcm),
        });
        if let Some(typed) = self.name_id {
            edit.name_id_format = Some(match typed {
                TypedNameId::Email => NameIdFormat::EmailAddress,
                TypedNameId::Persistent => NameIdFormat::Persistent,
                TypedNameId::Transient => NameIdFormat::Transient,
                TypedNameId::Unspecified => NameIdFormat::Unspecified,
            });
        }
        edit.default_relay_state = match self.relay_state.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(line("the RelayState", text, 1024)?)),
        };
        if let Some(file) = &self.encryption_certificate {
            edit.encryption_certificates = Some(read_certificates(file)?);
        }
        Ok(edit)
    }
}

/// The preset called `name`.
pub(super) fn preset(name: &str) -> Result<Preset> {
    let Some(preset) = Preset::by_name(name) else {
        let names: Vec<_> = Preset::ALL.into_iter().map(Preset::name).collect();
        bail!("there is no preset {name}: take one of {}", names.join(", "));
    };
    Ok(preset)
}
