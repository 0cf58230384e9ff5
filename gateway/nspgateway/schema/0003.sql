-- People: the audit trail and what they decided, entered and planned. All of it is append only:
-- the newest row counts, the older ones say how it was.

-- Who did what, when and from where. "note" is what a person typed: personal data, for the
-- database, a logged-in role and the archive only. "detail" holds figures and words of ours, as JSON.
CREATE TABLE action (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    who    TEXT NOT NULL,
    role   TEXT NOT NULL,
    origin TEXT NOT NULL,  -- page, mqtt:<client>, gateway
    what   TEXT NOT NULL,
    point  TEXT NOT NULL,  -- slug; empty: no point in particular
    alarm  TEXT NOT NULL,
    detail TEXT NOT NULL,
    note   TEXT NOT NULL
) STRICT;
CREATE INDEX action_at ON action (at);

-- What a point is used for ("inzet"), from the action's time on.
CREATE TABLE deployment (
    action   INTEGER PRIMARY KEY REFERENCES action (id),
    point    TEXT NOT NULL,
    word     TEXT NOT NULL,
    opens_at TEXT  -- when it is planned to be open
) STRICT;

-- A planned stop: a generator that stands still for refuelling until then. An ended one has its end as "until".
CREATE TABLE planned_stop (
    action  INTEGER PRIMARY KEY REFERENCES action (id),
    point   TEXT NOT NULL,
    "until" TEXT NOT NULL
) STRICT;

-- Litres by hand: "dip" = what is in the tank, "refuel" = what was added.
CREATE TABLE fuel_entry (
    action      INTEGER PRIMARY KEY REFERENCES action (id),
    point       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    litres      REAL NOT NULL,
    measured_at TEXT NOT NULL
) STRICT;

-- Fuel on its way: "planned", then "delivered" or "cancelled", which name the action that planned it.
CREATE TABLE delivery (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    point  TEXT NOT NULL,
    kind   TEXT NOT NULL,
    litres REAL NOT NULL,
    due_at TEXT,
    plan   INTEGER REFERENCES action (id)
) STRICT;

-- From 1 until 0 nothing is deleted: an incident lasts, or its records wait for an archivist.
CREATE TABLE hold (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    held   INTEGER NOT NULL
) STRICT;

-- Commands that came over MQTT and what was answered: one that is delivered twice acts once.
CREATE TABLE command (
    client TEXT NOT NULL,
    id     TEXT NOT NULL,
    at     TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (client, id)
) STRICT;

-- Small things that the gateway itself has to remember, by name; value is JSON.
CREATE TABLE memory (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
