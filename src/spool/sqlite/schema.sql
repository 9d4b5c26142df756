-- Version 1 of the spool. Times are in milliseconds since 1970, unless a column says otherwise.
--
-- The number of a mail in the file is that of its job times 2^32, plus its row in the job. What a mail is
-- made of does not change, and has no state. Its state is in `fate`, or follows from its absence:
--
--   no fate, row >= job.next_row    ready (cancelled, if the job is)
--   no fate, row <  job.next_row    claimed for the first time: a portion has it
--   fate.state                      0 ready, 1 waiting, 2 claimed, 3 in flight, 4 accepted, 5 rejected,
--                                   6 unknown, 7 failed, 8 cancelled
--
-- A ready or waiting mail with a fate is in `later`, too. The counters of a job change with its rows in the
-- same transaction. Nothing here is a secret but what callers put into `mail.data` and `chunk`.

-- One row: whose file it is.
CREATE TABLE spool (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    machine TEXT NOT NULL,             -- /etc/machine-id of the machine that opened it last
    boot TEXT NOT NULL,                -- and its boot id
    last_number INTEGER NOT NULL,      -- of claims, turns and content: none is used twice
    synced INTEGER NOT NULL            -- changes to have something to sync
);

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,             -- 0 batch, 1 queue
    account TEXT NOT NULL,
    phase INTEGER NOT NULL,            -- 0 adding, 1 started, 2 cancelled, 3 removed: its rows go step by step
    turn INTEGER NOT NULL,             -- when rows of it were claimed last, as a number that counts up
    next_row INTEGER NOT NULL,         -- no row from here on was claimed
    last_row INTEGER NOT NULL,
    has_content INTEGER NOT NULL,      -- whether a mail of it ever had content
    ready INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    events INTEGER NOT NULL,           -- about how many there are
    created INTEGER NOT NULL,
    started INTEGER,
    settled INTEGER,                   -- when a row was settled last
    spec BLOB NOT NULL
);
CREATE INDEX job_open ON job (turn) WHERE phase = 1 AND ready + waiting > 0;

CREATE TABLE mail (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    key TEXT NOT NULL,
    added INTEGER NOT NULL,
    content INTEGER,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX mail_key ON mail (job, key);

CREATE TABLE fate (
    id INTEGER PRIMARY KEY,            -- of the mail
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    claim INTEGER,                     -- the claim that has it, if it is claimed or in flight
    due INTEGER,                       -- as in `later`, if it is ready or waits
    at INTEGER,                        -- when the last attempt was recorded, and what the server replied
    code INTEGER,
    milliseconds INTEGER,
    enhanced TEXT,
    reply TEXT,
    detail BLOB
);
CREATE INDEX fate_problem ON fate (id) WHERE state IN (5, 6, 7);

-- Mails that can be claimed from a time on; 0 is at once.
CREATE TABLE later (
    job INTEGER NOT NULL,
    due INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (job, due, id)
) WITHOUT ROWID;

-- A process that sends, or has sent. It holds a lock on the file `<spool>.lock.<lock>` while it lives.
CREATE TABLE worker (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    boot TEXT NOT NULL,
    lock TEXT NOT NULL UNIQUE
);

CREATE TABLE claim (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    lease INTEGER NOT NULL,            -- milliseconds
    until INTEGER NOT NULL             -- by the clock of the machine that counts from its boot
);
CREATE INDEX claim_job ON claim (job);

-- The mails of a claim: those in a range whose fate names the claim, and those without a fate.
CREATE TABLE portion (
    claim INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (claim, low)
) WITHOUT ROWID;

CREATE TABLE hold (
    kind INTEGER NOT NULL,             -- 0 account, 1 job, 2 mail
    name TEXT NOT NULL,                -- of the account or the job
    row INTEGER NOT NULL,              -- of the mail, or 0
    reason INTEGER NOT NULL,           -- 0 person, 1 login, 2 limit, 3 server, 4 errors
    text TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (kind, name, row)
) WITHOUT ROWID;

CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    detail BLOB NOT NULL
);
CREATE INDEX event_job ON event (job, number);

-- What an account has sent in a part of time that begins at `begun`.
CREATE TABLE spent (
    account TEXT NOT NULL,
    begun INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, begun)
) WITHOUT ROWID;

CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    sha256 BLOB UNIQUE,                -- none while it is written
    uses INTEGER NOT NULL,             -- jobs, and mails that are not settled or are unknown
    added INTEGER NOT NULL
);
CREATE TABLE chunk (
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,
    octets BLOB NOT NULL,
    UNIQUE (content, number)
);
CREATE TABLE job_content (job INTEGER NOT NULL, content INTEGER NOT NULL);

-- For people.
CREATE VIEW v_job AS SELECT
    name AS job,
    CASE kind WHEN 0 THEN 'batch' ELSE 'queue' END AS kind,
    account,
    CASE phase WHEN 0 THEN 'adding' WHEN 1 THEN 'started' ELSE 'cancelled' END AS phase,
    ready, waiting, claimed, in_flight, accepted, rejected, unknown, failed, cancelled,
    datetime(created / 1000, 'unixepoch') AS created_utc,
    datetime(started / 1000, 'unixepoch') AS started_utc,
    datetime(settled / 1000, 'unixepoch') AS settled_utc
FROM job WHERE phase < 3;

CREATE VIEW v_mail AS SELECT
    job.name AS job,
    mail.id & 4294967295 AS row,
    mail.key,
    CASE coalesce(fate.state, CASE
        WHEN mail.id & 4294967295 < job.next_row THEN 2
        WHEN job.phase = 2 THEN 8
        ELSE 0
    END)
        WHEN 0 THEN 'ready' WHEN 1 THEN 'waiting' WHEN 2 THEN 'claimed' WHEN 3 THEN 'in flight'
        WHEN 4 THEN 'accepted' WHEN 5 THEN 'rejected' WHEN 6 THEN 'unknown' WHEN 7 THEN 'failed'
        ELSE 'cancelled'
    END AS state,
    coalesce(fate.attempts, 0) AS attempts,
    fate.code, fate.enhanced, fate.reply,
    datetime(fate.at / 1000, 'unixepoch') AS at_utc,
    CASE WHEN fate.due > 0 THEN datetime(fate.due / 1000, 'unixepoch') END AS due_utc,
    datetime(mail.added / 1000, 'unixepoch') AS added_utc
FROM mail JOIN job ON job.id = mail.job LEFT JOIN fate ON fate.id = mail.id
WHERE job.phase < 3;

CREATE VIEW v_problem AS SELECT
    job.name AS job,
    mail.id & 4294967295 AS row,
    mail.key,
    CASE fate.state WHEN 5 THEN 'rejected' WHEN 6 THEN 'unknown' ELSE 'failed' END AS state,
    fate.attempts, fate.code, fate.enhanced, fate.reply,
    datetime(fate.at / 1000, 'unixepoch') AS at_utc
FROM fate JOIN mail ON mail.id = fate.id JOIN job ON job.id = mail.job
WHERE fate.state IN (5, 6, 7) AND job.phase < 3;
