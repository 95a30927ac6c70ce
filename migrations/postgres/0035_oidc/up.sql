-- The issuer of OpenID Connect: fixed at the first start, as the entity ID is.
ALTER TABLE installation ADD COLUMN issuer TEXT;

-- An application with a row here speaks OpenID Connect. What it receives of people stands in saml_attributes, whose name
-- is older than this.
CREATE TABLE oidc_clients (
    application_id TEXT PRIMARY KEY NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL UNIQUE,
    client_type TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    id_token_algorithm TEXT NOT NULL,
    claims_in_id_token BOOLEAN NOT NULL,
    access_token_format TEXT NOT NULL,
    refresh TEXT NOT NULL,
    keys_on TEXT
);

CREATE TABLE oidc_redirect_uris (
    application_id TEXT NOT NULL REFERENCES oidc_clients (application_id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    uri TEXT NOT NULL,
    PRIMARY KEY (application_id, position)
);

-- Each works until it ends, so that a client can change to a new one before the old one goes.
CREATE TABLE oidc_client_secrets (
    id TEXT PRIMARY KEY NOT NULL,
    application_id TEXT NOT NULL REFERENCES oidc_clients (application_id) ON DELETE CASCADE,
    sha256 BYTEA NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP
);
CREATE INDEX oidc_client_secrets_application_id ON oidc_client_secrets (application_id);

-- The keys that sign tokens; 'next', 'active' or 'retired'.
CREATE TABLE oidc_keys (
    id TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed BYTEA,
    public BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    since TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX oidc_keys_active ON oidc_keys (algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX oidc_keys_next ON oidc_keys (algorithm) WHERE state = 'next';

-- What a client was granted at one sign-in; its code and its tokens refer to it.
CREATE TABLE oidc_grants (
    id TEXT PRIMARY KEY NOT NULL,
    application_id TEXT NOT NULL REFERENCES oidc_clients (application_id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    -- Whether it goes on when the session has ended.
    outlives_session BOOLEAN NOT NULL,
    scope TEXT NOT NULL,
    resource TEXT NOT NULL,
    id_token_claims TEXT NOT NULL,
    userinfo_claims TEXT NOT NULL,
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    auth_time TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    -- When a successor was handed out once more although the grace had passed: an answer was lost, once.
    recovered_at TIMESTAMP
);
CREATE INDEX oidc_grants_application_id ON oidc_grants (application_id);
CREATE INDEX oidc_grants_user_id ON oidc_grants (user_id);
CREATE INDEX oidc_grants_expires_at ON oidc_grants (expires_at);
CREATE INDEX oidc_grants_ended_at ON oidc_grants (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE authorization_codes (
    sha256 BYTEA PRIMARY KEY NOT NULL,
    grant_id TEXT NOT NULL REFERENCES oidc_grants (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT,
    nonce TEXT,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX authorization_codes_grant_id ON authorization_codes (grant_id);

-- One that was rotated keeps its successor, sealed, for a client that lost the answer.
CREATE TABLE refresh_tokens (
    sha256 BYTEA PRIMARY KEY NOT NULL,
    grant_id TEXT NOT NULL REFERENCES oidc_grants (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    rotated_at TIMESTAMP,
    successor_sha256 BYTEA,
    successor BYTEA
);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_grant_id ON refresh_tokens (grant_id);

CREATE TABLE access_tokens (
    sha256 BYTEA PRIMARY KEY NOT NULL,
    grant_id TEXT NOT NULL REFERENCES oidc_grants (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    audience TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX access_tokens_grant_id ON access_tokens (grant_id);
CREATE INDEX access_tokens_expires_at ON access_tokens (expires_at);

-- The address of which a person opened a link; another address of theirs is not verified by it.
CREATE TABLE verified_emails (
    user_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    verified_at TIMESTAMP NOT NULL
);

-- Domains that an administrator has declared the organisation's own: every address in them counts as verified.
CREATE TABLE organisation_domains (
    domain TEXT PRIMARY KEY NOT NULL,
    added_at TIMESTAMP NOT NULL
);

-- Whether a link went to its person by mail: one that was handed over verifies no address.
ALTER TABLE one_time_links ADD COLUMN mailed BOOLEAN NOT NULL DEFAULT FALSE;
