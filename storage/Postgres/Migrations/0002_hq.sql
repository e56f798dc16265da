-- What HQ may query: rows that follow the records, a second or two behind (docs/schema.md). Nothing of it is the truth: it is made anew from the records with one command.
-- Nothing personal is in the clear here, so that whoever may read these tables learns numbers and no names.

CREATE TABLE hq_position (
    one      boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL
);
INSERT INTO hq_position (position) VALUES (0);

CREATE TABLE hq_member (
    member           uuid    NOT NULL PRIMARY KEY,
    version          bigint  NOT NULL,
    registered       boolean NOT NULL,
    erased           boolean NOT NULL,
    alias_of         uuid,
    has_phone        boolean NOT NULL,
    has_card         boolean NOT NULL,
    lifetime_spend   bigint  NOT NULL,
    receivable       bigint  NOT NULL,
    followers        bigint  NOT NULL,
    recorded_at_ms   bigint  NOT NULL
);

CREATE TABLE hq_wallet (
    member    uuid   NOT NULL,
    bucket    text   COLLATE "C" NOT NULL,
    asset     text   COLLATE "C" NOT NULL,
    total     bigint NOT NULL,
    free      bigint NOT NULL,
    at_stores bigint NOT NULL,
    PRIMARY KEY (member, bucket)
);

CREATE TABLE hq_lot (
    member       uuid   NOT NULL,
    origin_store bigint NOT NULL,
    terms        bigint NOT NULL,
    expiry_day   bigint NOT NULL,
    total        bigint NOT NULL,
    free         bigint NOT NULL,
    at_stores    bigint NOT NULL,
    PRIMARY KEY (member, origin_store, terms, expiry_day)
);
CREATE INDEX hq_lot_expiry ON hq_lot (expiry_day) WHERE total <> 0;

CREATE TABLE hq_right_line (
    member       uuid   NOT NULL,
    store        bigint NOT NULL,
    incarnation  bigint NOT NULL,
    bucket       text   COLLATE "C" NOT NULL,
    granted      bigint NOT NULL,
    credited     bigint NOT NULL,
    debited      bigint NOT NULL,
    relinquished bigint NOT NULL,
    disowned     bigint NOT NULL,
    outstanding  bigint NOT NULL,
    PRIMARY KEY (member, store, incarnation, bucket)
);
CREATE INDEX hq_right_line_store ON hq_right_line (store, incarnation) WHERE outstanding <> 0;

CREATE TABLE hq_op (
    store          bigint NOT NULL,
    incarnation    bigint NOT NULL,
    sequence       bigint NOT NULL,
    member         uuid   NOT NULL,
    version        bigint NOT NULL,
    position       bigint NOT NULL,
    type           text   COLLATE "C" NOT NULL,
    classification text   COLLATE "C" NOT NULL,
    occurred_at_ms bigint NOT NULL,
    recorded_at_ms bigint NOT NULL,
    bill           bigint NOT NULL,
    money          bigint NOT NULL,
    points         bigint NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
);
CREATE INDEX hq_op_member ON hq_op (member, version);
CREATE INDEX hq_op_time ON hq_op (occurred_at_ms);

CREATE TABLE hq_posting (
    member   uuid   NOT NULL,
    version  bigint NOT NULL,
    account  text   COLLATE "C" NOT NULL,
    asset    text   COLLATE "C" NOT NULL,
    amount   bigint NOT NULL,
    PRIMARY KEY (member, version, account, asset)
);

CREATE TABLE hq_case (
    id           text   COLLATE "C" NOT NULL PRIMARY KEY,
    kind         text   COLLATE "C" NOT NULL,
    opened_at_ms bigint NOT NULL,
    closed_at_ms bigint,
    member       uuid,
    store        bigint,
    incarnation  bigint,
    sequence     bigint,
    amount       bigint NOT NULL,
    asset        text   COLLATE "C" NOT NULL,
    payer        text   COLLATE "C" NOT NULL
);
CREATE INDEX hq_case_open ON hq_case (opened_at_ms) WHERE closed_at_ms IS NULL;
