-- Passkeys are second factors of the kind 'passkey': `sealed` is the public key, `last_step` the sign counter.
-- By which a browser names the passkey that a person chose.
ALTER TABLE second_factors ADD COLUMN credential_id BLOB;
CREATE UNIQUE INDEX second_factors_credential ON second_factors (credential_id) WHERE credential_id IS NOT NULL;
-- The domain that the passkey is for.
ALTER TABLE second_factors ADD COLUMN rp_id TEXT;

-- The domain that new passkeys are for; stored at the first enrolment.
ALTER TABLE installation ADD COLUMN passkey_rp_id TEXT;
