-- A waiting change is named by random digits: whoever publishes metadata chooses its bytes, and so part of their hash.
ALTER TABLE application_sources ADD COLUMN waiting_id TEXT;
UPDATE application_sources SET waiting_id = lower(hex(randomblob(8))) WHERE waiting IS NOT NULL;
