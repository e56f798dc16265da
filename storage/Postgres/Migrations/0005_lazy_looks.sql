-- What is looked for in all parts, and rarely: as functions, because a statement opens the indexes of every part that it names when it begins, also where it then looks into none. Planned once a
-- session, and each look opens what it needs.

-- The newest version of a stream in the parts that are here, else among those that have left; null for none.
CREATE FUNCTION newest_version(its_stream uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    head bigint;
BEGIN
    SELECT r.version INTO head FROM record r WHERE r.stream = its_stream ORDER BY r.version DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT h.version INTO head FROM stream_head h WHERE h.stream = its_stream;
    END IF;
    RETURN head;
END $$;

-- The bytes of a record's fact; null where it has none. It lies in the part of its record where both were written together, which is nearly always.
CREATE FUNCTION fact_bytes(its_position bigint, its_store bigint, its_incarnation bigint, its_sequence bigint) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    held bytea;
BEGIN
    IF its_store IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT f.bytes INTO held FROM fact f WHERE f.position = its_position AND f.store = its_store AND f.incarnation = its_incarnation AND f.sequence = its_sequence;
    IF NOT FOUND THEN
        SELECT f.bytes INTO held FROM fact f WHERE f.store = its_store AND f.incarnation = its_incarnation AND f.sequence = its_sequence LIMIT 1;
    END IF;
    RETURN held;
END $$;
