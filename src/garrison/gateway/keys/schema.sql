-- The store of API keys. Times are seconds since 1970, UTC; 0 is "not".
CREATE TABLE key (
    id       TEXT PRIMARY KEY,      -- the prefix that a key begins with
    digest   TEXT NOT NULL UNIQUE,  -- SHA-256 of the key, in hexadecimal
    client   TEXT NOT NULL,
    role     TEXT NOT NULL,
    owner    TEXT NOT NULL,
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    rotated  INTEGER NOT NULL DEFAULT 0,  -- when another took its place
    replaces TEXT NOT NULL DEFAULT '',    -- the id of the key whose place it took
    revoked  INTEGER NOT NULL DEFAULT 0,
    entry    INTEGER                      -- of the ledger, in which it was issued
);

-- What has been done and is not in the ledger yet. A row is written with the change, and goes when its entry is there.
CREATE TABLE pending (
    number INTEGER PRIMARY KEY,
    key    TEXT NOT NULL REFERENCES key (id),
    change TEXT NOT NULL CHECK (change IN ('issue', 'rotate', 'revoke')),
    reason TEXT NOT NULL
);

CREATE TABLE store (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL,  -- counts up with every change of which keys are let in
    ledger     TEXT NOT NULL,     -- the folder of the ledger that every change goes into; '' for none
    people     BLOB NOT NULL      -- the key of the pseudonyms that stand for people in the ledger
);
