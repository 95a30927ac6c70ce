//! What an administrator can do about something, as types: each surface puts them into its own words.

use std::fmt;

use crate::model::{application::Slug, user::Email};

/// What to do about a failure or a finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// Give the certificate of an application.
    AddCertificate,
    AddCertificateOrTakeUnsigned,
    AddEncryptionCertificate,
    /// Change the application that stands in the way, or remove it.
    EditOrRemoveApplication(Slug),
    /// Give the tile of a ChatGPT workspace its address.
    SetTileUrl,
    /// Sign the assertion, alone or beside the response.
    SignAssertion,
    /// Give metadata, or the values themselves.
    DescribeApplication,
    GiveAcs,
    /// Give another ACS than the metadata.
    GiveOtherAcs,
    /// Paste the two values of ChatGPT's SSO page.
    PasteConnection,
    /// Paste the value that is missing too.
    PasteBoth,
    /// Change the entity ID.
    EditEntityId,
    /// Say which of several service providers is meant.
    NameEntity,
    /// Give people a value, or let the application do without it.
    GiveValue(UserValue),
    /// Let the application do without an attribute.
    DropRequirement,
    /// Say what applications are to receive once a person's address has changed.
    DecideEmail,
    /// Look at what an application receives.
    ListAttributes(Slug),
    /// Accept that most entities of a source are gone.
    AcceptDelisting {
        /// The name of the source.
        source: String,
    },
    /// Accept a copy that is older than the one in force.
    AcceptOlderCopy {
        /// The name of the source.
        source: String,
        /// Whether it is fetched from a URL; else the file is imported again.
        is_fetched: bool,
    },
    /// Look at a change of metadata that waits.
    ReviewChange(Slug),
    /// There is no next key: make one.
    PrepareKey,
    /// There is a next key: let it sign, or withdraw it.
    ActivateOrCancelKey,
    /// The rollover before is not finished: end or undo it.
    RetireOrReactivateKey,
    /// Do it in spite of the time that it should wait.
    ForceStep,
    /// Look at the keys again.
    ShowKeys,
    /// The certificate that signs ends soon: prepare the next key.
    ReplaceExpiringKey,
    /// The certificate that signs ends soon: let the next key take over.
    ActivateBeforeExpiry,
    /// The certificate of the next key ends soon: withdraw it.
    ReplaceNextKey,
    /// Rows that cannot be read, by what commands accept to name them.
    RepairOrRemoveApplication(String),
    RemoveDraft(String),
    RemoveKey(String),
    ListUnreadable,
    /// Start the daemon, which sets up the database.
    Serve,
    /// Say what a metadata source is to be called.
    GiveSourceName,
    AddUser,
    /// Make somebody else an owner first.
    AddOwner,
    AddApplication,
    /// Open an application to chosen people and groups alone.
    RestrictAccess,
    ListUsers,
    ListGroups,
    /// Undo the deletion of a user.
    RestoreUser(Email),
    EnableUser(Email),
    SetPassword(Email),
}

/// A value of a user that an administrator can set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UserValue {
    GivenName,
    FamilyName,
    UserName,
    /// An attribute of the user's own, by its name.
    Own(String),
}

/// What fixes that for which a code stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fix {
    /// Words that name no command, and so are the same everywhere.
    Words(&'static str),
    RegisterCertificate,
    /// The application has changed its certificate.
    ReplaceCertificate,
    /// Or let an application that cannot sign send its requests unsigned.
    SignRequests,
    /// Try again, or get a new password.
    ResetPassword,
    /// Correct the address, or the settings of mail.
    TestMail,
    /// Wait, or let the pause be lifted.
    LiftPause,
    RegisterLogoutUrls,
    AllowIdpInitiated,
    RegisterApplication,
    EnableImported,
    RenewMetadata,
    EnableApplication,
    /// A client of OpenID Connect.
    RegisterClient,
    RegisterRedirectUri,
    /// Or compare the one that the application has.
    NewClientSecret,
    /// The connection was reset.
    RegisterNewUrls,
    PasteOurUrls,
    /// Or leave `AssertionConsumerServiceIndex` out.
    RegisterMetadataAgain,
    GiveAttribute,
    /// Or leave it as it is: it may be meant.
    GiveAccess,
}

/// The command that fixes that for which a code stands, or shows where to look; most are about the application whose
/// message was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FixCommand {
    AddCertificate,
    AllowIdpInitiated,
    EnableApplication,
    ListApplications,
    ListClientSecrets,
    ListAttributes,
    ListImported,
    ListSources,
    /// Register one more ACS, and keep the others.
    RegisterAcs,
    /// Register one more redirect URI, and keep the others.
    RegisterRedirectUri,
    SecondFactor,
    SetPassword,
    ShowAccess,
    ShowApplication,
}

/// What is the matter, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub message: String,
    pub remedy: Option<Remedy>,
}

impl Finding {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: None,
        }
    }

    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self {
            remedy: Some(remedy),
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Remediable for Finding {
    fn remedy(&self) -> Option<Remedy> {
        self.remedy.clone()
    }
}

/// The words of a surface for a remedy. They follow the message, and begin with what separates the two.
pub type RemedyWords = fn(&Remedy) -> String;

/// A message about which something can be done. `Display` says what is the matter, and not what to do.
pub trait Remediable: fmt::Display {
    fn remedy(&self) -> Option<Remedy>;

    /// The message and what to do, in the words of a surface.
    fn with_words(&self, words: RemedyWords) -> String {
        let remedy = self.remedy().as_ref().map(words).unwrap_or_default();
        format!("{self}{remedy}")
    }
}
