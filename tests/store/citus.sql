-- Stands in for the extension Citus in a plain PostgreSQL: its functions note what they are called
-- with, and refuse what Citus refuses (docs.citusdata.com, "SQL Support and Workarounds").
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (99999, 'citus', 10, 'public'::regnamespace, false, 'stands in');
RESET allow_system_table_mods;

CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partkey text);

CREATE FUNCTION parent_of(tab regclass) RETURNS regclass LANGUAGE sql AS $$
  SELECT inhparent::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
  WHERE i.inhrelid = tab AND c.relkind = 'p'
$$;

CREATE FUNCTION check_spread(tab regclass, col text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bad text;
BEGIN
  SELECT i.indexrelid::regclass::text INTO bad FROM pg_index i
  WHERE i.indrelid = tab AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = tab AND a.attname = col
    AND a.attnum = ANY (i.indkey::smallint[]));
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'unique index % does not include the distribution column %', bad, col;
  END IF;
  SELECT c.conname INTO bad FROM pg_constraint c
  WHERE c.contype = 'f' AND tab IN (c.conrelid, c.confrelid);
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'foreign key % crosses shards', bad;
  END IF;
END $$;

CREATE FUNCTION create_distributed_table(tab regclass, col text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = tab AND a.attname = col
                 AND a.attnum > 0) THEN
    RAISE EXCEPTION 'column % of % does not exist', col, tab;
  END IF;
  IF EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = tab) THEN
    RAISE EXCEPTION 'table % is already distributed', tab;
  END IF;
  IF parent_of(tab) IS NOT NULL THEN
    RAISE EXCEPTION '% is a partition of %: that is what is to be distributed', tab, parent_of(tab);
  END IF;
  PERFORM check_spread(each, col) FROM each_of(tab) AS each;
  INSERT INTO pg_dist_partition SELECT each, col FROM each_of(tab) AS each;
END $$;

-- A table and the partitions that are attached to it.
CREATE FUNCTION each_of(tab regclass) RETURNS SETOF regclass LANGUAGE sql AS $$
  SELECT tab UNION ALL SELECT inhrelid::regclass FROM pg_inherits
  WHERE inhparent = tab AND parent_of(inhrelid) = tab
$$;

CREATE FUNCTION create_reference_table(tab regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = tab) THEN
    RAISE EXCEPTION 'table % is already distributed', tab;
  END IF;
  INSERT INTO pg_dist_partition VALUES (tab, '');
END $$;

-- What is made later on a table that is spread already is looked at too; what is attached to such
-- a table is spread like it, and what is spread is never attached to a table that is not.
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  known record;
BEGIN
  SELECT inhrelid::regclass AS part INTO known FROM pg_inherits
  WHERE parent_of(inhrelid) NOT IN (SELECT logicalrelid FROM pg_dist_partition)
  AND inhrelid IN (SELECT logicalrelid FROM pg_dist_partition);
  IF FOUND THEN
    RAISE EXCEPTION '% is distributed, and what it is attached to is not', known.part;
  END IF;
  INSERT INTO pg_dist_partition SELECT inhrelid, p.partkey FROM pg_inherits
  JOIN pg_dist_partition p ON p.logicalrelid = parent_of(inhrelid) ON CONFLICT DO NOTHING;
  FOR known IN SELECT * FROM pg_dist_partition WHERE partkey <> '' LOOP
    PERFORM check_spread(known.logicalrelid, known.partkey);
  END LOOP;
END $$;
CREATE EVENT TRIGGER keeps_to_citus ON ddl_command_end
WHEN TAG IN ('CREATE INDEX', 'ALTER TABLE') EXECUTE FUNCTION on_ddl();

CREATE FUNCTION on_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM pg_dist_partition d USING pg_event_trigger_dropped_objects() o
  WHERE o.classid = 'pg_class'::regclass AND d.logicalrelid::oid = o.objid;
END $$;
CREATE EVENT TRIGGER forgets_what_is_dropped ON sql_drop EXECUTE FUNCTION on_drop();
