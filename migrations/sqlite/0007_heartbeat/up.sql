-- What a daemon writes when nobody else has written for a moment: whether the database takes a write is known by
-- trying.
CREATE TABLE heartbeat (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    at TIMESTAMP NOT NULL
);
INSERT INTO heartbeat (id, at) VALUES (1, '2000-01-01 00:00:00');
