-- How often was guessed wrong, so that a restart gives a guesser no fresh start. 5,000 rows at most, each for an hour.
CREATE TABLE guesses (
    kind    TEXT NOT NULL,     -- account, address, device, code: each has limits of its own
    mark    TEXT NOT NULL,     -- whose, as a mark made with the key file: nobody reads a name or address from it
    count   INTEGER NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (kind, mark)
) STRICT;

-- The few frames in which people typed something are found among all others when their time is over.
CREATE INDEX frame_of_people ON frame (received_at) WHERE kind IN ('help', 'report');
