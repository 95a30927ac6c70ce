//! What can be done to an installation, and who may.

use crate::model::audit_action::AuditAction;

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UseCase {
    /// Who there is, and what is known of them.
    ReadPeople,
    /// Groups and who is in them.
    ReadGroups,
    ReadApplications,
    /// Where metadata comes from, and what it lists.
    ReadMetadataSources,
    ReadKeys,
    ReadAuditLog,
    /// Rows that cannot be read, and whether mail works.
    ReadInstallation,
    /// Another address for a person: whoever reads its mail gets in.
    ChangeEmail,
    /// A change that the audit log records.
    Change(AuditAction),
}

/// What a role has to hold for a use case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permission {
    ReadPeople,
    Read,
    /// Letting people in, and their sessions.
    Help,
    Administer,
    /// Roles, and the installation as a whole.
    Own,
    /// No person does it by their role: Hallpass itself, a visitor for themselves, or the server's own console.
    NoRole,
}

impl UseCase {
    const OTHERS: [Self; 8] = [
        Self::ReadPeople,
        Self::ReadGroups,
        Self::ReadApplications,
        Self::ReadMetadataSources,
        Self::ReadKeys,
        Self::ReadAuditLog,
        Self::ReadInstallation,
        Self::ChangeEmail,
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        let changes = AuditAction::ALL.into_iter().map(Self::Change);
        Self::OTHERS.into_iter().chain(changes)
    }

    /// For the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadPeople => "read people",
            Self::ReadGroups => "read groups",
            Self::ReadApplications => "read applications",
            Self::ReadMetadataSources => "read metadata sources",
            Self::ReadKeys => "read keys",
            Self::ReadAuditLog => "read audit log",
            Self::ReadInstallation => "read installation",
            Self::ChangeEmail => "change e-mail",
            Self::Change(action) => action.as_str(),
        }
    }

    pub const fn permission(self) -> Permission {
        match self {
            Self::ReadPeople | Self::ReadGroups => Permission::ReadPeople,
            Self::ReadApplications
            | Self::ReadMetadataSources
            | Self::ReadKeys
            | Self::ReadAuditLog
            | Self::ReadInstallation => Permission::Read,
            Self::ChangeEmail => Permission::Administer,
            Self::Change(action) => of_change(action),
        }
    }

    /// Whether it asks for a fresh authentication: an open browser that somebody left must not be enough to take over
    /// an account or the installation.
    pub const fn is_sensitive(self) -> bool {
        match self {
            Self::ReadPeople
            | Self::ReadGroups
            | Self::ReadApplications
            | Self::ReadMetadataSources
            | Self::ReadKeys
            | Self::ReadAuditLog
            | Self::ReadInstallation => false,
            Self::ChangeEmail => true,
            Self::Change(action) => is_sensitive_change(action),
        }
    }
}

const fn of_change(action: AuditAction) -> Permission {
    match action {
        AuditAction::SingleSignOn
        | AuditAction::SignIn
        | AuditAction::Logout
        | AuditAction::SingleLogout
        | AuditAction::Token
        | AuditAction::OidcKey
        | AuditAction::UserChangePassword
        | AuditAction::UserEmailRequest
        | AuditAction::UserEmailChange
        | AuditAction::UserEmailUndo
        | AuditAction::UserErase
        | AuditAction::UserDeviceLink
        | AuditAction::StepUp
        | AuditAction::SecondFactorAdd
        | AuditAction::SecondFactorForget
        | AuditAction::PasskeyCounter
        | AuditAction::RecoveryCodes
        | AuditAction::UserRescue
        | AuditAction::MailFailed => Permission::NoRole,
        AuditAction::UserSetPassword
        | AuditAction::UserUnlock
        | AuditAction::SecondFactorRemove
        | AuditAction::UserInvite
        | AuditAction::UserRecoveryLink
        | AuditAction::GrantEnd
        | AuditAction::SessionEnd => Permission::Help,
        AuditAction::UserAdd
        | AuditAction::UserEdit
        | AuditAction::UserEnable
        | AuditAction::UserDisable
        | AuditAction::UserDelete
        | AuditAction::UserNameId
        | AuditAction::UserPin
        | AuditAction::GroupAdd
        | AuditAction::GroupEdit
        | AuditAction::GroupRemove
        | AuditAction::GroupMember
        | AuditAction::ApplicationAdd
        | AuditAction::ApplicationEdit
        | AuditAction::ClientSecret
        | AuditAction::Domain
        | AuditAction::ApplicationAccess
        | AuditAction::ApplicationEnable
        | AuditAction::ApplicationEnableRule
        | AuditAction::ApplicationDisable
        | AuditAction::ApplicationRemove
        | AuditAction::ApplicationRepair
        | AuditAction::ApplicationPreview
        | AuditAction::ApplicationDraft
        | AuditAction::ApplicationMetadata
        | AuditAction::ApplicationSource
        | AuditAction::ApplicationConfirm
        | AuditAction::MetadataSource
        | AuditAction::KeyPrepare
        | AuditAction::KeyActivate
        | AuditAction::KeyBack
        | AuditAction::KeyRetire
        | AuditAction::KeyCancel
        | AuditAction::KeyRemove
        | AuditAction::KeyConfirm
        | AuditAction::MailSent => Permission::Administer,
        AuditAction::UserRole
        | AuditAction::PasskeyMove
        | AuditAction::KeyReseal
        | AuditAction::DatabaseBackup
        | AuditAction::DatabaseRestore
        | AuditAction::DatabaseMove => Permission::Own,
    }
}

const fn is_sensitive_change(action: AuditAction) -> bool {
    match action {
        AuditAction::UserSetPassword
        | AuditAction::UserInvite
        | AuditAction::UserRecoveryLink
        | AuditAction::UserRescue
        | AuditAction::UserRole
        | AuditAction::SecondFactorRemove
        | AuditAction::PasskeyMove
        | AuditAction::UserDelete
        | AuditAction::UserNameId
        | AuditAction::UserPin
        | AuditAction::ApplicationRemove
        | AuditAction::ClientSecret
        | AuditAction::Domain
        | AuditAction::KeyPrepare
        | AuditAction::KeyActivate
        | AuditAction::KeyBack
        | AuditAction::KeyRetire
        | AuditAction::KeyCancel
        | AuditAction::KeyRemove
        | AuditAction::KeyReseal
        | AuditAction::DatabaseBackup
        | AuditAction::DatabaseRestore
        | AuditAction::DatabaseMove => true,
        AuditAction::SingleSignOn
        | AuditAction::SignIn
        | AuditAction::Logout
        | AuditAction::SingleLogout
        | AuditAction::Token
        | AuditAction::GrantEnd
        | AuditAction::OidcKey
        | AuditAction::UserAdd
        | AuditAction::UserEdit
        | AuditAction::UserEnable
        | AuditAction::UserDisable
        | AuditAction::UserChangePassword
        | AuditAction::UserEmailRequest
        | AuditAction::UserEmailChange
        | AuditAction::UserEmailUndo
        | AuditAction::UserUnlock
        | AuditAction::SessionEnd
        | AuditAction::UserErase
        | AuditAction::UserDeviceLink
        | AuditAction::StepUp
        | AuditAction::SecondFactorAdd
        | AuditAction::SecondFactorForget
        | AuditAction::PasskeyCounter
        | AuditAction::RecoveryCodes
        | AuditAction::GroupAdd
        | AuditAction::GroupEdit
        | AuditAction::GroupRemove
        | AuditAction::GroupMember
        | AuditAction::ApplicationAdd
        | AuditAction::ApplicationEdit
        | AuditAction::ApplicationAccess
        | AuditAction::ApplicationEnable
        | AuditAction::ApplicationEnableRule
        | AuditAction::ApplicationDisable
        | AuditAction::ApplicationRepair
        | AuditAction::ApplicationPreview
        | AuditAction::ApplicationDraft
        | AuditAction::ApplicationMetadata
        | AuditAction::ApplicationSource
        | AuditAction::ApplicationConfirm
        | AuditAction::MetadataSource
        | AuditAction::KeyConfirm
        | AuditAction::MailSent
        | AuditAction::MailFailed => false,
    }
}
