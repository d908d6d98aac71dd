-- Wherever a column is called account_id: the number of a Plex account, or that of a local account below zero.

-- What it takes to sign in to a local account; what it says about the person stands in users, as for everybody.
-- username, email: in the one spelling that is compared. declared: 1 if the account stands in the configuration.
CREATE TABLE local_accounts (
    account_id INTEGER PRIMARY KEY CHECK (account_id < 0) REFERENCES users (account_id) ON DELETE CASCADE,
    username TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    password_hash TEXT,
    declared INTEGER NOT NULL CHECK (declared IN (0, 1))
) STRICT;

CREATE VIEW local_account_details AS
SELECT
    l.username AS "local_accounts.username", l.email AS "local_accounts.email",
    l.password_hash AS "local_accounts.password_hash", l.declared AS "local_accounts.declared",
    u.account_id AS "users.account_id", u.person AS "users.person", u.updated AS "users.updated"
FROM local_accounts AS l JOIN users AS u ON u.account_id = l.account_id;
