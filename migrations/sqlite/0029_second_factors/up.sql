-- Second factors, recovery codes, and who has to have one.
CREATE TABLE second_factors (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- 'totp'
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The secret, sealed.
    sealed BLOB NOT NULL,
    -- The last time step whose code was accepted: each is accepted once.
    last_step BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP
);

CREATE INDEX second_factors_user ON second_factors (user_id);

-- Those that were not used yet.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sha256 BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, sha256)
) WITHOUT ROWID;

-- Whether its user has given a second factor on the device: attempts there are counted apart.
ALTER TABLE known_devices ADD COLUMN second_factor_given BOOLEAN NOT NULL DEFAULT FALSE;
-- Until when a second factor is not asked for on the device.
ALTER TABLE known_devices ADD COLUMN second_factor_until TIMESTAMP;

-- 'never', 'offered' or 'required', this from a time on; none: what is set for the whole installation.
ALTER TABLE groups ADD COLUMN second_factor TEXT;
ALTER TABLE groups ADD COLUMN second_factor_from TIMESTAMP;
ALTER TABLE applications ADD COLUMN second_factor TEXT;
ALTER TABLE applications ADD COLUMN second_factor_from TIMESTAMP;

-- Which class a response names if the request asks for none: 'proven', or 'password' whatever else was proved.
ALTER TABLE saml_service_providers ADD COLUMN authn_context TEXT NOT NULL DEFAULT 'proven';
