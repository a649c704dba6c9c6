-- Alerts, what was done about them, and what is on its way to people. Times are microseconds since 1970, UTC; `said` is the whole as JSON.
CREATE TABLE alerts (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    id     TEXT NOT NULL,     -- tells these alerts from those of another watch
    ledger TEXT NOT NULL,     -- the folder of the ledger that changes go into; '' for none
    people BLOB NOT NULL      -- the key of the pseudonyms that stand for people in the ledger
);

CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE alert (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    key       TEXT NOT NULL,      -- what its signals have in common
    incident  INTEGER NOT NULL,   -- the number of the first alert of it
    status    TEXT NOT NULL,
    severity  INTEGER NOT NULL,
    since_us  INTEGER NOT NULL,
    time_us   INTEGER NOT NULL,
    principal TEXT NOT NULL,
    asset     TEXT NOT NULL,
    silence   INTEGER NOT NULL,   -- that silences it, or 0
    said      BLOB NOT NULL
);
CREATE INDEX alert_silence ON alert (silence) WHERE silence <> 0;
CREATE INDEX alert_key ON alert (key, number);
CREATE INDEX alert_incident ON alert (incident);
CREATE INDEX alert_principal ON alert (principal, time_us);
CREATE INDEX alert_asset ON alert (asset, time_us);
CREATE INDEX alert_status ON alert (status, time_us);

-- What happened to an alert, in order. Routes and responses follow it, each from where it was.
CREATE TABLE change (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    alert   INTEGER NOT NULL REFERENCES alert (number),
    what    TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    actor   TEXT NOT NULL,        -- '' where it was a detector
    text    TEXT NOT NULL
);
CREATE INDEX change_alert ON change (alert, number);

CREATE TABLE silence (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    until_us INTEGER NOT NULL,
    said     BLOB NOT NULL
);

-- How far each route and response has read the changes, and when it made something of them last.
CREATE TABLE reader (name TEXT PRIMARY KEY, change INTEGER NOT NULL, time_us INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE delivery (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    key     TEXT NOT NULL UNIQUE, -- the same at each try: what receivers tell doubles by
    route   TEXT NOT NULL,
    state   TEXT NOT NULL,        -- waiting, done, lost
    made_us INTEGER NOT NULL,
    due_us  INTEGER NOT NULL,     -- when it is tried next
    tries   INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '',
    said    BLOB NOT NULL         -- the same at each try
);
CREATE INDEX delivery_due ON delivery (route, state, due_us);

CREATE TABLE response (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    alert   INTEGER NOT NULL REFERENCES alert (number),
    name    TEXT NOT NULL,        -- of the response, as the watch file calls it
    state   TEXT NOT NULL,
    said    BLOB NOT NULL,
    UNIQUE (alert, name, number)
);
CREATE INDEX response_state ON response (state);

-- What has been done and is not in the ledger yet. A row is written with the change, and goes when its entry is there.
CREATE TABLE owed (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    silence INTEGER,              -- that does not hold before its entry is there
    fields  BLOB NOT NULL
);
