-- A logout under way: our own sessions have ended, the applications of their person are told one after the
-- other. `browser` is the hash of a cookie: no other browser goes on with it.
CREATE TABLE logouts (
    id TEXT PRIMARY KEY NOT NULL,
    browser BLOB NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    initiator_id TEXT,
    request_id TEXT,
    relay_state TEXT,
    wants_answer BOOLEAN NOT NULL,
    started_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    CHECK ((initiator_id IS NULL) = (request_id IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX logouts_browser ON logouts (browser);
CREATE INDEX logouts_expires_at ON logouts (expires_at);

-- An application in one session, by the name that it knows. session_id and application_id refer to nothing:
-- either may be gone before the logout is, and whoever was told of the session counts all the same.
CREATE TABLE logout_hops (
    logout_id TEXT NOT NULL REFERENCES logouts (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    session_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    session_index TEXT NOT NULL,
    name_id_format TEXT NOT NULL,
    name_id TEXT NOT NULL,
    name_qualifier TEXT,
    sp_name_qualifier TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'asked', 'confirmed', 'refused', 'unconfirmed', 'no_address')),
    request_id TEXT,
    asked_at TIMESTAMP,
    PRIMARY KEY (logout_id, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX logout_hops_request_id ON logout_hops (request_id) WHERE request_id IS NOT NULL;
