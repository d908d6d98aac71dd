-- A refresh token is found by its hash, and by nothing else: each use of one writes a new one down, and every index is a page more of
-- that. What asked a grant for its live token now asks whether it is for offline access.
ALTER TABLE grants ADD COLUMN offline INTEGER NOT NULL DEFAULT 0 CHECK (offline IN (0, 1));
UPDATE grants SET offline = 1 WHERE id IN (SELECT grant_id FROM refresh_tokens WHERE consumed_at IS NULL);

CREATE TABLE new_refresh_tokens (
    hash BLOB PRIMARY KEY,
    grant_id BLOB NOT NULL,
    created INTEGER NOT NULL,
    idle_expires INTEGER NOT NULL,
    absolute_expires INTEGER NOT NULL, -- of the whole family
    used_at INTEGER,
    consumed_at INTEGER,
    consumed_as TEXT CHECK (consumed_as IN ('rotated', 'superseded')),
    successor BLOB,
    CHECK ((consumed_at IS NULL) = (consumed_as IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO new_refresh_tokens
SELECT hash, grant_id, created, idle_expires, absolute_expires, used_at, consumed_at, consumed_as, successor FROM refresh_tokens;

DROP VIEW refresh_token_details;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;
CREATE VIEW refresh_token_details AS
SELECT
    r.hash AS "refresh_tokens.hash", r.created AS "refresh_tokens.created",
    r.idle_expires AS "refresh_tokens.idle_expires", r.absolute_expires AS "refresh_tokens.absolute_expires",
    r.consumed_at AS "refresh_tokens.consumed_at", r.consumed_as AS "refresh_tokens.consumed_as",
    r.successor AS "refresh_tokens.successor", d.*
FROM refresh_tokens AS r JOIN grant_details AS d ON d."grants.id" = r.grant_id;

-- The sweep reads this list whole, as it does others.
DROP INDEX pushed_requests_keep_until;
