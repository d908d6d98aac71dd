-- scope: one host such as "wiki.example.org", or ".example.org" for a domain and all below it.
CREATE TABLE gateway_sessions (
    hash BLOB PRIMARY KEY,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    idle_expires INTEGER NOT NULL,
    absolute_expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_sessions_grant ON gateway_sessions (grant_id);

-- Made by the host alone, and never swept: the list shows why a program is no longer let in.
-- apps: names, with a space between two.
CREATE TABLE app_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES users (account_id) ON DELETE CASCADE,
    apps TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX app_tokens_account ON app_tokens (account_id);

CREATE VIEW gateway_session_details AS
SELECT
    s.hash AS "gateway_sessions.hash", s.scope AS "gateway_sessions.scope",
    s.created AS "gateway_sessions.created", s.last_seen AS "gateway_sessions.last_seen",
    s.idle_expires AS "gateway_sessions.idle_expires",
    s.absolute_expires AS "gateway_sessions.absolute_expires", d.*
FROM gateway_sessions AS s JOIN grant_details AS d ON d."grants.id" = s.grant_id;

CREATE VIEW app_token_details AS
SELECT
    t.id AS "app_tokens.id", t.name AS "app_tokens.name", t.hash AS "app_tokens.hash",
    t.apps AS "app_tokens.apps", t.created AS "app_tokens.created", t.expires AS "app_tokens.expires",
    t.last_used AS "app_tokens.last_used",
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM app_tokens AS t JOIN users AS u ON u.account_id = t.account_id;
