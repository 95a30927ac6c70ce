-- Ids and names are text, times are UTC to the microsecond, bearer secrets lie here as their SHA-256.

-- Which binaries can work with these tables: those whose epoch is at least `oldest_epoch`.
CREATE TABLE schema_epoch (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    oldest_epoch BIGINT NOT NULL,
    oldest_binary TEXT NOT NULL
);
INSERT INTO schema_epoch (id, oldest_epoch, oldest_binary) VALUES (1, 1, '0.1.0');

CREATE TABLE installation (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    entity_id TEXT NOT NULL,
    base_url TEXT NOT NULL,
    generation BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    stable_id TEXT NOT NULL,
    email TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_stable_id ON users (stable_id);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE user_passwords (
    user_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    phc TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL
) WITHOUT ROWID;

CREATE TABLE applications (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('chatgpt_legacy', 'chatgpt_current', 'saml')),
    enabled BOOLEAN NOT NULL,
    tile_url TEXT,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX applications_slug ON applications (slug);

CREATE TABLE saml_service_providers (
    application_id TEXT PRIMARY KEY NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    slo_location TEXT,
    slo_response_location TEXT,
    require_signed_requests BOOLEAN NOT NULL,
    allow_idp_initiated BOOLEAN NOT NULL
) WITHOUT ROWID;
-- Not unique: two applications may share a name; their consumers tell them apart.
CREATE INDEX saml_service_providers_entity_id ON saml_service_providers (entity_id);

CREATE TABLE saml_consumers (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    location TEXT NOT NULL,
    idx BIGINT,
    PRIMARY KEY (application_id, position)
) WITHOUT ROWID;

CREATE TABLE saml_certificates (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    der BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    subject TEXT NOT NULL,
    not_before TIMESTAMP NOT NULL,
    not_after TIMESTAMP NOT NULL,
    PRIMARY KEY (application_id, position)
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    token_hash BLOB NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seed BLOB NOT NULL,
    authenticated_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    idle_expires_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    end_reason TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_idle_expires_at ON sessions (idle_expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Written at each sign-on, as are answered_requests and audit_events: every index here is paid for there.
CREATE TABLE session_participants (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    session_index TEXT NOT NULL,
    name_id_format TEXT NOT NULL,
    name_id TEXT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    PRIMARY KEY (session_id, application_id)
) WITHOUT ROWID;
CREATE INDEX session_participants_index ON session_participants (application_id, session_index);

CREATE TABLE app_identities (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    first_name_id TEXT NOT NULL,
    first_email TEXT NOT NULL,
    last_name_id TEXT NOT NULL,
    last_email TEXT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (application_id, user_id)
) WITHOUT ROWID;

CREATE TABLE waiting_sign_ons (
    id TEXT PRIMARY KEY NOT NULL,
    handle BLOB NOT NULL,
    browser BLOB NOT NULL,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    request_id TEXT NOT NULL,
    consumer TEXT NOT NULL,
    relay_state TEXT,
    force_authn BOOLEAN NOT NULL,
    subject TEXT,
    address TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX waiting_sign_ons_handle ON waiting_sign_ons (handle);
CREATE INDEX waiting_sign_ons_expires_at ON waiting_sign_ons (expires_at);
CREATE INDEX waiting_sign_ons_address ON waiting_sign_ons (address, created_at);

CREATE TABLE answered_requests (
    application_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (application_id, request_id)
) WITHOUT ROWID;
-- No index on expires_at: the rows of ten minutes are few enough to be looked through by housekeeping.

CREATE TABLE seen_ids (
    kind TEXT NOT NULL,
    issuer TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (kind, issuer, value)
) WITHOUT ROWID;
CREATE INDEX seen_ids_expires_at ON seen_ids (expires_at);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    sealed BLOB NOT NULL,
    certificate BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (state) WHERE state = 'active';

CREATE TABLE login_throttle (
    bucket TEXT PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until TIMESTAMP NOT NULL,
    forget_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX login_throttle_forget_at ON login_throttle (forget_at);

CREATE TABLE known_devices (
    token_hash BLOB PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX known_devices_user_id ON known_devices (user_id);
CREATE INDEX known_devices_expires_at ON known_devices (expires_at);

-- Refers to nothing: what was decided stays known when its person or application is gone.
CREATE TABLE audit_events (
    id TEXT PRIMARY KEY NOT NULL,
    at TIMESTAMP NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT,
    user_id TEXT,
    application_id TEXT,
    session_id TEXT,
    address TEXT,
    request_id TEXT,
    occurrences BIGINT NOT NULL,
    fold_key TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX audit_events_fold_key ON audit_events (fold_key) WHERE fold_key IS NOT NULL;
