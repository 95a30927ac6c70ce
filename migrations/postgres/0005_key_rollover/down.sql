DROP TABLE application_key_follow;
DROP TABLE application_drafts;
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_sealed_check;
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_state_check;
DROP INDEX signing_keys_state;
UPDATE signing_keys SET state = CASE state WHEN 'active' THEN 'active' ELSE 'retired' END,
    sealed = coalesce(sealed, '\x'::bytea);
ALTER TABLE signing_keys ALTER COLUMN sealed SET NOT NULL;
ALTER TABLE signing_keys DROP COLUMN since;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_state_check CHECK (state IN ('active', 'retired'));
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (state) WHERE state = 'active';
