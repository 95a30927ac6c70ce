-- What differs from one service provider to the next: how it is answered, what it is told, by which name.

UPDATE schema_epoch SET oldest_epoch = 2, oldest_binary = '0.1.0';

ALTER TABLE users ADD COLUMN user_name TEXT;
CREATE UNIQUE INDEX users_user_name ON users (user_name);

-- What an administrator says of a person beside the account itself; several rows are several values.
CREATE TABLE user_attributes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, name, position)
) WITHOUT ROWID;

ALTER TABLE saml_service_providers ADD COLUMN slo_binding TEXT;
UPDATE saml_service_providers SET slo_binding = 'redirect' WHERE slo_location IS NOT NULL;
ALTER TABLE saml_service_providers ADD COLUMN name_id_format TEXT NOT NULL DEFAULT 'email';
ALTER TABLE saml_service_providers ADD COLUMN default_relay_state TEXT;
ALTER TABLE saml_service_providers ADD COLUMN signs TEXT NOT NULL DEFAULT 'both';
ALTER TABLE saml_service_providers ADD COLUMN signature_algorithm TEXT NOT NULL DEFAULT 'rsa-sha256';
ALTER TABLE saml_service_providers ADD COLUMN encryption TEXT;

ALTER TABLE saml_certificates ADD COLUMN purpose TEXT NOT NULL DEFAULT 'signing';

CREATE TABLE saml_attributes (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_format TEXT NOT NULL,
    friendly_name TEXT,
    source TEXT NOT NULL,
    source_value TEXT,
    lower_case BOOLEAN NOT NULL,
    joined_by TEXT,
    required BOOLEAN NOT NULL,
    PRIMARY KEY (application_id, position)
) WITHOUT ROWID;
-- What every application was told until now.
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 0, 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress', 'uri', 'email', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 1, 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname', 'uri', 'given_name', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 2, 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname', 'uri', 'family_name', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 3, 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name', 'uri', 'full_name', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 4, 'id', 'basic', 'user_id', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 5, 'email', 'basic', 'email', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 6, 'firstName', 'basic', 'given_name', FALSE, TRUE FROM applications;
INSERT INTO saml_attributes (application_id, position, name, name_format, source, lower_case, required)
    SELECT id, 7, 'lastName', 'basic', 'family_name', FALSE, TRUE FROM applications;

-- A persistent name is never given to another person, also when its person is gone or has another one now:
-- rows are only added.
CREATE TABLE persistent_name_ids (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    user_id TEXT NOT NULL,
    is_current BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (application_id, value)
) WITHOUT ROWID;
CREATE UNIQUE INDEX persistent_name_ids_current ON persistent_name_ids (application_id, user_id) WHERE is_current;

ALTER TABLE session_participants ADD COLUMN name_qualifier TEXT;
ALTER TABLE session_participants ADD COLUMN sp_name_qualifier TEXT;

ALTER TABLE waiting_sign_ons ADD COLUMN is_passive BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE waiting_sign_ons ADD COLUMN subject_format TEXT;
ALTER TABLE waiting_sign_ons ADD COLUMN name_id_format TEXT NOT NULL DEFAULT 'email';
ALTER TABLE waiting_sign_ons ADD COLUMN context_class TEXT NOT NULL
    DEFAULT 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
ALTER TABLE waiting_sign_ons ADD COLUMN login_hint TEXT;
