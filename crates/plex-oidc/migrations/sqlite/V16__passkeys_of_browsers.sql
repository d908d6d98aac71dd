-- In which browser a passkey was added, if that was in a session of one: it ends with that.
ALTER TABLE passkeys ADD COLUMN browser_id BLOB;
