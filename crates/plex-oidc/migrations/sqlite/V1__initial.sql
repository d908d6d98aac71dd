-- Times are whole seconds since 1970. Identifiers of 16 bytes are UUIDs, hashes have 32 bytes.

CREATE TABLE installation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    client_identifier TEXT NOT NULL
) STRICT;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    account_id INTEGER PRIMARY KEY,
    person TEXT NOT NULL,
    updated INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    account_id INTEGER NOT NULL REFERENCES users (account_id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE logins (
    id BLOB PRIMARY KEY,
    cookie_hash BLOB NOT NULL,
    request TEXT NOT NULL,
    client_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (
        state IN ('started', 'pin_adopted', 'approved', 'finished', 'refused', 'cancelled')
    ),
    pin_id INTEGER,
    pin_code TEXT,
    pin_mode TEXT,
    pin_expires INTEGER,
    plex_token_sealed BLOB,
    reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_expires ON logins (expires);

-- A PIN is adopted once, ever: kept until long after Plex has forgotten it.
CREATE TABLE adopted_pins (
    pin_id INTEGER PRIMARY KEY,
    login_id BLOB NOT NULL,
    keep_until INTEGER NOT NULL
) STRICT;
CREATE INDEX adopted_pins_keep_until ON adopted_pins (keep_until);

CREATE TABLE browser_sessions (
    hash BLOB PRIMARY KEY,
    sid BLOB NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES users (account_id) ON DELETE CASCADE,
    auth_time INTEGER NOT NULL,
    created INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    idle_expires INTEGER NOT NULL,
    absolute_expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX browser_sessions_account ON browser_sessions (account_id);

-- Each grant was issued as one authorization code, which stands in the same row; id is the first half of the code's hash.
-- keep_until: the end of the longest-lived thing that hangs on the grant. Only the sweep looks at it, and reads them all: every
-- index is one more page to write for each code and each token, and nobody waits for a sweep, or for the end of an account.
CREATE TABLE grants (
    id BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES users (account_id) ON DELETE CASCADE,
    sid BLOB NOT NULL,
    scopes TEXT NOT NULL,
    auth_time INTEGER NOT NULL,
    created INTEGER NOT NULL,
    plex_token_sealed BLOB,
    ended_at INTEGER,
    ended_why TEXT,
    keep_until INTEGER NOT NULL,
    code_hash BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT,
    nonce TEXT,
    code_expires INTEGER NOT NULL,
    code_failures INTEGER NOT NULL DEFAULT 0,
    redeemed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_sid ON grants (sid);

-- No foreign key, and so no index for one: a grant is kept until its access tokens are over, they are swept when they are over,
-- and one whose grant is gone opens nothing. They are few, since they live for minutes.
CREATE TABLE access_tokens (
    hash BLOB PRIMARY KEY,
    grant_id BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- consumed_as: 'rotated' when it was used, 'superseded' when it died unused in favour of a sibling. A family lies together: a
-- rotation changes one place.
CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL UNIQUE,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    idle_expires INTEGER NOT NULL,
    absolute_expires INTEGER NOT NULL,
    used_at INTEGER,
    consumed_at INTEGER,
    consumed_as TEXT CHECK (consumed_as IN ('rotated', 'superseded')),
    successor BLOB,
    PRIMARY KEY (grant_id, hash),
    CHECK ((consumed_at IS NULL) = (consumed_as IS NULL))
) STRICT, WITHOUT ROWID;
-- At most one live leaf in a family, whatever the program does (I-04).
CREATE UNIQUE INDEX refresh_tokens_live ON refresh_tokens (grant_id) WHERE consumed_at IS NULL;

-- What is read back whole. Each column is called "table.column", so that an odd value can be named exactly.
CREATE VIEW grant_details AS
SELECT
    g.id AS "grants.id", g.client_id AS "grants.client_id", g.sid AS "grants.sid", g.scopes AS "grants.scopes",
    g.auth_time AS "grants.auth_time", g.created AS "grants.created",
    g.plex_token_sealed AS "grants.plex_token_sealed", g.ended_at AS "grants.ended_at",
    g.code_hash AS "grants.code_hash", g.redirect_uri AS "grants.redirect_uri",
    g.code_challenge AS "grants.code_challenge", g.nonce AS "grants.nonce", g.code_expires AS "grants.code_expires",
    g.code_failures AS "grants.code_failures", g.redeemed_at AS "grants.redeemed_at",
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM grants AS g JOIN users AS u ON u.account_id = g.account_id;

CREATE VIEW access_token_details AS
SELECT
    a.hash AS "access_tokens.hash", a.scopes AS "access_tokens.scopes", a.created AS "access_tokens.created",
    a.expires AS "access_tokens.expires", d.*
FROM access_tokens AS a JOIN grant_details AS d ON d."grants.id" = a.grant_id;

CREATE VIEW refresh_token_details AS
SELECT
    r.hash AS "refresh_tokens.hash", r.created AS "refresh_tokens.created",
    r.idle_expires AS "refresh_tokens.idle_expires", r.absolute_expires AS "refresh_tokens.absolute_expires",
    r.consumed_at AS "refresh_tokens.consumed_at", r.consumed_as AS "refresh_tokens.consumed_as",
    r.successor AS "refresh_tokens.successor", d.*
FROM refresh_tokens AS r JOIN grant_details AS d ON d."grants.id" = r.grant_id;

CREATE VIEW browser_session_details AS
SELECT
    s.hash AS "browser_sessions.hash", s.sid AS "browser_sessions.sid",
    s.auth_time AS "browser_sessions.auth_time", s.created AS "browser_sessions.created",
    s.last_seen AS "browser_sessions.last_seen", s.idle_expires AS "browser_sessions.idle_expires",
    s.absolute_expires AS "browser_sessions.absolute_expires",
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM browser_sessions AS s JOIN users AS u ON u.account_id = s.account_id;
