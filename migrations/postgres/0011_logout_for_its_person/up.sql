-- A logout that waits for the person's own browser: the SHA-256 of the cookie of the session that ended. It is
-- taken away when that browser comes, and only the browser that shows that cookie is led on.
ALTER TABLE logouts ADD COLUMN session_token BYTEA;
CREATE UNIQUE INDEX logouts_session_token ON logouts (session_token) WHERE session_token IS NOT NULL;

-- A LogoutRequest that came as a form of another site, and so without cookies: it is answered, or led on, at the
-- GET that follows it. `applications` are the ids of its sender, the one that is answered first. Without a
-- SessionIndex the request names its session by name, and the GET decides which one ends.
CREATE TABLE posted_logouts (
    id TEXT PRIMARY KEY NOT NULL,
    browser BYTEA NOT NULL,
    applications TEXT NOT NULL,
    request_id TEXT NOT NULL,
    relay_state TEXT,
    wants_answer BOOLEAN NOT NULL,
    by_name BOOLEAN NOT NULL,
    name_id_format TEXT NOT NULL,
    name_id TEXT NOT NULL,
    name_qualifier TEXT,
    sp_name_qualifier TEXT,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX posted_logouts_expires_at ON posted_logouts (expires_at);
