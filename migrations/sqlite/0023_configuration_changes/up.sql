-- What each generation changed: an application's id, or `identity`, `drafts`, `applications`. A version that knows
-- nothing of this raises the generation alone: of a generation without rows nobody knows what it changed.
CREATE TABLE configuration_changes (
    generation BIGINT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (generation, subject)
) WITHOUT ROWID;
