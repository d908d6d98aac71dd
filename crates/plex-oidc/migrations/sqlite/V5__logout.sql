-- Which clients were given tokens in a browser session, of those that want to be told of its end. A grant may be swept long before.
CREATE TABLE session_clients (
    sid BLOB NOT NULL,
    client_id TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES users (account_id) ON DELETE CASCADE,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (sid, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_clients_account ON session_clients (account_id);

-- Clients to be told that a session has ended. The queue is short, and has no index.
CREATE TABLE logout_notices (
    sid BLOB NOT NULL,
    client_id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER NOT NULL,
    PRIMARY KEY (sid, client_id)
) STRICT, WITHOUT ROWID;
