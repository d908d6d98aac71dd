-- In which groups local accounts are: at every start it is asked which of those are gone from the file.
CREATE INDEX users_groups_of_local_accounts ON users
    (CASE WHEN json_valid(person) THEN json_extract(person, '$.groups') END) WHERE account_id < 0;
