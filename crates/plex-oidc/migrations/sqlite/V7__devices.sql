-- What devices asked for that have no browser of their own, until some time after it is answered or over. Once it is approved, the
-- grant has the same code_hash.
-- user_code: a keyed hash. poll_interval: in seconds. polled: when the device asked last.
CREATE TABLE device_requests (
    hash BLOB PRIMARY KEY,
    user_code BLOB NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
    expires INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'denied', 'approved')),
    poll_interval INTEGER NOT NULL,
    polled INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX device_requests_keep_until ON device_requests (keep_until);
