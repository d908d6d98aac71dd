-- What a command on the machine asks the running service, and what that answers: a line of JSON.
CREATE TABLE questions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    expires INTEGER NOT NULL,
    answer TEXT
) STRICT;
