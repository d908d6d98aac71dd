-- Passkeys of owners, which open the host's page alone. credential: what the authenticator calls it. key_sealed: its public key,
-- sealed for this account and this credential, so that nobody who can write here puts another in its place.
CREATE TABLE passkeys (
    id INTEGER PRIMARY KEY,
    credential BLOB NOT NULL UNIQUE,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    key_sealed BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    backup TEXT NOT NULL CHECK (backup IN ('never', 'possible', 'done')),
    created INTEGER NOT NULL,
    last_used INTEGER
) STRICT;
CREATE INDEX passkeys_account_id ON passkeys (account_id);

-- Challenges that were used, until they would be too old anyway. Those that were not used are stored nowhere.
CREATE TABLE used_challenges (
    hash BLOB PRIMARY KEY,
    keep_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The passkey that a visit to the host's page began with; nothing where it was a link.
ALTER TABLE host_sessions ADD COLUMN passkey INTEGER;
