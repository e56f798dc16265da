-- The same fence, with less to do where a producer's facts come in another order than that of their numbers, as they do under load: ops of one store are decided
-- by many partitions side by side. What a commit closes by itself is not kept as ahead first, and what came is looked through once and not once per producer.
CREATE OR REPLACE FUNCTION take_facts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stores    bigint[];
    lives     bigint[];
    producers bigint;
    late      record;
    reached   bigint;
BEGIN
    -- Nearly always, where there is little to do, each producer's next ones come, and one statement moves them on.
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
        WITH came AS MATERIALIZED (
            SELECT store, incarnation, array_agg(sequence ORDER BY sequence) AS facts, count(DISTINCT sequence) AS numbers FROM came_facts GROUP BY store, incarnation)
        SELECT c.store, c.incarnation, c.facts, c.numbers, coalesce(h.upto, 0) AS upto, coalesce(h.ahead, false) AS ahead
        FROM came c LEFT JOIN fact_head h ON h.store = c.store AND h.incarnation = c.incarnation
        WHERE NOT EXISTS (SELECT 1 FROM unnest(stores, lives) AS t (store, incarnation) WHERE t.store = c.store AND t.incarnation = c.incarnation)
    LOOP
        IF late.facts[1] <= late.upto OR late.numbers <> cardinality(late.facts) OR (late.ahead AND EXISTS (
            SELECT 1 FROM fact_ahead a WHERE a.store = late.store AND a.incarnation = late.incarnation AND a.sequence = ANY (late.facts))) THEN
            RAISE EXCEPTION 'a fact of store %, life % from % on is in the journal already', late.store, late.incarnation, late.facts[1] USING ERRCODE = 'SH001';
        END IF;
        reached := late.upto;
        IF late.facts[1] = late.upto + 1 THEN
            -- Numbers above upto, each once and in order: one that stands at its own place has no gap before it.
            SELECT max(sequence) INTO reached
            FROM (SELECT sequence, late.upto + row_number() OVER (ORDER BY sequence) AS n
                  FROM (SELECT unnest(late.facts) AS sequence
                        UNION ALL SELECT a.sequence FROM fact_ahead a WHERE late.ahead AND a.store = late.store AND a.incarnation = late.incarnation) AS known) AS numbered
            WHERE sequence = n;
            IF late.ahead THEN
                DELETE FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation AND sequence <= reached;
            END IF;
        END IF;
        INSERT INTO fact_ahead (store, incarnation, sequence) SELECT late.store, late.incarnation, n FROM unnest(late.facts) AS n WHERE n > reached;
        INSERT INTO fact_head (store, incarnation, upto, ahead)
        VALUES (late.store, late.incarnation, reached, EXISTS (SELECT 1 FROM fact_ahead WHERE store = late.store AND incarnation = late.incarnation))
        ON CONFLICT (store, incarnation) DO UPDATE SET upto = excluded.upto, ahead = excluded.ahead;
    END LOOP;
    RETURN NULL;
END $$;
