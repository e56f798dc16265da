-- The journal in parts: records and facts are cut by position, so that old parts can leave the database whole (docs/schema.md, retention).
-- What was unique over a whole table stays so, also over parts that have left: of records by the newest version of each stream; of facts by the key of each part, and
-- by what full parts hold of each producer's sequence. An older program that still writes finds its tables as they were.

-- Every part, newest last. A part that has left says where it went; nothing of it is in the database then.
CREATE TABLE journal_part (
    number  integer NOT NULL PRIMARY KEY,
    first   bigint  NOT NULL,
    last    bigint  NOT NULL,
    full_at   timestamptz,
    summed_at timestamptz,
    file    text    COLLATE "C",
    sha256  bytea   CHECK (length(sha256) = 32),
    left_at timestamptz,
    CHECK ((file IS NULL) = (left_at IS NULL) AND (sha256 IS NULL) = (left_at IS NULL))
);

-- The newest version of streams that have no record in the parts that are here. It may name others too: then what is here is newer, and is looked at first.
CREATE TABLE stream_head (
    stream  uuid   NOT NULL PRIMARY KEY,
    version bigint NOT NULL
);

-- The facts of all parts that were summed up: 1 to upto of a producer are all there; those beyond, up to ahead_to, are in fact_ahead one by one.
CREATE TABLE fact_head (
    store       bigint NOT NULL,
    incarnation bigint NOT NULL,
    upto        bigint NOT NULL,
    ahead_to    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (store, incarnation)
);

CREATE TABLE fact_ahead (
    store       bigint NOT NULL,
    incarnation bigint NOT NULL,
    sequence    bigint NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
);

-- A fact lies in the part of the record that was written with it; one that was written alone in the part of the next record. So a full part never changes.
ALTER TABLE fact ADD COLUMN position bigint NOT NULL DEFAULT 0;

ALTER TABLE record RENAME TO record_0;
ALTER TABLE record_0 RENAME CONSTRAINT record_pkey TO record_0_pkey;
ALTER TABLE record_0 RENAME CONSTRAINT record_stream_version_key TO record_0_stream_version_key;
ALTER TABLE fact RENAME TO fact_0;
ALTER TABLE fact_0 RENAME CONSTRAINT fact_pkey TO fact_0_pkey;
CREATE TABLE record (LIKE record_0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (position);
CREATE TABLE fact   (LIKE fact_0   INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (position);

-- Append-only, as each part is by itself.
CREATE TRIGGER record_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION keep_rows();
CREATE TRIGGER fact_is_append_only   BEFORE UPDATE OR DELETE OR TRUNCATE ON fact   FOR EACH STATEMENT EXECUTE FUNCTION keep_rows();

-- The part of everything until now, and room for an older program that goes on writing for a while.
DO $$
DECLARE
    size bigint := coalesce(nullif(current_setting('synchub.part_records', true), '')::bigint, 5000000);
    head bigint := (SELECT position FROM feed);
    upto bigint := (head / size + CASE WHEN head = 0 THEN 1 ELSE 2 END) * size;
BEGIN
    EXECUTE format('ALTER TABLE record ATTACH PARTITION record_0 FOR VALUES FROM (MINVALUE) TO (%s)', upto + 1);
    EXECUTE format('ALTER TABLE fact   ATTACH PARTITION fact_0   FOR VALUES FROM (MINVALUE) TO (%s)', upto + 1);
    INSERT INTO journal_part (number, first, last) VALUES (0, 1, upto);
END $$;

-- Adds empty parts of a size until there is one for a position. Takes no lock that a commit or a reader waits for.
CREATE FUNCTION add_parts(upto bigint, size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    newest journal_part;
    name   text;
    until  bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('synchub parts ' || current_schema(), 0));
    LOOP
        SELECT * INTO newest FROM journal_part ORDER BY number DESC LIMIT 1;
        EXIT WHEN newest.last >= upto;
        name := (newest.number + 1)::text;
        until := newest.last + size;
        EXECUTE format('CREATE TABLE record_%s (LIKE record INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (position), UNIQUE (stream, version))', name);
        EXECUTE format('CREATE TABLE fact_%s (LIKE fact INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (store, incarnation, sequence))', name);
        EXECUTE format('CREATE TRIGGER record_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_%s FOR EACH STATEMENT EXECUTE FUNCTION keep_rows()', name);
        EXECUTE format('CREATE TRIGGER fact_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fact_%s FOR EACH STATEMENT EXECUTE FUNCTION keep_rows()', name);
        EXECUTE format('ALTER TABLE record ATTACH PARTITION record_%s FOR VALUES FROM (%s) TO (%s)', name, newest.last + 1, until + 1);
        EXECUTE format('ALTER TABLE fact ATTACH PARTITION fact_%s FOR VALUES FROM (%s) TO (%s)', name, newest.last + 1, until + 1);
        INSERT INTO journal_part (number, first, last) VALUES (newest.number + 1, newest.last + 1, until);
    END LOOP;
    RETURN newest.last;
END $$;

-- Sums a full part up, once. Nobody waits for it: until it is done commits look into the part itself.
CREATE FUNCTION sum_part(full_part integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('synchub sums ' || current_schema(), 0));
    IF EXISTS (SELECT 1 FROM journal_part WHERE number = full_part AND (summed_at IS NOT NULL OR full_at IS NULL)) THEN
        RETURN;
    END IF;

    -- What follows upto without a gap has the number of its place behind it.
    EXECUTE format('INSERT INTO fact_head (store, incarnation, upto)
        SELECT store, incarnation, max(base) + count(*) FILTER (WHERE sequence = base + n)
        FROM (SELECT a.store, a.incarnation, a.sequence, coalesce(h.upto, 0) AS base, row_number() OVER (PARTITION BY a.store, a.incarnation ORDER BY a.sequence) AS n
              FROM (SELECT store, incarnation, sequence FROM fact_%1$s UNION ALL SELECT store, incarnation, sequence FROM fact_ahead) AS a
              LEFT JOIN fact_head h ON h.store = a.store AND h.incarnation = a.incarnation) AS numbered
        GROUP BY store, incarnation
        ON CONFLICT (store, incarnation) DO UPDATE SET upto = excluded.upto', full_part);
    EXECUTE format('INSERT INTO fact_ahead (store, incarnation, sequence)
        SELECT f.store, f.incarnation, f.sequence FROM fact_%1$s f JOIN fact_head h ON h.store = f.store AND h.incarnation = f.incarnation WHERE f.sequence > h.upto', full_part);
    DELETE FROM fact_ahead a USING fact_head h WHERE h.store = a.store AND h.incarnation = a.incarnation AND a.sequence <= h.upto;
    UPDATE fact_head h SET ahead_to = coalesce((SELECT max(a.sequence) FROM fact_ahead a WHERE a.store = h.store AND a.incarnation = h.incarnation), 0)
    WHERE h.ahead_to > 0 OR EXISTS (SELECT 1 FROM fact_ahead a WHERE a.store = h.store AND a.incarnation = h.incarnation);
    UPDATE journal_part SET summed_at = clock_timestamp() WHERE number = full_part;
END $$;

-- Whether a fact is in the journal, in whatever part.
CREATE FUNCTION has_fact(its_store bigint, its_incarnation bigint, its_sequence bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM fact f WHERE f.store = its_store AND f.incarnation = its_incarnation AND f.sequence = its_sequence)
        OR EXISTS (SELECT 1 FROM fact_head h WHERE h.store = its_store AND h.incarnation = its_incarnation AND h.upto >= its_sequence)
        OR EXISTS (SELECT 1 FROM fact_ahead a WHERE a.store = its_store AND a.incarnation = its_incarnation AND a.sequence = its_sequence);
$$;

-- An older program knows of no parts and gives a fact no position: it lies in part 0. While that is not full all facts lie there, and its key tells them apart; once it is, nothing may come into it.
CREATE FUNCTION take_fact_of_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM journal_part WHERE number = 0 AND full_at IS NOT NULL) THEN
        RAISE EXCEPTION 'part 0 of the journal is full: run the newer program' USING ERRCODE = 'SH002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fact_of_before BEFORE INSERT ON fact_0 FOR EACH ROW WHEN (NEW.position = 0) EXECUTE FUNCTION take_fact_of_before();
