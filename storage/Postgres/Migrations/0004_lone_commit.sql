-- A commit of one decision: what a hub with little to do writes. The same steps, in the same order and with the same fences, as a group's statements (GroupWriter.cs); but the
-- database is asked once instead of ten times, and nothing is unpacked from arrays that hold one row. Gives the position before its record.
-- NULL for what it does not have: a fact's hash (the fact is in the journal already, or there is none), a snapshot's version, an expected value that does not matter.
CREATE FUNCTION commit_one(
    its_name text, its_session uuid, its_number bigint, its_partitions integer[], newest_first bigint, newest_last bigint, has_sums boolean,
    its_stream uuid, its_version bigint, its_partition integer, its_payload bytea, its_store bigint, its_incarnation bigint, its_sequence bigint,
    fact_hash bytea, fact_bytes bytea, snapshot_version bigint, snapshot_payload bytea,
    cursor_name text, cursor_store bigint, cursor_incarnation bigint, cursor_sequence bigint, cursor_hash bytea,
    its_collections text[], its_keys bytea[], its_values bytea[], its_expected bytea[],
    its_accounts text[], its_assets text[], its_places integer[], its_amounts bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    base bigint := begin_commit(its_name, its_session, its_number, 1, its_partitions);
    head bigint;
    held bytea;
BEGIN
    IF base NOT BETWEEN newest_first - 1 AND newest_last THEN
        PERFORM refuse('SH004', 'the newest part is another one');
    END IF;

    IF fact_hash IS NOT NULL THEN
        IF has_sums AND EXISTS (SELECT 1 FROM fact_head h WHERE h.store = its_store AND h.incarnation = its_incarnation AND (its_sequence <= h.upto OR (its_sequence <= h.ahead_to
            AND EXISTS (SELECT 1 FROM fact_ahead a WHERE a.store = its_store AND a.incarnation = its_incarnation AND a.sequence = its_sequence)))) THEN
            PERFORM refuse('SH001', 'a fact is in the journal already');
        END IF;
        INSERT INTO fact (store, incarnation, sequence, hash, bytes, position) VALUES (its_store, its_incarnation, its_sequence, fact_hash, fact_bytes, base + 1);
    END IF;

    SELECT r.version INTO head FROM record r WHERE r.stream = its_stream AND r.position BETWEEN newest_first AND newest_last ORDER BY r.version DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT r.version INTO head FROM record r WHERE r.stream = its_stream ORDER BY r.version DESC LIMIT 1;
        IF NOT FOUND THEN
            SELECT h.version INTO head FROM stream_head h WHERE h.stream = its_stream;
        END IF;
    END IF;
    IF its_version - 1 <> coalesce(head, 0) THEN
        PERFORM refuse('SH001', 'a version is not the next one');
    END IF;
    INSERT INTO record (position, partition, stream, version, payload, store, incarnation, sequence)
    VALUES (base + 1, its_partition, its_stream, its_version, its_payload, its_store, its_incarnation, its_sequence);
    IF snapshot_version IS NOT NULL THEN
        INSERT INTO snapshot AS s (stream, version, payload) VALUES (its_stream, snapshot_version, snapshot_payload)
        ON CONFLICT (stream) DO UPDATE SET version = excluded.version, payload = excluded.payload WHERE excluded.version > s.version;
    END IF;

    IF cursor_name IS NOT NULL THEN
        INSERT INTO cursor AS c (name, store, incarnation, sequence, hash) VALUES (cursor_name, cursor_store, cursor_incarnation, cursor_sequence, cursor_hash)
        ON CONFLICT (name, store, incarnation) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash WHERE excluded.sequence > c.sequence;
        -- It did not move: at its place or behind it. The same place with another hash is a history that forked.
        IF NOT FOUND THEN
            SELECT c.hash INTO held FROM cursor c WHERE c.name = cursor_name AND c.store = cursor_store AND c.incarnation = cursor_incarnation AND c.sequence = cursor_sequence;
            IF FOUND AND held <> cursor_hash THEN
                PERFORM refuse('SH001', 'a cursor stands there with another hash');
            END IF;
        END IF;
    END IF;

    FOR i IN 1 .. cardinality(its_keys) LOOP
        IF its_expected[i] IS NOT NULL THEN
            SELECT d.value INTO held FROM document d WHERE d.collection = its_collections[i] AND d.key = its_keys[i];
            IF its_expected[i] <> coalesce(held, '') THEN
                PERFORM refuse('SH001', 'a document is not what its writer last saw');
            END IF;
        END IF;
        INSERT INTO document (collection, key, value) VALUES (its_collections[i], its_keys[i], its_values[i])
        ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value;
    END LOOP;

    IF cardinality(its_accounts) > 0 THEN
        INSERT INTO balance AS b (account, asset, partition, amount) SELECT * FROM unnest(its_accounts, its_assets, its_places, its_amounts)
        ON CONFLICT (account, asset, partition) DO UPDATE SET amount = b.amount + excluded.amount;
    END IF;
    RETURN base;
END $$;
