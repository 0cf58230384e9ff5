-- The link: what kits sent late, their events and boots, and copies of the downlink counters.

-- 1: learnt from a backfill, long after it was sent and lost: history only, never state.
-- "received_at" is when we learnt it, "made_at" when the kit made it as far as can be told.
ALTER TABLE frame ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frame ADD COLUMN made_at TEXT;

-- Alarms, clears, calls for help and point reports: each once, however often the kit sent it.
-- "text" is what a person typed: personal data, never in a message or a log.
CREATE TABLE kit_event (
    kit         INTEGER NOT NULL REFERENCES kit (address),
    generation  INTEGER NOT NULL,
    event_boot  INTEGER NOT NULL,  -- -1: the kit did not say; then event_n is the frame's counter
    event_n     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    help_mark   TEXT NOT NULL,     -- empty: no call for help
    point       TEXT NOT NULL REFERENCES point (slug),
    received_at TEXT NOT NULL,
    began_at    TEXT NOT NULL,     -- received_at less the age that the kit gave
    counter     INTEGER NOT NULL,  -- of the first frame that brought it
    exercise    INTEGER NOT NULL,
    fields      TEXT NOT NULL,
    text        TEXT NOT NULL,
    PRIMARY KEY (kit, generation, event_boot, event_n, kind, help_mark)
) STRICT;
CREATE INDEX kit_event_of_point ON kit_event (point, received_at);

-- The newest boot report of each kit under each key; "epoch" is the first counter of that boot.
CREATE TABLE kit_boot (
    kit         INTEGER NOT NULL REFERENCES kit (address),
    generation  INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    fields      TEXT NOT NULL,
    PRIMARY KEY (kit, generation)
) STRICT;

-- How far downlink counters are reserved, by address (of a kit or of the group). Only a copy: the
-- counters themselves stand beside the database, so that a backup does not turn them back.
CREATE TABLE downlink (
    address  INTEGER PRIMARY KEY,
    reserved INTEGER NOT NULL
) STRICT;
