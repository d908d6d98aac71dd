-- The Plex token of each person's last sign-in, sealed, where the host wants people looked after by it. next_look: when Plex is
-- asked with it. failures: looks in a row that came to nothing. missed: the last answer left everything out, and it was not
-- clear enough to end anything.
CREATE TABLE plex_tokens (
    account_id INTEGER PRIMARY KEY REFERENCES users (account_id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    next_look INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX plex_tokens_next_look ON plex_tokens (next_look);

-- Nobody's token outlives their last browser session, however that ends. What it was is overwritten where it stood.
CREATE TRIGGER plex_tokens_of_nobody AFTER DELETE ON browser_sessions
WHEN NOT EXISTS (SELECT 1 FROM browser_sessions WHERE account_id = OLD.account_id)
BEGIN
    UPDATE plex_tokens SET sealed = zeroblob(length(sealed)) WHERE account_id = OLD.account_id;
    DELETE FROM plex_tokens WHERE account_id = OLD.account_id;
END;
