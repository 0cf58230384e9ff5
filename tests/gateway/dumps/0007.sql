-- A database of schema 7, as text, with rows in every table.
PRAGMA user_version = 7;
BEGIN TRANSACTION;
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
INSERT INTO "account" VALUES('post-1','cp_coordinator','','$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',X'0102',60000000,0,0,'2027-01-15T17:00:00.250000+00:00');
INSERT INTO "account" VALUES('gemeente-1','gemeente','Oosterwold','$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',NULL,0,1,1,'2027-01-15T17:00:00.250000+00:00');
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
INSERT INTO "action" VALUES(1,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','acknowledge','de-linde','fuel_low','{}','');
INSERT INTO "action" VALUES(2,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','deployment','de-linde','','{"word":"open"}','deur staat open');
INSERT INTO "action" VALUES(3,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','plan_stop','de-linde','','{"minutes":15}','');
INSERT INTO "action" VALUES(4,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','fuel','de-linde','','{"litres":12.5}','');
INSERT INTO "action" VALUES(5,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','delivery','de-linde','','{}','');
INSERT INTO "action" VALUES(6,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','delivery','de-linde','','{}','');
INSERT INTO "action" VALUES(7,'2027-01-15T17:00:00.250000+00:00','post-1','cp_medewerker','page','hold','de-linde','','{}','incident 12');
INSERT INTO "action" VALUES(8,'2027-01-15T17:10:00.250000+00:00','post-1','cp_medewerker','page','status112','','','{"word":"doubtful"}','');
INSERT INTO "action" VALUES(9,'2027-01-15T17:25:00.250000+00:00','post-1','cp_coordinator','page','decision','','','{"kind":"activate"}','stroom weg in heel Lindendam');
CREATE TABLE alarm (
    point  TEXT NOT NULL REFERENCES point (slug),
    id     TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (point, id)
) STRICT;
INSERT INTO "alarm" VALUES('de-linde','fuel_low','{"id":"fuel_low","point":"de-linde","state":"unacknowledged","priority":"high","since":"2027-01-15T17:00:00.250000Z","raised_at":"2027-01-15T17:00:00.250000Z","reason":"fuel_low"}');
CREATE TABLE alarm_event (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    point  TEXT NOT NULL REFERENCES point (slug),
    alarm  TEXT NOT NULL,
    action TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
INSERT INTO "alarm_event" VALUES(1,'2027-01-15T17:00:00.250000+00:00','de-linde','fuel_low','raise','{"id":"fuel_low","point":"de-linde","state":"unacknowledged","priority":"high","since":"2027-01-15T17:00:00.250000Z","raised_at":"2027-01-15T17:00:00.250000Z","reason":"fuel_low"}');
INSERT INTO "alarm_event" VALUES(2,'2027-01-15T17:05:00.250000+00:00','de-ark','power_lost','clear','{}');
CREATE TABLE assignment (
    id      INTEGER PRIMARY KEY,
    point   TEXT NOT NULL REFERENCES point (slug),
    kit     INTEGER NOT NULL REFERENCES kit (address),
    since   TEXT NOT NULL,
    "until" TEXT
) STRICT;
INSERT INTO "assignment" VALUES(1,'de-linde',67,'2027-01-15T17:00:00.250000+00:00','2027-01-15T17:05:00.250000+00:00');
INSERT INTO "assignment" VALUES(2,'de-linde',65,'2027-01-15T17:05:00.250000+00:00',NULL);
INSERT INTO "assignment" VALUES(3,'de-ark',66,'2027-01-15T17:00:00.250000+00:00',NULL);
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
INSERT INTO "call" VALUES('65-1-64-3','de-linde','kit',65,1,64,3,'ambulance',0,0,'2027-01-15T17:00:00.250000+00:00','2027-01-15T17:05:00.250000+00:00');
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
INSERT INTO "call_step" VALUES(1,'65-1-64-3','made','2027-01-15T17:05:00.250000+00:00','2027-01-15T17:00:00.250000+00:00',NULL,70001,'','','',X'69656D616E6420697320676576616C6C656E3B20616368746572646575720A656E20277472617027');
CREATE TABLE command (
    client TEXT NOT NULL,
    id     TEXT NOT NULL,
    at     TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (client, id)
) STRICT;
INSERT INTO "command" VALUES('region','a-1','2027-01-15T17:00:00.250000+00:00','{"result":"done"}');
CREATE TABLE cp (
    number INTEGER PRIMARY KEY,
    slug   TEXT NOT NULL,
    name   TEXT NOT NULL,
    region TEXT NOT NULL REFERENCES region (slug)
) STRICT;
INSERT INTO "cp" VALUES(1,'kazerne-oost','Kazerne Oost','regio-oost');
CREATE TABLE delivery (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    point  TEXT NOT NULL,
    kind   TEXT NOT NULL,
    litres REAL NOT NULL,
    due_at TEXT,
    plan   INTEGER REFERENCES action (id)
) STRICT;
INSERT INTO "delivery" VALUES(5,'de-linde','planned',200.0,'2027-01-15T18:00:00.000000+00:00',NULL);
INSERT INTO "delivery" VALUES(6,'de-linde','delivered',180.0,NULL,5);
CREATE TABLE deployment (
    action   INTEGER PRIMARY KEY REFERENCES action (id),
    point    TEXT NOT NULL,
    word     TEXT NOT NULL,
    opens_at TEXT  -- when it is planned to be open
) STRICT;
INSERT INTO "deployment" VALUES(2,'de-linde','open','2027-01-15T18:00:00.000000+00:00');
CREATE TABLE downlink (
    address  INTEGER PRIMARY KEY,
    reserved INTEGER NOT NULL
) STRICT;
INSERT INTO "downlink" VALUES(64,2048);
INSERT INTO "downlink" VALUES(65,1024);
CREATE TABLE emergency_code (
    id      TEXT PRIMARY KEY,  -- its first group: tells a guess from the code without the work of argon2
    hash    TEXT NOT NULL,
    made_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
INSERT INTO "emergency_code" VALUES('K7QM','$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g','2027-01-15T17:00:00.250000+00:00','2027-01-15T17:00:00.250000+00:00');
CREATE TABLE entry (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    kind   TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
INSERT INTO "entry" VALUES(9,'ruling','{"type":"ruling","kind":"activate","decider":"burgemeester","decided_at":"2027-01-15T17:25:00.000000Z","points":["de-linde"]}');
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
    snr_db      REAL, late INTEGER NOT NULL DEFAULT 0, made_at TEXT,
    UNIQUE (kit, generation, counter)
) STRICT;
INSERT INTO "frame" VALUES(1,65,1,70000,'de-linde','2027-01-15T17:00:00.250000+00:00','vital',0,'{"fuel_permille":470,"load_w":null,"power_source":"generator","alarms":0}',X'E00041',-97,6.5,0,NULL);
INSERT INTO "frame" VALUES(2,65,1,70001,'de-linde','2027-01-15T17:05:00.250000+00:00','vital',0,'{"fuel_permille":470,"load_w":null,"power_source":"generator","alarms":0}',X'E00042',NULL,NULL,0,NULL);
INSERT INTO "frame" VALUES(3,66,1,12,'de-ark','2027-01-15T17:05:00.250000+00:00','boot',1,'{"boot_epoch":12}',X'E0',-80,9.0,0,NULL);
INSERT INTO "frame" VALUES(4,65,1,69990,'de-linde','2027-01-15T17:05:00.250000+00:00','vital',0,'{"fuel_permille":470,"load_w":null,"power_source":"generator","alarms":0}',X'01',NULL,NULL,1,'2027-01-15T17:00:00.250000+00:00');
CREATE TABLE fuel_entry (
    action      INTEGER PRIMARY KEY REFERENCES action (id),
    point       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    litres      REAL NOT NULL,
    measured_at TEXT NOT NULL
) STRICT;
INSERT INTO "fuel_entry" VALUES(4,'de-linde','dip',12.5,'2027-01-15T17:05:00.250000+00:00');
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
INSERT INTO "heard" VALUES('de-linde',65,1,70001,'2027-01-15T17:05:00.250000+00:00',-97,6.5,0);
CREATE TABLE hold (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    held   INTEGER NOT NULL
) STRICT;
INSERT INTO "hold" VALUES(7,1);
CREATE TABLE kit (
    address    INTEGER PRIMARY KEY,  -- as on air: coordinating point << 6 | kit
    first_used TEXT NOT NULL
) STRICT;
INSERT INTO "kit" VALUES(65,'2027-01-15T17:00:00.250000+00:00');
INSERT INTO "kit" VALUES(66,'2027-01-15T17:00:00.250000+00:00');
INSERT INTO "kit" VALUES(67,'2027-01-15T17:00:00.250000+00:00');
CREATE TABLE kit_boot (
    kit         INTEGER NOT NULL REFERENCES kit (address),
    generation  INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    fields      TEXT NOT NULL,
    PRIMARY KEY (kit, generation)
) STRICT;
INSERT INTO "kit_boot" VALUES(66,1,12,'2027-01-15T17:05:00.250000+00:00','{"boot_epoch":12}');
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
INSERT INTO "kit_event" VALUES(65,1,64,3,'help','2','de-linde','2027-01-15T17:05:00.250000+00:00','2027-01-15T17:00:00.250000+00:00',70001,0,'{"help_kind":"ambulance"}','iemand is gevallen; achterdeur
en ''trap''');
INSERT INTO "kit_event" VALUES(66,1,-1,12,'clear','','de-ark','2027-01-15T17:05:00.250000+00:00','2027-01-15T17:05:00.250000+00:00',12,0,'{}','');
CREATE TABLE known_device (
    token   TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (name),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (token, account)
) STRICT;
INSERT INTO "known_device" VALUES('adadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadad','post-1','2027-01-15T17:00:00.250000+00:00');
CREATE TABLE memory (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO "memory" VALUES('alert_test','{"day":"2027-01-15"}');
CREATE TABLE municipality (
    name   TEXT NOT NULL,
    region TEXT NOT NULL REFERENCES region (slug),
    PRIMARY KEY (name, region)
) STRICT;
INSERT INTO "municipality" VALUES('Lindendam','regio-oost');
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
INSERT INTO "outbox" VALUES(7,'own','nsp/v1/regio-oost/de-linde/telemetry','{"key":"65-1-70001"}',0,NULL,'2027-01-15T17:05:00.250000+00:00',0);
INSERT INTO "outbox" VALUES(9,'own','nsp/v1/regio-oost/de-linde/state','{}',1,900,'2027-01-15T17:05:00.250000+00:00',1);
CREATE TABLE planned_stop (
    action  INTEGER PRIMARY KEY REFERENCES action (id),
    point   TEXT NOT NULL,
    "until" TEXT NOT NULL
) STRICT;
INSERT INTO "planned_stop" VALUES(3,'de-linde','2027-01-15T18:00:00.000000+00:00');
CREATE TABLE point (
    slug         TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    number       INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    region       TEXT NOT NULL,
    cp           INTEGER NOT NULL REFERENCES cp (number),
    FOREIGN KEY (municipality, region) REFERENCES municipality (name, region)
) STRICT;
INSERT INTO "point" VALUES('de-linde','Buurthuis De Linde',1,'Lindendam','regio-oost',1);
INSERT INTO "point" VALUES('de-ark','De Ark',2,'Lindendam','regio-oost',1);
CREATE TABLE quantities (
    point TEXT PRIMARY KEY REFERENCES point (slug),
    held  TEXT NOT NULL
) STRICT;
INSERT INTO "quantities" VALUES('de-linde','{"fuel_permille":{"value":470,"source":"good","good_at":"2027-01-15T17:05:00.250000+00:00"},"load_w":{"value":null,"source":"unknown","good_at":null}}');
CREATE TABLE receipt (
    id       INTEGER PRIMARY KEY,
    point    TEXT NOT NULL REFERENCES point (slug),
    kit      INTEGER NOT NULL REFERENCES kit (address),
    bulletin INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    stage    TEXT NOT NULL,
    at       TEXT NOT NULL
) STRICT;
INSERT INTO "receipt" VALUES(1,'de-linde',65,1,1,'displayed','2027-01-15T18:00:00.250000+00:00');
CREATE TABLE region (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO "region" VALUES('regio-oost','Regio Oost');
CREATE TABLE replay_window (
    kit        INTEGER NOT NULL REFERENCES kit (address),
    generation INTEGER NOT NULL,
    newest     INTEGER NOT NULL,
    seen       TEXT NOT NULL,  -- 64 bits, hexadecimal: SQLite's integers are signed
    PRIMARY KEY (kit, generation)
) STRICT;
INSERT INTO "replay_window" VALUES(65,1,70001,'8000000000000003');
INSERT INTO "replay_window" VALUES(66,1,12,'1');
CREATE TABLE screen (
    name       TEXT PRIMARY KEY,
    made_at    TEXT NOT NULL,
    code       TEXT,
    code_until TEXT,
    token      TEXT UNIQUE,
    seen_at    TEXT
) STRICT;
INSERT INTO "screen" VALUES('wand-1','2027-01-15T17:00:00.250000+00:00',NULL,NULL,'aeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeaeae','2027-01-15T17:00:00.250000+00:00');
INSERT INTO "screen" VALUES('wand-2','2027-01-15T17:00:00.250000+00:00','afafafafafafafafafafafafafafafafafafafafafafafafafafafafafafafaf','2027-01-15T17:00:00.250000+00:00',NULL,NULL);
CREATE TABLE session (
    token   TEXT PRIMARY KEY,
    account TEXT REFERENCES account (name),  -- NULL: came in with the emergency code
    made_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    second  INTEGER NOT NULL  -- has shown the second factor
) STRICT;
INSERT INTO "session" VALUES('abababababababababababababababababababababababababababababababab','post-1','2027-01-15T17:00:00.250000+00:00','2027-01-15T17:00:00.250000+00:00',1);
INSERT INTO "session" VALUES('acacacacacacacacacacacacacacacacacacacacacacacacacacacacacacacac',NULL,'2027-01-15T17:00:00.250000+00:00','2027-01-15T17:00:00.250000+00:00',0);
CREATE TABLE status112 (
    action INTEGER PRIMARY KEY REFERENCES action (id),
    word   TEXT NOT NULL
) STRICT;
INSERT INTO "status112" VALUES(8,'doubtful');
CREATE UNIQUE INDEX assignment_of_point ON assignment (point) WHERE "until" IS NULL;
CREATE UNIQUE INDEX assignment_of_kit ON assignment (kit) WHERE "until" IS NULL;
CREATE INDEX frame_of_point ON frame (point, received_at);
CREATE INDEX alarm_event_of_point ON alarm_event (point, at);
CREATE INDEX outbox_of_broker ON outbox (broker, id);
CREATE INDEX outbox_passing ON outbox (broker, topic) WHERE passing = 1;
CREATE INDEX kit_event_of_point ON kit_event (point, received_at);
CREATE INDEX action_at ON action (at);
CREATE INDEX session_account ON session (account);
CREATE INDEX call_of_point ON call (point);
CREATE INDEX call_step_of_call ON call_step (call);
CREATE INDEX entry_of_kind ON entry (kind);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',9);
COMMIT;
