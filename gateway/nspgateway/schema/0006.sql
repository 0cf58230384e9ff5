-- What people decide, write and enter beside one point's own matters: decisions of the crisis organisation,
-- milestones, messages to residents, reports taken by voice, exercises, points without a kit, kits that were replaced.
-- Append only, like everything that hangs on an action: the newest counts, the older ones say how it was.

-- "record" is the entry as JSON; "kind" is its type, the same word as in the JSON.
CREATE TABLE entry (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    kind   TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX entry_of_kind ON entry (kind);

-- What a kit says of a message to residents: received, displayed, removed. Written with the frame that says it.
CREATE TABLE receipt (
    id       INTEGER PRIMARY KEY,
    point    TEXT NOT NULL REFERENCES point (slug),
    kit      INTEGER NOT NULL REFERENCES kit (address),
    bulletin INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    stage    TEXT NOT NULL,
    at       TEXT NOT NULL
) STRICT;
