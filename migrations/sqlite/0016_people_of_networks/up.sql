-- Who has signed in from where of late: a network of many people has more free tries than one of nobody.
CREATE TABLE network_people (
    network TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (network, user_id)
) WITHOUT ROWID;
CREATE INDEX network_people_user_id ON network_people (user_id);
CREATE INDEX network_people_expires_at ON network_people (expires_at);
