ALTER TABLE saml_service_providers DROP COLUMN authn_context;
ALTER TABLE applications DROP COLUMN second_factor_from;
ALTER TABLE applications DROP COLUMN second_factor;
ALTER TABLE groups DROP COLUMN second_factor_from;
ALTER TABLE groups DROP COLUMN second_factor;
ALTER TABLE known_devices DROP COLUMN second_factor_until;
ALTER TABLE known_devices DROP COLUMN second_factor_given;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
