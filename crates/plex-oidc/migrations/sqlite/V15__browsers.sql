-- The browsers that an account is known in: one row for each account of a browser. hash: of the cookie, which opens nothing.
-- name, address: of its last sign-in. approved: the host need not be asked about it. confirmed: the person need not be told of it.
-- Not every account here is in users: whoever waits for the host has never come in.
CREATE TABLE browsers (
    id BLOB PRIMARY KEY,
    account_id INTEGER NOT NULL,
    hash BLOB NOT NULL,
    name TEXT,
    address TEXT,
    first_used INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX browsers_account ON browsers (account_id, hash);

-- In which browser it began. NULL: before this was kept, or on the command line; the host is not asked about that. One that is
-- not in browsers any more was forgotten.
ALTER TABLE browser_sessions ADD COLUMN browser_id BLOB;
ALTER TABLE grants ADD COLUMN browser_id BLOB;
ALTER TABLE app_tokens ADD COLUMN browser_id BLOB;

DROP VIEW grant_details;
CREATE VIEW grant_details AS
SELECT
    g.id AS "grants.id", g.client_id AS "grants.client_id", g.sid AS "grants.sid", g.scopes AS "grants.scopes",
    g.auth_time AS "grants.auth_time", g.created AS "grants.created",
    g.plex_token_sealed AS "grants.plex_token_sealed", g.ended_at AS "grants.ended_at",
    g.requested_claims AS "grants.requested_claims", g.resources AS "grants.resources",
    g.browser_id AS "browsers.id",
    (SELECT b.approved FROM browsers AS b WHERE b.id = g.browser_id) AS "browsers.approved",
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
    s.browser_id AS "browsers.id",
    (SELECT b.approved FROM browsers AS b WHERE b.id = s.browser_id) AS "browsers.approved",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM browser_sessions AS s JOIN users AS u ON u.account_id = s.account_id;

DROP VIEW app_token_details;
CREATE VIEW app_token_details AS
SELECT
    t.id AS "app_tokens.id", t.name AS "app_tokens.name", t.hash AS "app_tokens.hash",
    t.apps AS "app_tokens.apps", t.created AS "app_tokens.created", t.expires AS "app_tokens.expires",
    t.last_used AS "app_tokens.last_used",
    t.browser_id AS "browsers.id",
    (SELECT b.approved FROM browsers AS b WHERE b.id = t.browser_id) AS "browsers.approved",
    u.account_id AS "users.account_id", u.person AS "users.person",
    (SELECT m.marks FROM marks AS m WHERE m.account_id = u.account_id) AS "users.marks", u.updated AS "users.updated"
FROM app_tokens AS t JOIN users AS u ON u.account_id = t.account_id;

-- A request may be about one browser: then each browser has its own. browser_id: empty where it is about none.
CREATE TABLE new_access_requests (
    account_id INTEGER NOT NULL,
    door TEXT NOT NULL,
    browser_id BLOB NOT NULL DEFAULT x'',
    wish TEXT NOT NULL CHECK (wish IN ('share', 'open', 'name', 'browser')),
    account_name TEXT NOT NULL,
    account_email TEXT,
    said TEXT,
    address TEXT NOT NULL,
    block TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('opened', 'named', 'shared', 'approved', 'declined')),
    answer_said TEXT,
    answered_at INTEGER,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (account_id, door, browser_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_access_requests (account_id, door, wish, account_name, account_email, said, address, block, asked_at,
    answer, answer_said, answered_at, keep_until)
SELECT account_id, door, wish, account_name, account_email, said, address, block, asked_at,
    answer, answer_said, answered_at, keep_until
FROM access_requests;
DROP TABLE access_requests;
ALTER TABLE new_access_requests RENAME TO access_requests;
CREATE INDEX access_requests_keep_until ON access_requests (keep_until);

-- Nothing is asked for a browser that is forgotten.
CREATE TRIGGER access_requests_of_no_browser AFTER DELETE ON browsers
BEGIN
    DELETE FROM access_requests WHERE account_id = OLD.account_id AND browser_id = OLD.id;
END;
