-- What the host says of an account, whether it ever signed in or not. marks: JSON. No row: nothing.
CREATE TABLE marks (
    account_id INTEGER PRIMARY KEY,
    marks TEXT NOT NULL
) STRICT;

-- What somebody who was refused asked the host for, until some time after it was asked or answered.
-- door: the client. wish: what would help. asked_at of a request that waits is when it was made. block: of addresses, as text.
CREATE TABLE access_requests (
    account_id INTEGER NOT NULL,
    door TEXT NOT NULL,
    wish TEXT NOT NULL CHECK (wish IN ('share', 'open', 'name')),
    account_name TEXT NOT NULL,
    account_email TEXT,
    said TEXT,
    address TEXT NOT NULL,
    block TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('opened', 'named', 'shared', 'declined')),
    answer_said TEXT,
    answered_at INTEGER,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (account_id, door)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_requests_keep_until ON access_requests (keep_until);

-- What the host says comes along wherever a person is read.
DROP VIEW grant_details;
CREATE VIEW grant_details AS
SELECT
    g.id AS "grants.id", g.client_id AS "grants.client_id", g.sid AS "grants.sid", g.scopes AS "grants.scopes",
    g.auth_time AS "grants.auth_time", g.created AS "grants.created",
    g.plex_token_sealed AS "grants.plex_token_sealed", g.ended_at AS "grants.ended_at",
    g.requested_claims AS "grants.requested_claims", g.resources AS "grants.resources",
    g.code_hash AS "grants.code_hash", g.redirect_uri AS "grants.redirect_uri",
    g.code_challenge AS "grants.code_challenge", g.nonce AS "grants.nonce", g.code_expires AS "grants.code_expires",
    g.code_failures AS "grants.code_failures", g.redeemed_at AS "grants.redeemed_at",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM grants AS g JOIN users AS u ON u.account_id = g.account_id;

DROP VIEW browser_session_details;
CREATE VIEW browser_session_details AS
SELECT
    s.hash AS "browser_sessions.hash", s.sid AS "browser_sessions.sid",
    s.auth_time AS "browser_sessions.auth_time", s.created AS "browser_sessions.created",
    s.last_seen AS "browser_sessions.last_seen", s.idle_expires AS "browser_sessions.idle_expires",
    s.absolute_expires AS "browser_sessions.absolute_expires",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM browser_sessions AS s JOIN users AS u ON u.account_id = s.account_id;

DROP VIEW app_token_details;
CREATE VIEW app_token_details AS
SELECT
    t.id AS "app_tokens.id", t.name AS "app_tokens.name", t.hash AS "app_tokens.hash",
    t.apps AS "app_tokens.apps", t.created AS "app_tokens.created", t.expires AS "app_tokens.expires",
    t.last_used AS "app_tokens.last_used",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM app_tokens AS t JOIN users AS u ON u.account_id = t.account_id;

DROP VIEW local_account_details;
CREATE VIEW local_account_details AS
SELECT
    l.username AS "local_accounts.username", l.email AS "local_accounts.email",
    l.password_hash AS "local_accounts.password_hash", l.declared AS "local_accounts.declared",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM local_accounts AS l JOIN users AS u ON u.account_id = l.account_id;
