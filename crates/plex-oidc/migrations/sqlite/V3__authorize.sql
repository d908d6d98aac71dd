-- An authorization request that its client pushed. It stands here until it is answered: whoever takes the row away, answers.
-- expires: from then on no browser can begin with it. keep_until: the end of everything that was begun with it.
CREATE TABLE pushed_requests (
    hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    request TEXT NOT NULL,
    expires INTEGER NOT NULL,
    keep_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_requests_keep_until ON pushed_requests (keep_until);

-- Single claims that were asked for, as JSON; NULL where there are none.
ALTER TABLE grants ADD COLUMN requested_claims TEXT;

-- The other views take all columns of this one.
DROP VIEW grant_details;
CREATE VIEW grant_details AS
SELECT
    g.id AS "grants.id", g.client_id AS "grants.client_id", g.sid AS "grants.sid", g.scopes AS "grants.scopes",
    g.requested_claims AS "grants.requested_claims",
    g.auth_time AS "grants.auth_time", g.created AS "grants.created",
    g.plex_token_sealed AS "grants.plex_token_sealed", g.ended_at AS "grants.ended_at",
    g.code_hash AS "grants.code_hash", g.redirect_uri AS "grants.redirect_uri",
    g.code_challenge AS "grants.code_challenge", g.nonce AS "grants.nonce", g.code_expires AS "grants.code_expires",
    g.code_failures AS "grants.code_failures", g.redeemed_at AS "grants.redeemed_at",
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM grants AS g JOIN users AS u ON u.account_id = g.account_id;
