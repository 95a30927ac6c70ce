//! Arguments for how an application's responses are made, shared by `app add saml` and `app edit`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    cli::app::certificates::read_certificates,
    model::{
        keys_on::KeysOn,
        name_id::NameIdFormat,
        preset::Preset,
        response_options::{ContentCipher, DefaultClass, SignatureAlgorithm, SignedParts},
        text::single_line,
    },
    provider::saml::response_options::ResponseOptionsEdit,
};

#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct ResponseOptionArguments {
    /// What is signed; both by default
    #[arg(long, value_name = "WHAT")]
    sign: Option<SignArgument>,
    /// What is signed with; RSA-SHA256 by default
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<AlgorithmArgument>,
    /// What assertions are encrypted with; never for ChatGPT
    #[arg(long, value_name = "CIPHER")]
    encrypt: Option<CipherArgument>,
    /// The certificate that assertions are encrypted to (PEM, one or several, or DER)
    #[arg(long, value_name = "FILE")]
    encryption_certificate: Option<PathBuf>,
    /// By what the application knows a person, where its request does not say
    #[arg(long, value_name = "FORMAT")]
    name_id: Option<NameIdArgument>,
    /// By what the application finds the account of somebody who comes back: before a person's address changes, this
    /// says what would happen there
    #[arg(long, value_name = "WHAT")]
    keys_on: Option<KeysOnArgument>,
    /// Which authentication context class a response names if the request asks for none; the strongest that was proved
    /// by default
    #[arg(long, value_name = "CLASS")]
    authn_context: Option<DefaultClassArgument>,
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
enum SignArgument {
    Assertion,
    Response,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlgorithmArgument {
    RsaSha256,
    RsaSha384,
    RsaSha512,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CipherArgument {
    None,
    Aes128Gcm,
    Aes256Gcm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DefaultClassArgument {
    /// The strongest that was proved
    Proven,
    /// That of a password, for applications that know no other
    Password,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeysOnArgument {
    /// The NameID
    #[value(name = "nameid")]
    NameId,
    /// The e-mail address
    Email,
    /// The stable id, in an attribute
    Id,
    /// Nobody knows
    Unknown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NameIdArgument {
    Email,
    Persistent,
    Transient,
    Unspecified,
}

impl ResponseOptionArguments {
    pub(super) fn edit(self) -> Result<ResponseOptionsEdit> {
        let mut edit = ResponseOptionsEdit {
            preset: self.preset.as_deref().map(Preset::parse).transpose()?,
            ..ResponseOptionsEdit::default()
        };
        edit.signed_parts = self.sign.map(|parts| match parts {
            SignArgument::Assertion => SignedParts::Assertion,
            SignArgument::Response => SignedParts::Response,
            SignArgument::Both => SignedParts::Both,
        });
        edit.signature_algorithm = self.algorithm.map(|algorithm| match algorithm {
            AlgorithmArgument::RsaSha256 => SignatureAlgorithm::RsaSha256,
            AlgorithmArgument::RsaSha384 => SignatureAlgorithm::RsaSha384,
            AlgorithmArgument::RsaSha512 => SignatureAlgorithm::RsaSha512,
        });
        edit.encryption = self.encrypt.map(|cipher| match cipher {
            CipherArgument::None => None,
            CipherArgument::Aes128Gcm => Some(ContentCipher::Aes128Gcm),
            CipherArgument::Aes256Gcm => Some(ContentCipher::Aes256Gcm),
        });
        edit.default_class = self.authn_context.map(|class| match class {
            DefaultClassArgument::Proven => DefaultClass::Proven,
            DefaultClassArgument::Password => DefaultClass::Password,
        });
        if let Some(format) = self.name_id {
            edit.name_id_format = Some(match format {
                NameIdArgument::Email => NameIdFormat::EmailAddress,
                NameIdArgument::Persistent => NameIdFormat::Persistent,
                NameIdArgument::Transient => NameIdFormat::Transient,
                NameIdArgument::Unspecified => NameIdFormat::Unspecified,
            });
        }
        edit.keys_on = self.keys_on.map(|keys_on| match keys_on {
            KeysOnArgument::NameId => Some(KeysOn::NameId),
            KeysOnArgument::Email => Some(KeysOn::Email),
            KeysOnArgument::Id => Some(KeysOn::Id),
            KeysOnArgument::Unknown => None,
        });
        edit.default_relay_state = match self.relay_state.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(single_line("the RelayState", text, 1024)?)),
        };
        if let Some(file) = &self.encryption_certificate {
            edit.encryption_certificates = Some(read_certificates(file)?);
        }
        Ok(edit)
    }
}
