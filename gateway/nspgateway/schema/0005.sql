-- Calls for help: each a row of its own, for ever, with a row for each step of it. All of it is append only;
-- nothing here is ever pruned.

CREATE TABLE call (
    id              TEXT PRIMARY KEY,  -- kit-generation-boot-number, or hand-number
    point           TEXT NOT NULL REFERENCES point (slug),
    origin          TEXT NOT NULL,     -- kit, by_hand
    kit             INTEGER REFERENCES kit (address),
    generation      INTEGER,
    event_boot      INTEGER,           -- -1: the kit did not say; then event_n is the frame's counter
    event_n         INTEGER,
    kind            TEXT,              -- fire_brigade, ambulance, police, not_known, security; empty: not said
    exercise        INTEGER NOT NULL,  -- it says of itself that it is part of one
    during_exercise INTEGER NOT NULL,  -- one was going on when it came
    made_at         TEXT NOT NULL,
    stored_at       TEXT NOT NULL
) STRICT;
CREATE INDEX call_of_point ON call (point);

-- What a kit said of its call, and what people did about it. Without an action: the kit said so.
-- "name", "text" and "tail" are what a person typed, perhaps of somebody's health: for the database,
-- a logged-in role that handles calls, and the archive only.
CREATE TABLE call_step (
    id          INTEGER PRIMARY KEY,
    call        TEXT NOT NULL REFERENCES call (id),
    what        TEXT NOT NULL,  -- made, details, withdrawn, entered; read, passed_on, answered, called_back, placed, closed
    at          TEXT NOT NULL,  -- when it came in or was done
    happened_at TEXT,           -- when it was, as the kit or the person says
    action      INTEGER REFERENCES action (id),
    counter     INTEGER,        -- of the frame that brought it
    word        TEXT NOT NULL,  -- to whom it was passed on, what was answered, why it was closed
    name        TEXT NOT NULL,  -- who took it
    text        TEXT NOT NULL,
    tail        BLOB NOT NULL   -- as the kit sent it
) STRICT;
CREATE INDEX call_step_of_call ON call_step (call);

-- Whether 112 works, as people at the coordinating point said: works, doubtful, off. The newest counts.
CREATE TABLE status112 (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    word   TEXT NOT NULL
) STRICT;

-- What earlier versions wrote down of calls: nobody has said since what became of them.
INSERT INTO call
    SELECT
        kit || '-' || generation || '-' || iif(event_boot < 0, 'x', event_boot) || '-' || event_n,
        point, 'kit', kit, generation, event_boot, event_n,
        json_extract(fields, '$.help_kind'), exercise, 0, min(began_at), min(received_at)
    FROM kit_event WHERE kind = 'help'
    GROUP BY kit, generation, event_boot, event_n;
INSERT INTO call_step (call, what, at, happened_at, counter, word, name, text, tail)
    SELECT
        kit || '-' || generation || '-' || iif(event_boot < 0, 'x', event_boot) || '-' || event_n,
        iif(help_mark IN ('details', 'withdrawn'), help_mark, 'made'), received_at, began_at, counter, '', '', '',
        CAST(text AS BLOB)
    FROM kit_event WHERE kind = 'help' ORDER BY received_at, counter;
