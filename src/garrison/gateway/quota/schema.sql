-- What has been counted. Days are written as 2026-11-25, in the zone of the gateway file.
CREATE TABLE used (
    day      TEXT NOT NULL,
    client   TEXT NOT NULL,
    role     TEXT NOT NULL,
    model    TEXT NOT NULL,
    requests INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    PRIMARY KEY (day, client, role, model)
) WITHOUT ROWID;

-- What other gateways have counted, as far as it is known here.
CREATE TABLE others (
    day      TEXT NOT NULL,
    client   TEXT NOT NULL,
    role     TEXT NOT NULL,
    model    TEXT NOT NULL,
    requests INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    PRIMARY KEY (day, client, role, model)
) WITHOUT ROWID;

CREATE TABLE feed (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    gateway  TEXT NOT NULL,     -- what this gateway is called among others: drawn at random once
    inode    INTEGER NOT NULL,  -- of the file that was read last
    head     BLOB NOT NULL,     -- how that begins
    offset   INTEGER NOT NULL   -- up to which byte it is counted
);
