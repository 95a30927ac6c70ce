ALTER TABLE application_sources DROP COLUMN waiting_id;
