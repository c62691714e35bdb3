import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TransactionMark, UNCHANGED } from "../contract.ts";
import {
  type Running,
  type TestServer,
  assemble,
  copyAll,
  printRow,
  startServer,
  startUpstream,
  tableLines,
  until,
} from "./testing.ts";

const CORPUS = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE DOMAIN positive AS int CHECK (value > 0);
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE corpus (id int PRIMARY KEY, i2 int2, i8 int8, f4 float4, f8 float8, n numeric,
    n2 numeric(12,3), t text, v varchar(20), c char(5), b bytea, u uuid, d date, tm time,
    ts timestamp, tz timestamptz(3), iv interval, ok bool, m mood, p positive, pr pair,
    ia int[], ta text[], j json, jb jsonb, ip inet, r int4range, o oid, x xml, bt bit(5));
  INSERT INTO corpus VALUES
    (1, 1, 9223372036854775807, 1.1, 0.1, 123456789012345678901234567890.123456789, 1.5,
     E'tab\\there\\nline\\\\back', 'v', 'ab', '\\x00ff5c6e', '00000000-0000-0000-0000-0000000000aF',
     '2024-02-29', '23:59:59.999999', '2024-02-29 12:00:00.123456', '2024-02-29 12:00:00.123+02',
     '1 year 2 mons -3 days 04:05:06.789', true, 'happy', 5, '(1,"a b")', '{1,NULL,3}',
     '{"a,b","\\\\","N"}', '{"a": 1}', '{"a": 1}', '10.0.0.1/8', '[1,5)', 4294967295, '<a/>', '10101'),
    (2, -32768, -9223372036854775808, 'NaN', '-Infinity', 'NaN', -0.001, '', '', '', '', NULL,
     'infinity', '24:00:00', '-infinity', 'infinity', '-00:00:00.000001', false, 'sad', NULL, NULL,
     '{}', '{}', NULL, 'null', '::1', 'empty', 0, NULL, NULL),
    (3, 0, 0, '-0', 1e308, 0.00, 0, E'\\uFEFFbom \\U0001F600 é', '\\N', 'é', '\\x', NULL,
     '0044-03-15 BC', '00:00:00', '0044-03-15 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '0', NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, NULL, NULL, 3.4028235e38, 5e-324, 1e100, NULL, E'\\b\\f\\r\\v\\x01', E'a\\\\', NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);`;

describe.each([13, 18] as const)("copy and stream, Postgres %i", (major) => {
  let pg: TestServer;
  let run: Running;

  beforeAll(async () => {
    pg = await startServer(major);
    run = await startUpstream(pg.server.url());
  });
  afterAll(async () => {
    await run.close();
    await pg.stop();
  });

  const follow = async (name: string) => {
    // Statements of the set-up that the stream has yet to pass would be taken for later changes.
    await run.caughtUp();
    const schema = await run.table(name);
    expect(await run.upstream.addTables([schema])).toEqual([]);
    return schema;
  };

  it("gives equal values by copy and by stream for every type", async () => {
    await pg.admin.query(CORPUS);
    const schema = await follow("corpus");
    const copy = await copyAll(run.upstream, schema);
    expect(copy.rows.map((row) => printRow(schema, row)).sort()).toEqual(
      await tableLines(pg.admin, schema),
    );
    await pg.admin.query(
      "WITH gone AS (DELETE FROM corpus RETURNING *) SELECT 1; INSERT INTO corpus SELECT 9",
    );
    await pg.admin.query("DELETE FROM corpus");
    await pg.admin.query(CORPUS.slice(CORPUS.indexOf("INSERT")));
    await run.caughtUp();
    const inserted = run.recorder
      .changes()
      .flatMap((change) => (change.kind === "insert" && change.row[0] !== 9 ? [change.row] : []));
    expect(inserted).toEqual(copy.rows);
  });

  it("marks unchanged long values, and fills them from a full old row", async () => {
    await pg.admin.query(`
      CREATE TABLE toast (id int PRIMARY KEY, n int, long text);
      CREATE TABLE toast_full (id int, n int, long text);
      ALTER TABLE toast ALTER long SET STORAGE EXTERNAL;
      ALTER TABLE toast_full ALTER long SET STORAGE EXTERNAL;
      ALTER TABLE toast_full REPLICA IDENTITY FULL;
      INSERT INTO toast VALUES (1, 1, repeat('x', 10000));
      INSERT INTO toast_full VALUES (1, 1, repeat('y', 10000))`);
    const schemas = [await run.table("toast"), await run.table("toast_full")];
    expect(await run.upstream.addTables(schemas)).toEqual([]);
    await pg.admin.query("UPDATE toast SET n = 2; UPDATE toast_full SET n = 2");
    await run.caughtUp();
    const updates = run.recorder.changes().filter((change) => change.kind === "update");
    expect(updates).toEqual([
      {
        kind: "update",
        table: schemas[0]!.id,
        old: null,
        oldIsFull: false,
        row: [1, 2, UNCHANGED],
      },
      {
        kind: "update",
        table: schemas[1]!.id,
        old: [1, 1, "y".repeat(10_000)],
        oldIsFull: true,
        row: [1, 2, "y".repeat(10_000)],
      },
    ]);
  });

  it("identifies rows by primary key, index, or the whole row", async () => {
    await pg.admin.query(`
      CREATE TABLE by_key (a int, b int, c int, PRIMARY KEY (c, a));
      CREATE TABLE by_index (a int, b int NOT NULL UNIQUE);
      ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_b_key;
      CREATE TABLE full_key (a int PRIMARY KEY, b int);
      ALTER TABLE full_key REPLICA IDENTITY FULL;
      CREATE TABLE bag (a int, b int);
      ALTER TABLE bag REPLICA IDENTITY FULL;
      INSERT INTO by_key VALUES (1, 2, 3); INSERT INTO by_index VALUES (1, 2);
      INSERT INTO full_key VALUES (1, 2); INSERT INTO bag VALUES (1, 2), (1, 2);`);
    const names = ["by_key", "by_index", "full_key", "bag"];
    const schemas = await Promise.all(names.map((name) => run.table(name)));
    expect(schemas.map((schema) => schema.key)).toEqual([[2, 0], [1], [0], null]);
    expect(await run.upstream.addTables(schemas)).toEqual([]);
    const copies = [];
    for (const schema of schemas) copies.push(await copyAll(run.upstream, schema));
    await pg.admin
      .query(`UPDATE by_key SET a = 9; UPDATE by_key SET b = 8; UPDATE by_index SET b = 9;
      UPDATE by_index SET a = NULL; UPDATE full_key SET a = 5, b = NULL; UPDATE full_key SET b = 1;
      UPDATE bag SET b = 3; INSERT INTO bag VALUES (NULL, NULL), (1, 3);
      DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag)`);
    await run.caughtUp();
    for (const [index, schema] of schemas.entries()) {
      const mirror = assemble(schema, copies[index]!, run.recorder.transactions);
      expect(mirror.lines()).toEqual(await tableLines(pg.admin, schema));
    }
    await pg.admin.query(
      "DELETE FROM by_key; DELETE FROM by_index; DELETE FROM full_key; TRUNCATE bag",
    );
    await run.caughtUp();
    for (const [index, schema] of schemas.entries()) {
      const mirror = assemble(schema, copies[index]!, run.recorder.transactions);
      expect(mirror.lines()).toEqual([]);
    }
  });

  it("sees a partitioned table as one, its partitions' columns in any order", async () => {
    await pg.admin.query(`
      CREATE TABLE part (id int, grp int, t text, PRIMARY KEY (id, grp)) PARTITION BY RANGE (grp);
      CREATE TABLE part_a PARTITION OF part FOR VALUES FROM (0) TO (10);
      CREATE TABLE part_b (t text, dropped int, grp int NOT NULL, id int NOT NULL, PRIMARY KEY (id, grp));
      ALTER TABLE part_b DROP dropped;
      ALTER TABLE part ATTACH PARTITION part_b FOR VALUES FROM (10) TO (20);
      INSERT INTO part SELECT i, i % 20, 't' || i FROM generate_series(1, 1000) i`);
    const schema = await follow("part");
    const copy = await copyAll(run.upstream, schema);
    expect(copy.rows.length).toBe(1000);
    await pg.admin.query("UPDATE part SET grp = (grp + 10) % 20 WHERE id < 100");
    await pg.admin.query(
      "DELETE FROM part_b WHERE id > 900; INSERT INTO part VALUES (5000, 3, NULL)",
    );
    // A partition made later is empty then, so its rows simply arrive.
    await pg.admin.query("CREATE TABLE part_c PARTITION OF part FOR VALUES FROM (20) TO (30)");
    await pg.admin.query("INSERT INTO part VALUES (6000, 25, 'c')");
    await run.caughtUp();
    expect(run.recorder.schemaChanges).toEqual([]);
    const mirror = assemble(schema, copy, run.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(pg.admin, schema));
    await pg.admin.query("TRUNCATE part");
    await run.caughtUp();
    expect(assemble(schema, copy, run.recorder.transactions).lines()).toEqual([]);
    await pg.admin.query("INSERT INTO part VALUES (1, 1), (2, 12); TRUNCATE part_b");
    await run.caughtUp();
    expect(run.recorder.schemaChanges).toEqual([[schema.id]]);
  });

  it("loses and doubles nothing while writers hammer and an old transaction is open", async () => {
    await pg.admin.query(`CREATE TABLE busy (id int PRIMARY KEY, n int, t text);
      INSERT INTO busy SELECT i, 0, 'x' FROM generate_series(1, 20000) i;
      CREATE TABLE other (id int)`);
    const old = await pg.connect();
    await old.query("BEGIN; INSERT INTO other VALUES (1); UPDATE busy SET n = -1 WHERE id = 1");
    const bystander = await pg.connect();
    await bystander.query("BEGIN; INSERT INTO other VALUES (2)");
    const stop = new AbortController();
    let turns = 0;
    const moreTurns = async (count: number) => {
      const target = turns + count;
      await until("the writers write", () => turns >= target);
    };
    const writers = [1, 2, 3, 4].map(async (writer) => {
      const client = await pg.connect();
      for (let turn = 0; !stop.signal.aborted; turn += 1) {
        const id = 2 + ((turn * 7919 + writer * 104_729) % 19_000);
        await client.query("BEGIN");
        await client.query(`INSERT INTO busy VALUES (${100_000 * writer + turn}, ${turn}, 'new')`);
        await client.query(`SAVEPOINT s; UPDATE busy SET n = n + 1 WHERE id = ${id}`);
        if (turn % 3 === 0) await client.query("ROLLBACK TO s");
        if (turn % 5 === 0)
          await client.query(`DELETE FROM busy WHERE id = ${100_000 * writer + turn - 5}`);
        turns += 1;
        await client.query(turn % 7 === 0 ? "ROLLBACK" : "COMMIT");
      }
    });
    const schema = await run.table("busy");
    const adding = run.upstream.addTables([schema]);
    let added = false;
    void adding.then(() => (added = true));
    await until("the table is published", async () => {
      const rows = await pg.admin.query(
        "SELECT 1 FROM pg_publication_tables WHERE tablename = 'busy'",
      );
      return rows.rowCount === 1;
    });
    await moreTurns(50);
    expect(added).toBe(false);
    await old.query("COMMIT");
    expect(await adding).toEqual([]);
    const copying = run.upstream.copyTable(schema, new AbortController().signal);
    await bystander.query("UPDATE busy SET n = -2 WHERE id = 20000");
    const copy = await copying;
    const rows = [];
    for await (const batch of copy.rows()) rows.push(...batch);
    await bystander.query("COMMIT");
    await copy.close();
    await moreTurns(200);
    stop.abort();
    await Promise.all(writers);
    await run.caughtUp();
    const includes = (mark: TransactionMark) => copy.includes(mark);
    const mirror = assemble(schema, { rows, includes }, run.recorder.transactions);
    expect(run.recorder.transactions.filter((each) => !includes(each)).length).toBeGreaterThan(50);
    expect(mirror.lines()).toEqual(await tableLines(pg.admin, schema));
  });

  it("delivers a large transaction in parts and waits when the handler is full", async () => {
    await pg.admin.query("CREATE TABLE large (id int PRIMARY KEY, t text)");
    const schema = await follow("large");
    await run.caughtUp();
    const { recorder } = run;
    recorder.transactions.length = 0;
    let pending = 0;
    let mostPending = 0;
    recorder.accept = () => {
      pending += 1;
      mostPending = Math.max(mostPending, pending);
      setImmediate(() => {
        pending = 0;
        recorder.ready?.();
      });
      return false;
    };
    await pg.admin.query(
      "INSERT INTO large SELECT i, repeat('x', 100) FROM generate_series(1, 200000) i",
    );
    await run.caughtUp();
    recorder.accept = () => true;
    const parts = recorder.transactions.filter((each) => each.changes.length > 0);
    expect(mostPending).toBe(1);
    expect(parts.length).toBeGreaterThanOrEqual(40);
    const last = recorder.transactions.at(-1)!;
    expect(recorder.transactions.filter((each) => !each.partial)).toEqual([last]);
    expect(parts.every((part) => part.partial === (part !== last) && part.xid === last.xid)).toBe(
      true,
    );
    expect(parts[0]!.position < last.position).toBe(true);
    const ids = parts.flatMap((part) =>
      part.changes.map((each) => (each.kind === "insert" ? each.row[0] : 0)),
    );
    expect(ids).toEqual(Array.from({ length: 200_000 }, (_, index) => index + 1));
    expect(schema.id).toBeGreaterThan(0);
  });
});
