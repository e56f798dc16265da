-- The journal. Tables and columns are documented in docs/schema.md; HQ may query all of them.
-- The same tables with the same meaning as in SQLite, and three more for several writing processes: feed, writer, partition_lease.
-- Text compares byte by byte (COLLATE "C"), so that both engines order alike and no upgrade of the system's locales breaks an index.

CREATE TABLE record (
    position    bigint  NOT NULL PRIMARY KEY,
    partition   integer NOT NULL,
    stream      uuid    NOT NULL,
    version     bigint  NOT NULL CHECK (version > 0),
    payload     bytea   NOT NULL,
    store       bigint,
    incarnation bigint,
    sequence    bigint,
    CHECK ((store IS NULL) = (incarnation IS NULL) AND (store IS NULL) = (sequence IS NULL)),
    UNIQUE (stream, version)
);

CREATE TABLE fact (
    store       bigint NOT NULL,
    incarnation bigint NOT NULL,
    sequence    bigint NOT NULL,
    hash        bytea  NOT NULL CHECK (length(hash) = 32),
    bytes       bytea  NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
);

CREATE TABLE snapshot (
    stream  uuid   NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    payload bytea  NOT NULL
);

CREATE TABLE cursor (
    name        text   COLLATE "C" NOT NULL,
    store       bigint NOT NULL,
    incarnation bigint NOT NULL,
    sequence    bigint NOT NULL,
    hash        bytea  NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (name, store, incarnation)
) WITH (fillfactor = 50);

CREATE TABLE document (
    collection text  COLLATE "C" NOT NULL,
    key        bytea NOT NULL,
    value      bytea NOT NULL,
    PRIMARY KEY (collection, key)
) WITH (fillfactor = 70);

-- Every commit adds to a few rows of it: room in each page keeps the new row versions beside the old ones (HOT) and out of the index.
CREATE TABLE balance (
    account   text    COLLATE "C" NOT NULL,
    asset     text    COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    amount    bigint  NOT NULL,
    PRIMARY KEY (account, asset, partition)
) WITH (fillfactor = 50);

-- The head of the feed, one row. Whoever commits locks it first and until the end of its transaction, so that positions become visible in
-- the order in which they were given, whichever process gave them: a reader that has seen a position has seen every one before it.
CREATE TABLE feed (
    one      boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO feed (position) VALUES (0);

-- Who may write. A commit carries the session that its process was given; another session in the row means that somebody took over.
-- commits is the number of the newest commit of the session's process: what a process reads that lost its connection in mid-commit.
-- renewed_at says that the process lives; it decides when somebody else may take over, and nothing about what is committed.
CREATE TABLE writer (
    name       text        COLLATE "C" NOT NULL PRIMARY KEY,
    epoch      bigint      NOT NULL,
    session    uuid        NOT NULL,
    commits    bigint      NOT NULL,
    held_by    text        NOT NULL,
    shares     boolean     NOT NULL DEFAULT false,
    address    text        NOT NULL DEFAULT '',
    renewed_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10);

-- Which writer owns which partition, where several share the journal; '' while nobody does. No rows: one writer owns all.
-- epoch counts the changes of hand.
CREATE TABLE partition_lease (
    partition integer NOT NULL PRIMARY KEY,
    writer    text    COLLATE "C" NOT NULL,
    epoch     bigint  NOT NULL
);

CREATE FUNCTION refuse(state text, why text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', why USING ERRCODE = state;
END $$;

-- The first step of every commit: locks the head of the feed and proves that the writer still is the writer. Gives the position before its records.
CREATE FUNCTION begin_commit(its_name text, its_session uuid, number bigint, records bigint, partitions integer[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    base   bigint;
    shared boolean;
    stray  integer;
BEGIN
    UPDATE feed SET position = position + records RETURNING position - records INTO base;
    UPDATE writer SET commits = number, renewed_at = clock_timestamp() WHERE name = its_name AND session = its_session RETURNING shares INTO shared;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'writer % is another session now', its_name USING ERRCODE = 'SH002';
    END IF;
    SELECT p INTO stray FROM unnest(partitions) AS p LEFT JOIN partition_lease l ON l.partition = p
    WHERE coalesce(l.writer, '') <> its_name AND (shared OR l.writer <> '') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'partition % belongs to another writer now', stray USING ERRCODE = 'SH003';
    END IF;
    RETURN base;
END $$;

CREATE FUNCTION keep_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

-- Append-only is a property of the database, not a habit of the program: a hand-typed UPDATE is refused too.
CREATE TRIGGER record_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION keep_rows();
CREATE TRIGGER fact_is_append_only   BEFORE UPDATE OR DELETE OR TRUNCATE ON fact   FOR EACH STATEMENT EXECUTE FUNCTION keep_rows();
