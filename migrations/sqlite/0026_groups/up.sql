-- Groups of people, and who may use which application.
-- A version that does not know them would let everybody in, so it no longer starts.
UPDATE schema_epoch SET oldest_epoch = 3, oldest_binary = '0.1.0';

CREATE TABLE groups (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    -- In lower case, so that no two differ by case alone.
    folded_name TEXT NOT NULL UNIQUE,
    description TEXT,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    added_at TIMESTAMP NOT NULL,
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;

CREATE INDEX group_members_user ON group_members (user_id, group_id);

-- 'everyone', or 'assigned': those in the two tables below.
ALTER TABLE applications ADD COLUMN access TEXT NOT NULL DEFAULT 'everyone';

CREATE TABLE application_users (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (application_id, user_id)
) WITHOUT ROWID;

CREATE INDEX application_users_user ON application_users (user_id);

CREATE TABLE application_groups (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (application_id, group_id)
) WITHOUT ROWID;

CREATE INDEX application_groups_group ON application_groups (group_id);
