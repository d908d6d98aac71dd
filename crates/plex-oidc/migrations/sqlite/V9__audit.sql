-- Who did what. A number is never given twice, so that whoever reads along can go on after the last one seen.
-- done_by: an account id as text, or a word.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    done_by TEXT NOT NULL,
    account_id INTEGER,
    name TEXT,
    target TEXT,
    address TEXT,
    detail TEXT
) STRICT;
CREATE INDEX audit_what ON audit (what);

-- Links by which the owner reaches the host's page without Plex: one at most.
CREATE TABLE admin_links (
    hash BLOB PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Visits to the host's page that began with such a link. No user is needed for one, and no grant ever hangs on it.
CREATE TABLE host_sessions (
    hash BLOB PRIMARY KEY,
    account_id INTEGER NOT NULL,
    began INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
