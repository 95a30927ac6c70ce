-- A logout of a session that was over before, or that waited for its browser: whoever sits there now may be
-- somebody else, so that its pages count the applications and name none.
ALTER TABLE logouts ADD COLUMN nameless BOOLEAN NOT NULL DEFAULT FALSE;
