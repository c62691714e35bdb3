/** Each runs with psql directly and through Freshet; every byte of both outputs must be equal. */
export const PSQL_SCRIPTS: Readonly<Record<string, string>> = {
  "errors with their details": `
    SELECT 1/0;
    SELECT nothing FROM nowhere;
    SELEC 1;
    CREATE TABLE checked (id int PRIMARY KEY, n int CHECK (n > 0));
    INSERT INTO checked VALUES (1, 1), (1, 2);
    INSERT INTO checked VALUES (2, -1);
    SELECT 'ok' AS after_errors;
    DROP TABLE checked;
  `,
  "notices and warnings": `
    DO $$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning' USING HINT = 'a hint'; END $$;
    DROP TABLE IF EXISTS not_there;
    COMMIT;
    SELECT 'end';
  `,
  "transactions and savepoints": `
    CREATE TABLE moved (id int);
    BEGIN; INSERT INTO moved VALUES (1); SAVEPOINT one; INSERT INTO moved VALUES (2);
    ROLLBACK TO one; SELECT * FROM moved; RELEASE one; COMMIT;
    BEGIN; SELECT 1/0; SELECT 1; ROLLBACK;
    BEGIN; INSERT INTO moved VALUES (3); ROLLBACK AND CHAIN; SELECT count(*) FROM moved; COMMIT;
    BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; INSERT INTO moved VALUES (4); ROLLBACK;
    SELECT * FROM moved;
    DROP TABLE moved;
  `,
  "prepared transactions": `
    CREATE TABLE two_phase (id int);
    BEGIN; INSERT INTO two_phase VALUES (1); PREPARE TRANSACTION 'first';
    SELECT count(*) FROM two_phase;
    SELECT gid FROM pg_prepared_xacts;
    COMMIT PREPARED 'first';
    SELECT count(*) FROM two_phase;
    ROLLBACK PREPARED 'first';
    DROP TABLE two_phase;
  `,
  cursors: `
    BEGIN;
    DECLARE numbers SCROLL CURSOR FOR SELECT * FROM generate_series(1, 10) n;
    FETCH 3 FROM numbers; FETCH BACKWARD 1 FROM numbers; MOVE 4 IN numbers; FETCH ALL FROM numbers;
    CLOSE numbers; FETCH 1 FROM numbers; ROLLBACK;
    DECLARE held CURSOR WITH HOLD FOR SELECT 1 AS held;
    FETCH 1 FROM held; CLOSE held;
    \\set FETCH_COUNT 7
    SELECT * FROM generate_series(1, 20) n;
  `,
  "prepared statements in SQL": `
    PREPARE twice(int) AS SELECT $1 * 2 AS twice;
    EXECUTE twice(21); EXECUTE twice('x'); DEALLOCATE twice; EXECUTE twice(1);
    SELECT 1 AS one, 2 AS two \\gdesc
    SELECT 'bound ' || 7 AS text \\g
  `,
  settings: `
    SET work_mem = '7MB'; SHOW work_mem; RESET work_mem;
    SET TimeZone = 'Asia/Tokyo'; SELECT timestamptz '2024-01-01 00:00Z'; SHOW TimeZone;
    SET DateStyle = 'SQL, DMY'; SELECT date '2024-12-31'; RESET ALL; SELECT date '2024-12-31';
    SET client_encoding = 'LATIN1'; SHOW client_encoding; SELECT length('x'); RESET client_encoding;
    SET standard_conforming_strings = off; SELECT 'a\\\\b'; RESET standard_conforming_strings;
    SET no_such_setting = 1;
    BEGIN; SET LOCAL work_mem = '9MB'; SHOW work_mem; COMMIT; SHOW work_mem;
    DISCARD ALL; SHOW TimeZone;
  `,
  "statement timeout": `
    SET statement_timeout = '50ms'; SELECT pg_sleep(10); SELECT 'after'; RESET statement_timeout;
  `,
  "copy, and errors in it": `
    CREATE TABLE target (id int, name text);
    COPY target FROM STDIN;
1\tone
2\ttwo
\\.
    COPY target FROM STDIN;
three\tnot a number
\\.
    COPY target FROM STDIN (FORMAT csv);
4,"a, b"
5,
\\.
    SELECT * FROM target ORDER BY id;
    COPY (SELECT 1/(id - 2) FROM target) TO STDOUT;
    COPY target TO STDOUT (FORMAT csv, HEADER);
    DROP TABLE target;
  `,
  "several statements in one message": `
    SELECT 1 \\; SELECT 2 \\; SELECT 3;
    CREATE TABLE many (id int) \\; INSERT INTO many VALUES (1) \\; SELECT 1/0;
    SELECT to_regclass('many');
    BEGIN \\; SELECT 5 \\; COMMIT;
    ;
    -- only a comment
    SELECT 'end';
  `,
  "what psql asks the catalogue": `
    CREATE TABLE described (id int PRIMARY KEY, name text DEFAULT 'x', UNIQUE (name));
    COMMENT ON TABLE described IS 'a comment';
    \\d described
    \\d+ described
    \\dt
    \\df lower
    \\conninfo_is_left_out
    DROP TABLE described;
  `,
  "rows of every shape": `
    SELECT;
    SELECT NULL AS nothing, '' AS empty, E'line\\nbreak' AS two_lines;
    SELECT n, repeat('*', n) FROM generate_series(1, 5) n;
    SELECT ARRAY[1, NULL, 3], ROW(1, 'a'), int4range(1, 5), '{"a": [1]}'::jsonb, '\\x00ff'::bytea;
    VALUES (1, 'one'), (2, 'two');
    TABLE pg_catalog.pg_am;
    EXPLAIN (COSTS off) SELECT * FROM pg_class WHERE oid = 1;
    WITH x AS (SELECT 1 AS a) SELECT * FROM x;
  `,
};
