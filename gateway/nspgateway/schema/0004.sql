-- Who may look and act: accounts, the sessions and devices that they are known by, wall screens, the emergency code.
-- A token or code that opens something is never here, only what recognises it.

-- A person's account. It is disabled, never deleted: the audit trail goes by its name.
CREATE TABLE account (
    name         TEXT PRIMARY KEY,
    role         TEXT NOT NULL,
    municipality TEXT NOT NULL,  -- sees the points of this one only; empty: all
    password     TEXT NOT NULL,  -- argon2id in its own notation
    totp         BLOB,           -- secret of the second factor, sealed with the key file; NULL: not set up
    totp_step    INTEGER NOT NULL,  -- the last 30 s of which a code was used: a code works once
    must_change  INTEGER NOT NULL,  -- the password was given by somebody else
    disabled     INTEGER NOT NULL,
    made_at      TEXT NOT NULL
) STRICT;

-- Somebody who is logged in. "token": SHA-256 of the cookie, in hexadecimal.
CREATE TABLE session (
    token   TEXT PRIMARY KEY,
    account TEXT REFERENCES account (name),  -- NULL: came in with the emergency code
    made_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    second  INTEGER NOT NULL  -- has shown the second factor
) STRICT;
CREATE INDEX session_account ON session (account);

-- A browser in which an account logged in before: strangers who guess do not keep it waiting.
CREATE TABLE known_device (
    token   TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (name),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (token, account)
) STRICT;

-- The sealed emergency code: one row at most. Used, it stays until a new one is made.
CREATE TABLE emergency_code (
    id      TEXT PRIMARY KEY,  -- its first group: tells a guess from the code without the work of argon2
    hash    TEXT NOT NULL,
    made_at TEXT NOT NULL,
    used_at TEXT
) STRICT;

-- A screen on the wall. It has a code while it waits to be paired, and then a token.
CREATE TABLE screen (
    name       TEXT PRIMARY KEY,
    made_at    TEXT NOT NULL,
    code       TEXT,
    code_until TEXT,
    token      TEXT UNIQUE,
    seen_at    TEXT
) STRICT;
