-- By what an application knows people: 'nameid', 'email' or 'id'; NULL where nobody said.
ALTER TABLE saml_service_providers ADD COLUMN keys_on TEXT;

-- The address that an application keeps receiving for a person, whatever theirs is. It stays reserved for them.
ALTER TABLE app_identities ADD COLUMN pinned_email TEXT;
CREATE INDEX app_identities_user_id ON app_identities (user_id);
CREATE INDEX app_identities_pinned_email ON app_identities (pinned_email) WHERE pinned_email IS NOT NULL;

-- Changes of their own address that people asked for: first the new address has a link that confirms it, and once that
-- was used, the old address has one that undoes it. Of each token a row has the hash.
CREATE TABLE email_changes (
    confirm_hash BYTEA PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    old_email TEXT NOT NULL,
    new_email TEXT NOT NULL,
    requested_at TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP,
    undo_hash BYTEA,
    -- Of the link that works at the time.
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX email_changes_user_id ON email_changes (user_id);
CREATE INDEX email_changes_old_email ON email_changes (old_email) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX email_changes_undo_hash ON email_changes (undo_hash);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);
