-- The journal. Tables and columns are documented in storage/README.md; HQ may query all of them.
-- STRICT: an amount that no longer fits 64 bits is refused instead of becoming a floating point number.

CREATE TABLE record (
    position    INTEGER PRIMARY KEY,
    partition   INTEGER NOT NULL,
    stream      BLOB    NOT NULL CHECK (length(stream) = 16),
    version     INTEGER NOT NULL CHECK (version > 0),
    payload     BLOB    NOT NULL,
    store       INTEGER,
    incarnation INTEGER,
    sequence    INTEGER,
    CHECK ((store IS NULL) = (incarnation IS NULL) AND (store IS NULL) = (sequence IS NULL)),
    UNIQUE (stream, version)
) STRICT;

CREATE TABLE fact (
    store       INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    bytes       BLOB    NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    stream  BLOB    NOT NULL PRIMARY KEY CHECK (length(stream) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    payload BLOB    NOT NULL
) STRICT;

CREATE TABLE cursor (
    name        TEXT    NOT NULL,
    store       INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (name, store, incarnation)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    collection TEXT NOT NULL,
    key        BLOB NOT NULL,
    value      BLOB NOT NULL,
    PRIMARY KEY (collection, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE balance (
    account   TEXT    NOT NULL,
    asset     TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    PRIMARY KEY (account, asset, partition)
) STRICT, WITHOUT ROWID;

-- Append-only is a property of the file, not a habit of the program: a hand-typed UPDATE is refused too.
CREATE TRIGGER record_keeps_its_rows   BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'record is append-only'); END;
CREATE TRIGGER record_keeps_its_values BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'record is append-only'); END;
CREATE TRIGGER fact_keeps_its_rows     BEFORE DELETE ON fact   BEGIN SELECT RAISE(ABORT, 'fact is append-only'); END;
CREATE TRIGGER fact_keeps_its_values   BEFORE UPDATE ON fact   BEGIN SELECT RAISE(ABORT, 'fact is append-only'); END;
