-- The newest quantities of a point, all in one row: every heartbeat changes most of them, and a row of each costs
-- as much to write as its frame. "held" is a JSON object of name to value (null = unknown), source (quality at the
-- kit: good, stale, unknown, none) and good_at (last good read; null = never).
CREATE TABLE quantities (
    point TEXT PRIMARY KEY REFERENCES point (slug),
    held  TEXT NOT NULL
) STRICT;
INSERT INTO quantities
    SELECT point, json_group_object(name, json_object('value', json(value), 'source', source, 'good_at', good_at))
    FROM reading GROUP BY point;
DROP TABLE reading;
