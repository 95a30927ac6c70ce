-- What somebody may administer; NULL for whoever only uses applications.
ALTER TABLE users ADD COLUMN role TEXT;
CREATE INDEX users_role ON users (role) WHERE role IS NOT NULL;

-- Links that let somebody in who cannot sign in, each once: a row has the hash of the random token, never the token.
CREATE TABLE one_time_links (
    token_hash BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX one_time_links_user_id ON one_time_links (user_id);
CREATE INDEX one_time_links_expires_at ON one_time_links (expires_at);

-- Where a session was last signed in to: the browser in words, and the client's address.
ALTER TABLE sessions ADD COLUMN device TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;
