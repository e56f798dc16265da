-- The journal in parts: records and facts are cut by position, so that old parts can leave the database whole (docs/schema.md, retention).
-- What was unique over a whole table stays so, also over parts that have left: of records by the newest version of each stream, of facts by how far
-- each producer's sequence has come. An older program that still writes finds its tables as they were.

-- Every part, newest last. A part that has left says where it went; nothing of it is in the database then.
CREATE TABLE journal_part (
    number  integer NOT NULL PRIMARY KEY,
    first   bigint  NOT NULL,
    last    bigint  NOT NULL,
    full_at timestamptz,
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

-- Facts 1 to upto of a producer are all in the journal. ahead: there are later ones too, behind a gap; those are in fact_ahead.
CREATE TABLE fact_head (
    store       bigint  NOT NULL,
    incarnation bigint  NOT NULL,
    upto        bigint  NOT NULL,
    ahead       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (store, incarnation)
) WITH (fillfactor = 50);

CREATE TABLE fact_ahead (
    store       bigint NOT NULL,
    incarnation bigint NOT NULL,
    sequence    bigint NOT NULL,
    PRIMARY KEY (store, incarnation, sequence)
);

INSERT INTO fact_head (store, incarnation, upto, ahead)
SELECT store, incarnation, count(*) FILTER (WHERE sequence = n), bool_or(sequence <> n)
FROM (SELECT store, incarnation, sequence, row_number() OVER (PARTITION BY store, incarnation ORDER BY sequence) AS n FROM fact) AS numbered GROUP BY store, incarnation;
INSERT INTO fact_ahead (store, incarnation, sequence)
SELECT store, incarnation, sequence
FROM (SELECT store, incarnation, sequence, row_number() OVER (PARTITION BY store, incarnation ORDER BY sequence) AS n FROM fact) AS numbered WHERE sequence <> n;

-- A fact lies in the part of the record that was written with it; one that was written alone in the part that is the newest then.
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

-- A fact is taken once, in whatever part it was. Nearly always each producer's next ones come, and one statement moves them on; what comes ahead of others
-- (a receipt that was handed in, a copy's log) is kept one by one until the gap before it is filled. Commits follow one another (feed), so nobody moves them in between.
-- That no fact comes twice in one statement is seen to by whoever writes it, and by the key of its part.
CREATE FUNCTION take_facts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stores    bigint[];
    lives     bigint[];
    producers bigint;
    late      record;
    reached   bigint;
BEGIN
    WITH came AS MATERIALIZED (
        SELECT store, incarnation, min(sequence) AS low, max(sequence) AS high, count(*) AS facts FROM came_facts GROUP BY store, incarnation),
    taken AS (
        INSERT INTO fact_head (store, incarnation, upto)
        SELECT c.store, c.incarnation, c.high FROM came c LEFT JOIN fact_head h ON h.store = c.store AND h.incarnation = c.incarnation
        WHERE c.low = coalesce(h.upto, 0) + 1 AND c.facts = c.high - c.low + 1 AND NOT coalesce(h.ahead, false)
        ON CONFLICT (store, incarnation) DO UPDATE SET upto = excluded.upto RETURNING store, incarnation)
    SELECT (SELECT array_agg(store) FROM taken), (SELECT array_agg(incarnation) FROM taken), (SELECT count(*) FROM came) INTO stores, lives, producers;
    IF coalesce(cardinality(stores), 0) = producers THEN
        RETURN NULL;
    END IF;

    FOR late IN
        SELECT c.store, c.incarnation, min(c.sequence) AS low, coalesce(max(h.upto), 0) AS upto
        FROM came_facts c LEFT JOIN fact_head h ON h.store = c.store AND h.incarnation = c.incarnation
        WHERE NOT EXISTS (SELECT 1 FROM unnest(stores, lives) AS t (store, incarnation) WHERE t.store = c.store AND t.incarnation = c.incarnation)
        GROUP BY c.store, c.incarnation
    LOOP
        IF late.low <= late.upto THEN
            RAISE EXCEPTION 'fact % of store %, life % is in the journal already', late.low, late.store, late.incarnation USING ERRCODE = 'SH001';
        END IF;
        INSERT INTO fact_ahead (store, incarnation, sequence)
        SELECT store, incarnation, sequence FROM came_facts WHERE store = late.store AND incarnation = late.incarnation;
        reached := late.upto;
        IF EXISTS (SELECT 1 FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation AND sequence = late.upto + 1) THEN
            SELECT max(sequence) INTO reached
            FROM (SELECT sequence, late.upto + row_number() OVER (ORDER BY sequence) AS n FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation) AS numbered
            WHERE sequence = n;
            DELETE FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation AND sequence <= reached;
        END IF;
        INSERT INTO fact_head (store, incarnation, upto, ahead)
        VALUES (late.store, late.incarnation, reached, EXISTS (SELECT 1 FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation))
        ON CONFLICT (store, incarnation) DO UPDATE SET upto = excluded.upto, ahead = excluded.ahead;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER fact_is_taken_once AFTER INSERT ON fact REFERENCING NEW TABLE AS came_facts FOR EACH STATEMENT EXECUTE FUNCTION take_facts();
