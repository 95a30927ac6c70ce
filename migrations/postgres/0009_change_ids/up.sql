-- A waiting change is named by random digits: whoever publishes metadata chooses its bytes, and so part of their hash.
ALTER TABLE application_sources ADD COLUMN waiting_id TEXT;
UPDATE application_sources SET waiting_id = substr(replace(gen_random_uuid()::text, '-', ''), 17, 16) WHERE waiting IS NOT NULL;
