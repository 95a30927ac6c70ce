-- Work that is done outside of any request, and again if it fails: mail. `payload` is sealed, and NULL once the work is
-- done or given up. Whoever does it holds it by `lease` until `leased_until`.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    payload BYTEA,
    run_at TIMESTAMP NOT NULL,
    attempts BIGINT NOT NULL,
    lease BYTEA,
    leased_until TIMESTAMP,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    done_at TIMESTAMP
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE done_at IS NULL;
CREATE INDEX jobs_user_id ON jobs (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX jobs_expires_at ON jobs (expires_at);
