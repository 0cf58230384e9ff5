-- The gateway's database: journal, history, state and outbox.
-- Times are UTC as text, ISO 8601 with microseconds, so that they sort.
-- Point, kit, coordinating point and municipality are separate: history belongs
-- to the point, keys and counters to the kit, and a kit can be replaced.

CREATE TABLE region (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE municipality (
    name   TEXT NOT NULL,
    region TEXT NOT NULL REFERENCES region (slug),
    PRIMARY KEY (name, region)
) STRICT;

-- Known by its number, which is on air; its slug and name may change.
CREATE TABLE cp (
    number INTEGER PRIMARY KEY,
    slug   TEXT NOT NULL,
    name   TEXT NOT NULL,
    region TEXT NOT NULL REFERENCES region (slug)
) STRICT;

CREATE TABLE point (
    slug         TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    number       INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    region       TEXT NOT NULL,
    cp           INTEGER NOT NULL REFERENCES cp (number),
    FOREIGN KEY (municipality, region) REFERENCES municipality (name, region)
) STRICT;

CREATE TABLE kit (
    address    INTEGER PRIMARY KEY,  -- as on air: coordinating point << 6 | kit
    first_used TEXT NOT NULL
) STRICT;

-- Which kit stood at which point, and when; "until" is empty for the present one.
CREATE TABLE assignment (
    id      INTEGER PRIMARY KEY,
    point   TEXT NOT NULL REFERENCES point (slug),
    kit     INTEGER NOT NULL REFERENCES kit (address),
    since   TEXT NOT NULL,
    "until" TEXT
) STRICT;
CREATE UNIQUE INDEX assignment_of_point ON assignment (point) WHERE "until" IS NULL;
CREATE UNIQUE INDEX assignment_of_kit ON assignment (kit) WHERE "until" IS NULL;

-- Every accepted frame, once. "raw" is the frame as received, "fields" its values as JSON.
CREATE TABLE frame (
    id          INTEGER PRIMARY KEY,
    kit         INTEGER NOT NULL REFERENCES kit (address),
    generation  INTEGER NOT NULL,  -- of the key
    counter     INTEGER NOT NULL,  -- all 32 bits
    point       TEXT NOT NULL REFERENCES point (slug),
    received_at TEXT NOT NULL,
    kind        TEXT NOT NULL,
    exercise    INTEGER NOT NULL,
    fields      TEXT NOT NULL,
    raw         BLOB NOT NULL,
    rssi_dbm    INTEGER,
    snr_db      REAL,
    UNIQUE (kit, generation, counter)
) STRICT;
CREATE INDEX frame_of_point ON frame (point, received_at);

-- Latest value of each quantity of a point; value is JSON, null = unknown.
CREATE TABLE reading (
    point   TEXT NOT NULL REFERENCES point (slug),
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    source  TEXT NOT NULL,  -- quality at the kit: good, stale, unknown, none
    good_at TEXT,           -- last good read; empty = never
    PRIMARY KEY (point, name)
) STRICT;

-- What a point was last heard with, beside its readings.
CREATE TABLE heard (
    point      TEXT PRIMARY KEY REFERENCES point (slug),
    kit        INTEGER NOT NULL REFERENCES kit (address),
    generation INTEGER NOT NULL,
    counter    INTEGER NOT NULL,
    heard_at   TEXT NOT NULL,
    rssi_dbm   INTEGER,
    snr_db     REAL,
    exercise   INTEGER NOT NULL
) STRICT;

CREATE TABLE replay_window (
    kit        INTEGER NOT NULL REFERENCES kit (address),
    generation INTEGER NOT NULL,
    newest     INTEGER NOT NULL,
    seen       TEXT NOT NULL,  -- 64 bits, hexadecimal: SQLite's integers are signed
    PRIMARY KEY (kit, generation)
) STRICT;

-- Alarms that are open or about to be; "record" is the alarm's state as JSON.
CREATE TABLE alarm (
    point  TEXT NOT NULL REFERENCES point (slug),
    id     TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (point, id)
) STRICT;

CREATE TABLE alarm_event (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    point  TEXT NOT NULL REFERENCES point (slug),
    alarm  TEXT NOT NULL,
    action TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX alarm_event_of_point ON alarm_event (point, at);

-- Messages that their broker has not yet confirmed, oldest first.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    broker   TEXT NOT NULL,  -- its name in the settings
    topic    TEXT NOT NULL,
    payload  TEXT NOT NULL,
    retain   INTEGER NOT NULL,
    expiry_s INTEGER,
    created  TEXT NOT NULL,
    passing  INTEGER NOT NULL  -- 1: the next passing one of its topic takes its place
) STRICT;
CREATE INDEX outbox_of_broker ON outbox (broker, id);
CREATE INDEX outbox_passing ON outbox (broker, topic) WHERE passing = 1;
