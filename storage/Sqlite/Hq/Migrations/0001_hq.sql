-- The file beside the journal that HQ may query: rows that follow the records, a second or two behind (docs/schema.md). Nothing of it is the truth: it is made anew from the records with one command.
-- Nothing personal is in the clear here, so that whoever may read these tables learns numbers and no names.

CREATE TABLE hq_position (
    one      INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    position INTEGER  NOT NULL
) STRICT;
INSERT INTO hq_position (position) VALUES (0);

CREATE TABLE hq_member (
    member           BLOB    NOT NULL PRIMARY KEY,
    version          INTEGER  NOT NULL,
    registered       INTEGER NOT NULL,
    erased           INTEGER NOT NULL,
    alias_of         BLOB,
    has_phone        INTEGER NOT NULL,
    has_card         INTEGER NOT NULL,
    lifetime_spend   INTEGER  NOT NULL,
    receivable       INTEGER  NOT NULL,
    followers        INTEGER  NOT NULL,
    recorded_at_ms   INTEGER  NOT NULL
) STRICT;

CREATE TABLE hq_wallet (
    member    BLOB   NOT NULL,
    bucket    TEXT   NOT NULL,
    asset     TEXT   NOT NULL,
    total     INTEGER NOT NULL,
    free      INTEGER NOT NULL,
    at_stores INTEGER NOT NULL,
    PRIMARY KEY (member, bucket)
) STRICT;

CREATE TABLE hq_lot (
    member       BLOB   NOT NULL,
    origin_store INTEGER NOT NULL,
    terms        INTEGER NOT NULL,
    expiry_day   INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    free         INTEGER NOT NULL,
    at_stores    INTEGER NOT NULL,
    PRIMARY KEY (member, origin_store, terms, expiry_day)
) STRICT;
CREATE INDEX hq_lot_expiry ON hq_lot (expiry_day) WHERE total <> 0;

CREATE TABLE hq_right_line (
    member       BLOB   NOT NULL,
    store        INTEGER NOT NULL,
    incarnation  INTEGER NOT NULL,
    bucket       TEXT   NOT NULL,
    granted      INTEGER NOT NULL,
    credited     INTEGER NOT NULL,
    debited      INTEGER NOT NULL,
    relinquished INTEGER NOT NULL,
    disowned     INTEGER NOT NULL,
    outstanding  INTEGER NOT NULL,
    PRIMARY KEY (member, store, incarnation, bucket)
) STRICT;
CREATE INDEX hq_right_line_store ON hq_right_line (store, incarnation) WHERE outstanding <> 0;

CREATE TABLE hq_op (
    store          INTEGER NOT NULL,
    incarnation    INTEGER NOT NULL,
    sequence       INTEGER NOT NULL,
    member         BLOB   NOT NULL,
    version        INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    type           TEXT   NOT NULL,
    classification TEXT   NOT NULL,
    occurred_at_ms INTEGER NOT NULL,
    recorded_at_ms INTEGER NOT NULL,
    bill           INTEGER NOT NULL,
    money          INTEGER NOT NULL,
    points         INTEGER NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
) STRICT;
CREATE INDEX hq_op_member ON hq_op (member, version);
CREATE INDEX hq_op_time ON hq_op (occurred_at_ms);

CREATE TABLE hq_posting (
    member   BLOB   NOT NULL,
    version  INTEGER NOT NULL,
    account  TEXT   NOT NULL,
    asset    TEXT   NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (member, version, account, asset)
) STRICT;

CREATE TABLE hq_case (
    id           TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    closed_at_ms INTEGER,
    member       BLOB,
    store        INTEGER,
    incarnation  INTEGER,
    sequence     INTEGER,
    amount       INTEGER NOT NULL,
    asset        TEXT   NOT NULL,
    payer        TEXT   NOT NULL
) STRICT;
CREATE INDEX hq_case_open ON hq_case (opened_at_ms) WHERE closed_at_ms IS NULL;
