import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastReason, query } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { Lockstep } from "../support/lockstep.ts";

/** While a schema change travels, an answer may be the one from before it; not afterwards. */
const PROPAGATION_LIMIT_MS = 5_000;

for (const major of [18, 13] as const) {
  describe(`Postgres ${major}`, () => {
    let upstream: EmbeddedPostgres;
    let freshet: FreshetProcess;
    let step: Lockstep;
    let tables = 0;

    beforeAll(async () => {
      upstream = await EmbeddedPostgres.start({ major });
      freshet = await FreshetProcess.start({
        upstreamUrl: upstream.url(),
        deployment: `ddl${major}`,
      });
      step = await Lockstep.connect(upstream.url(), freshet.url());
    });

    afterAll(async () => {
      await step?.end();
      await freshet?.dispose();
      await upstream?.stop();
    });

    /** A table of its own with two caches, both answered from; returns their statements. */
    async function cachedTable(
      definition = "(id int PRIMARY KEY, name text NOT NULL, n int)",
      ...more: readonly string[]
    ): Promise<{ table: string; texts: string[] }> {
      const table = `t${++tables}`;
      await query(
        upstream.url(),
        `CREATE TABLE ${table} ${definition}`,
        ...more.map((text) => text.replaceAll("TABLE_NAME", table)),
        `INSERT INTO ${table} (id, name, n) SELECT i, 'name ' || i, i % 7 FROM generate_series(1, 50) i`,
      );
      const texts = [
        `SELECT * FROM ${table} WHERE id = 3`,
        `SELECT name, n FROM ${table} WHERE n = 4 ORDER BY id`,
        `SELECT n, count(*) FROM ${table} WHERE n = 5 GROUP BY n`,
      ];
      for (const text of texts) await query(freshet.url(), `CREATE CACHE FROM ${text}`);
      for (const text of texts) await cached(text);
      return { table, texts };
    }

    async function cached(text: string): Promise<void> {
      await eventually(async () => {
        await step.same(text);
        expect(await lastReason(step.proxied), text).toMatch(/^freshet/);
      });
    }

    /**
     * Within the limit equal again and again, also after further writes. One equal answer proves
     * nothing: it may be forwarded, and so ahead of a cache that comes into service after it.
     */
    async function stayEqual(
      texts: readonly string[],
      ...writes: readonly string[]
    ): Promise<void> {
      await equalTenTimes(texts);
      for (const write of writes) {
        await query(upstream.url(), write);
        await equalTenTimes(texts);
      }
    }

    function equalTenTimes(texts: readonly string[]): Promise<void> {
      return eventually(async () => {
        for (let count = 0; count < 10; count += 1) await step.sameForAll(...texts);
      }, PROPAGATION_LIMIT_MS);
    }

    const update = (table: string) =>
      `UPDATE ${table} SET name = name || '!' WHERE id IN (3, 4, 5)`;

    it("ADD COLUMN, with and without a default", async () => {
      const { table, texts } = await cachedTable();
      await query(upstream.url(), `ALTER TABLE ${table} ADD COLUMN extra text`);
      await stayEqual(texts, `UPDATE ${table} SET extra = 'x' WHERE id = 3`);
      await query(upstream.url(), `ALTER TABLE ${table} ADD COLUMN more int NOT NULL DEFAULT 42`);
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
    });

    it("DROP COLUMN: what reads it fails as in the database, the rest goes on", async () => {
      const { table, texts } = await cachedTable();
      await query(upstream.url(), `ALTER TABLE ${table} DROP COLUMN name`);
      await stayEqual(texts, `UPDATE ${table} SET n = 5 WHERE id = 3`);
      await cached(texts[0]!);
      await cached(texts[2]!);
      await query(upstream.url(), `ALTER TABLE ${table} ADD COLUMN name text DEFAULT 'back'`);
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
    });

    it("ALTER TYPE that rewrites every value", async () => {
      const { table, texts } = await cachedTable();
      await query(
        upstream.url(),
        `ALTER TABLE ${table} ALTER n TYPE text USING n::text || ' pieces'`,
      );
      const text = `SELECT name FROM ${table} WHERE n = '5 pieces' ORDER BY id`;
      await stayEqual([...texts, text], update(table));
      await query(upstream.url(), `ALTER TABLE ${table} ALTER id TYPE bigint USING id + 1`);
      await stayEqual([texts[0]!, text], update(table));
      await cached(texts[0]!);
    });

    it("TRUNCATE, and rows after it", async () => {
      const { table, texts } = await cachedTable();
      await query(upstream.url(), `TRUNCATE ${table}`);
      await stayEqual(texts, `INSERT INTO ${table} VALUES (3, 'new', 4), (4, 'new', 5)`);
      await query(
        upstream.url(),
        `BEGIN; INSERT INTO ${table} VALUES (5, 'gone', 4); TRUNCATE ${table};
         INSERT INTO ${table} VALUES (6, 'kept', 4); COMMIT`,
      );
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
    });

    it("RENAME of the table away and back, and of a column", async () => {
      const { table, texts } = await cachedTable();
      await query(upstream.url(), `ALTER TABLE ${table} RENAME TO ${table}_away`);
      await stayEqual(texts, `UPDATE ${table}_away SET name = 'away' WHERE id = 3`);
      await query(upstream.url(), `ALTER TABLE ${table}_away RENAME TO ${table}`);
      await stayEqual(texts, update(table));
      await query(upstream.url(), `ALTER TABLE ${table} RENAME COLUMN n TO m`);
      await stayEqual(texts);
      await query(upstream.url(), `ALTER TABLE ${table} RENAME COLUMN m TO n`);
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
    });

    it("DROP and CREATE of a table of the same name", async () => {
      const { table, texts } = await cachedTable();
      await query(upstream.url(), `DROP TABLE ${table}`);
      await stayEqual(texts);
      await query(
        upstream.url(),
        `CREATE TABLE ${table} (n int, name text, id int PRIMARY KEY)`,
        `INSERT INTO ${table} VALUES (4, 'another', 3), (5, 'table', 4)`,
      );
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
    });

    it("two tables that change names in one transaction", async () => {
      const { table, texts } = await cachedTable();
      await query(
        upstream.url(),
        `CREATE TABLE ${table}_new (LIKE ${table} INCLUDING ALL)`,
        `INSERT INTO ${table}_new VALUES (3, 'from the new table', 4)`,
        `BEGIN; ALTER TABLE ${table} RENAME TO ${table}_old;
         ALTER TABLE ${table}_new RENAME TO ${table}; COMMIT`,
      );
      await stayEqual(texts, update(table), `UPDATE ${table}_old SET name = 'wrong' WHERE id = 3`);
      for (const text of texts) await cached(text);
    });

    it("partitions attached and detached", async () => {
      const { table, texts } = await cachedTable(
        "(id int, name text, n int, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE TABLE_NAME_1 PARTITION OF TABLE_NAME FOR VALUES FROM (1) TO (20)",
        "CREATE TABLE TABLE_NAME_2 PARTITION OF TABLE_NAME FOR VALUES FROM (20) TO (100)",
      );
      await query(
        upstream.url(),
        `CREATE TABLE ${table}_3 (id int PRIMARY KEY, name text, n int)`,
        `INSERT INTO ${table}_3 VALUES (104, 'before', 4), (105, 'before', 5)`,
        `ALTER TABLE ${table} ATTACH PARTITION ${table}_3 FOR VALUES FROM (100) TO (200)`,
      );
      await stayEqual(texts, `UPDATE ${table} SET name = 'after' WHERE id > 100`);
      await query(upstream.url(), `ALTER TABLE ${table} DETACH PARTITION ${table}_1`);
      await stayEqual(texts, `UPDATE ${table}_1 SET name = 'detached'`);
      await query(
        upstream.url(),
        `CREATE TABLE ${table}_0 PARTITION OF ${table} FOR VALUES FROM (-10) TO (5)`,
      );
      await stayEqual(texts, `INSERT INTO ${table} VALUES (3, 'in the new one', 4)`);
      await query(upstream.url(), `TRUNCATE ${table}_2`);
      await stayEqual(texts, `INSERT INTO ${table} VALUES (25, 'again', 4)`);
      await query(upstream.url(), `UPDATE ${table} SET id = 120 WHERE id = 25`);
      await stayEqual(texts);
      await query(upstream.url(), `DROP TABLE ${table}_3`);
      await stayEqual(texts);
      for (const text of texts) await cached(text);
    });

    it("REPLICA IDENTITY of every kind, and no key at all", async () => {
      const { table, texts } = await cachedTable();
      for (const identity of ["FULL", "DEFAULT", "NOTHING", "DEFAULT"]) {
        await query(upstream.url(), `ALTER TABLE ${table} REPLICA IDENTITY ${identity}`);
        await stayEqual(texts);
        // With NOTHING the database itself may refuse a published table's updates.
        const direct = `UPDATE ${table} SET name = '${identity}' WHERE id = 3`;
        await query(upstream.url(), direct).catch(() => undefined);
        await stayEqual(texts);
      }
      await query(upstream.url(), `ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
      await stayEqual(texts, `INSERT INTO ${table} VALUES (3, 'twice', 4)`);
      await query(upstream.url(), `DELETE FROM ${table} WHERE name = 'twice'`).catch(
        () => undefined,
      );
      await stayEqual(texts);
    });

    it("indexes, statistics and storage parameters change nothing", async () => {
      const { table, texts } = await cachedTable();
      const copies = freshet.logged("table copied").length;
      await query(upstream.url(), `CREATE INDEX ON ${table} (n)`);
      await query(upstream.url(), `CREATE INDEX CONCURRENTLY ON ${table} (name)`);
      await query(upstream.url(), `ANALYZE ${table}`);
      await query(upstream.url(), `ALTER TABLE ${table} SET (fillfactor = 70)`);
      await query(upstream.url(), `VACUUM FULL ${table}`);
      await query(upstream.url(), `CLUSTER ${table} USING ${table}_pkey`);
      await stayEqual(texts, update(table));
      for (const text of texts) await cached(text);
      expect(freshet.logged("table copied").length).toBe(copies);
    });
  });
}
