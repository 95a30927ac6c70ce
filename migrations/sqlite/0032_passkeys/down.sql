ALTER TABLE installation DROP COLUMN passkey_rp_id;
ALTER TABLE second_factors DROP COLUMN rp_id;
DROP INDEX second_factors_credential;
ALTER TABLE second_factors DROP COLUMN credential_id;
