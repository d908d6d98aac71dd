-- Access tokens that clients have for themselves. They hang on no grant: there is no person who could have given one.
CREATE TABLE client_tokens (
    hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- id: the hash of the name that the client gave its assertion. Kept for as long as the assertion would be accepted.
CREATE TABLE used_assertions (
    client_id TEXT NOT NULL,
    id BLOB NOT NULL,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (client_id, id)
) STRICT, WITHOUT ROWID;
