-- Access tokens that clients have for themselves. They hang on no grant: there is no person who could have given one.
CREATE TABLE client_tokens (
    hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
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

-- resources: what the tokens are for, addresses with a space between two; mostly none. A view takes the columns of another anew
-- each time, so the others need no change.
ALTER TABLE grants ADD COLUMN resources TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN resources TEXT NOT NULL DEFAULT '';

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
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM grants AS g JOIN users AS u ON u.account_id = g.account_id;

DROP VIEW access_token_details;
CREATE VIEW access_token_details AS
SELECT
    a.hash AS "access_tokens.hash", a.scopes AS "access_tokens.scopes", a.created AS "access_tokens.created",
    a.expires AS "access_tokens.expires", a.resources AS "access_tokens.resources", d.*
FROM access_tokens AS a JOIN grant_details AS d ON d."grants.id" = a.grant_id;
