import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import { mysqlLastReason, mysqlQuery } from "../support/mysql-database.ts";
import { MysqlLockstep } from "../support/mysql-lockstep.ts";

/** While a schema change travels, an answer may be the one from before it; not afterwards. */
const PROPAGATION_LIMIT_MS = 5_000;
const NUMBERS = Array.from({ length: 50 }, (_, n) => n + 1);

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;
  let step: MysqlLockstep;
  let tables = 0;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour });
    freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "ddl" });
    step = await MysqlLockstep.connect(upstream.url(), freshet.url());
  });

  afterAll(async () => {
    await step?.end();
    await freshet?.dispose();
    await upstream?.stop();
  });

  const change = (...statements: readonly string[]) => mysqlQuery(upstream.url(), ...statements);

  /** A table of its own with caches, all answered from; returns their statements. */
  async function cachedTable(
    definition = "(id int PRIMARY KEY, name varchar(60) NOT NULL, n int)",
  ): Promise<{ table: string; texts: string[] }> {
    const table = `t${++tables}`;
    const rows = NUMBERS.map((n) => `(${n}, 'name ${n}', ${n % 7})`).join();
    await change(
      `CREATE TABLE ${table} ${definition}`,
      `INSERT INTO ${table} (id, name, n) VALUES ${rows}`,
    );
    const texts = [
      `SELECT * FROM ${table} WHERE id = 3`,
      `SELECT name, n FROM ${table} WHERE n = 4 ORDER BY id`,
      `SELECT n, count(*) FROM ${table} WHERE n = 5 GROUP BY n`,
    ];
    for (const text of texts) await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`);
    for (const text of texts) await cached(text);
    return { table, texts };
  }

  async function cached(text: string): Promise<void> {
    await eventually(async () => {
      await step.same(text);
      expect(await mysqlLastReason(step.proxied), text).toMatch(/^freshet/);
    });
  }

  /**
   * Within the limit equal again and again, also after further writes. One equal answer proves
   * nothing: it may be forwarded, and so ahead of a cache that comes into service after it.
   */
  async function stayEqual(texts: readonly string[], ...writes: readonly string[]): Promise<void> {
    await equalTenTimes(texts);
    for (const write of writes) {
      await change(write);
      await equalTenTimes(texts);
    }
  }

  function equalTenTimes(texts: readonly string[]): Promise<void> {
    return eventually(async () => {
      for (let count = 0; count < 10; count += 1) await step.sameForAll(...texts);
    }, PROPAGATION_LIMIT_MS);
  }

  const update = (table: string) =>
    `UPDATE ${table} SET name = concat(name, '!') WHERE id IN (3, 4, 5)`;

  it("ADD COLUMN: last, first, in between, with and without a default", async () => {
    const { table, texts } = await cachedTable();
    await change(`ALTER TABLE ${table} ADD COLUMN extra varchar(10)`);
    await stayEqual(texts, `UPDATE ${table} SET extra = 'x' WHERE id = 3`);
    await change(`ALTER TABLE ${table} ADD COLUMN more int NOT NULL DEFAULT 42 FIRST`);
    await stayEqual(texts, update(table));
    await change(`ALTER TABLE ${table} ADD COLUMN between_them datetime AFTER id`);
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("DROP COLUMN: what reads it fails as in the database, the rest goes on", async () => {
    const { table, texts } = await cachedTable();
    await change(`ALTER TABLE ${table} DROP COLUMN name`);
    await stayEqual(texts, `UPDATE ${table} SET n = 5 WHERE id = 3`);
    await cached(texts[0]!);
    await cached(texts[2]!);
    await change(`ALTER TABLE ${table} ADD COLUMN name varchar(60) DEFAULT 'back'`);
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("MODIFY COLUMN that changes every value, and columns that change places", async () => {
    const { table, texts } = await cachedTable();
    await change(`ALTER TABLE ${table} MODIFY n varchar(20)`);
    await stayEqual(texts, update(table));
    await change(`ALTER TABLE ${table} MODIFY n decimal(10,2), MODIFY id bigint unsigned`);
    await stayEqual(texts, update(table));
    await cached(texts[0]!);
    await change(`ALTER TABLE ${table} MODIFY n int, MODIFY name varchar(60) NOT NULL FIRST`);
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("another collation of a column decides what is equal", async () => {
    const { table } = await cachedTable();
    await change(`UPDATE ${table} SET name = elt(1 + id % 4, 'anna', 'ANNA', 'änna', 'anna ')`);
    const texts = [
      `SELECT id FROM ${table} WHERE name = 'anna' ORDER BY id`,
      `SELECT count(*), count(DISTINCT name) FROM ${table} WHERE n = 2`,
    ];
    for (const text of texts) await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`);
    for (const text of texts) await cached(text);
    for (const collation of ["utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_520_ci"]) {
      await change(`ALTER TABLE ${table} MODIFY name varchar(60) COLLATE ${collation} NOT NULL`);
      await stayEqual(texts, `UPDATE ${table} SET name = 'anna' WHERE id = 9`);
    }
    await change(`ALTER TABLE ${table} CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
    await stayEqual(texts, `UPDATE ${table} SET name = 'ÄNNA' WHERE id = 16`);
    await change(`ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
    await stayEqual(texts);
    for (const text of texts) await cached(text);
  });

  it("members added to an ENUM", async () => {
    const { table, texts } = await cachedTable();
    await change(
      `ALTER TABLE ${table} ADD COLUMN e enum('small', 'large') DEFAULT 'small'`,
      `UPDATE ${table} SET e = 'large' WHERE id = 3`,
    );
    await stayEqual(texts);
    await change(`ALTER TABLE ${table} MODIFY e enum('tiny', 'large', 'small')`);
    await stayEqual(texts, `UPDATE ${table} SET e = 'tiny' WHERE id = 3`, update(table));
    for (const text of texts) await cached(text);
  });

  it("TRUNCATE, and rows after it", async () => {
    const { table, texts } = await cachedTable();
    await change(`TRUNCATE ${table}`);
    await stayEqual(texts, `INSERT INTO ${table} VALUES (3, 'new', 4), (4, 'new', 5)`);
    await change("BEGIN", `INSERT INTO ${table} VALUES (5, 'gone', 4)`, `TRUNCATE ${table}`);
    await stayEqual(texts, `INSERT INTO ${table} VALUES (6, 'kept', 4)`, update(table));
    for (const text of texts) await cached(text);
  });

  it("RENAME of the table away and back, into another database, and of a column", async () => {
    const { table, texts } = await cachedTable();
    await change(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    await stayEqual(texts, `UPDATE ${table}_away SET name = 'away' WHERE id = 3`);
    await change(`RENAME TABLE ${table}_away TO ${table}`);
    await stayEqual(texts, update(table));
    await change(
      `CREATE DATABASE other${table}`,
      `RENAME TABLE ${table} TO other${table}.${table}`,
    );
    await stayEqual(texts, `UPDATE other${table}.${table} SET name = 'there' WHERE id = 3`);
    await change(`RENAME TABLE other${table}.${table} TO ${table}`);
    await stayEqual(texts, update(table));
    await change(`ALTER TABLE ${table} CHANGE n m int`);
    await stayEqual(texts);
    await change(`ALTER TABLE ${table} CHANGE m n int`);
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("DROP and CREATE of a table of the same name", async () => {
    const { table, texts } = await cachedTable();
    await change(`DROP TABLE ${table}`);
    await stayEqual(texts);
    await change(
      `CREATE TABLE ${table} (n int, name varchar(20), id int PRIMARY KEY)`,
      `INSERT INTO ${table} VALUES (4, 'another', 3), (5, 'table', 4)`,
    );
    await stayEqual(texts, update(table));
    await change(`CREATE OR REPLACE VIEW v${table} AS SELECT 1`, `DROP VIEW v${table}`);
    await change(
      `DROP TABLE ${table}`,
      `CREATE VIEW ${table} AS SELECT 3 AS id, 'a view' AS name, 4 AS n`,
    );
    await stayEqual(texts);
    await change(
      `DROP VIEW ${table}`,
      `CREATE TABLE ${table} AS SELECT 3 AS id, repeat('s', 30) AS name, 4 AS n`,
    );
    await stayEqual(texts, `UPDATE ${table} SET name = 'short'`);
  });

  it("two tables that change names in one statement", async () => {
    const { table, texts } = await cachedTable();
    await change(
      `CREATE TABLE ${table}_b LIKE ${table}`,
      `INSERT INTO ${table}_b VALUES (3, 'from the other table', 4)`,
    );
    const other = texts.map((text) => text.replace(table, `${table}_b`));
    for (const text of other) await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`);
    for (const text of other) await cached(text);
    const all = [...texts, ...other];
    for (let count = 0; count < 3; count += 1) {
      await change(`RENAME TABLE ${table} TO x, ${table}_b TO ${table}, x TO ${table}_b`);
      await stayEqual(all, update(table), update(`${table}_b`));
    }
    for (const text of all) await cached(text);
  });

  it("a table of a hundred changes in a row ends right", async () => {
    const { table, texts } = await cachedTable();
    for (let n = 0; n < 10; n += 1) {
      await change(
        `ALTER TABLE ${table} ADD COLUMN c${n} int DEFAULT ${n} FIRST`,
        `UPDATE ${table} SET c${n} = id WHERE id < 10`,
        ...(n % 3 === 0 ? [`ALTER TABLE ${table} DROP COLUMN c${n}`] : []),
        update(table),
      );
      await step.same("SELECT 1");
    }
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("partitions added, emptied, exchanged and dropped", async () => {
    const { table, texts } = await cachedTable(
      `(id int PRIMARY KEY, name varchar(60), n int) PARTITION BY RANGE (id) (
         PARTITION low VALUES LESS THAN (20), PARTITION high VALUES LESS THAN (100))`,
    );
    await change(`ALTER TABLE ${table} ADD PARTITION (PARTITION more VALUES LESS THAN (200))`);
    await stayEqual(texts, `INSERT INTO ${table} VALUES (104, 'in it', 4)`);
    await change(`ALTER TABLE ${table} TRUNCATE PARTITION high`);
    await stayEqual(texts, `INSERT INTO ${table} VALUES (25, 'again', 4)`);
    await change(
      `CREATE TABLE ${table}_x (id int PRIMARY KEY, name varchar(60), n int)`,
      `INSERT INTO ${table}_x VALUES (3, 'exchanged', 4)`,
      `ALTER TABLE ${table} EXCHANGE PARTITION low WITH TABLE ${table}_x`,
    );
    await stayEqual(texts, update(table), `UPDATE ${table}_x SET name = 'outside'`);
    await change(`ALTER TABLE ${table} DROP PARTITION more`);
    await stayEqual(texts, `UPDATE ${table} SET id = 30 WHERE id = 25`);
    await change(`ALTER TABLE ${table} REMOVE PARTITIONING`);
    await stayEqual(texts, update(table));
    for (const text of texts) await cached(text);
  });

  it("indexes and statistics change no answer", async () => {
    const { table, texts } = await cachedTable();
    await change(
      `CREATE INDEX by_n ON ${table} (n)`,
      `ANALYZE TABLE ${table}`,
      `OPTIMIZE TABLE ${table}`,
      `ALTER TABLE ${table} COMMENT 'a comment', ALTER n SET DEFAULT 5`,
    );
    await stayEqual(texts, update(table));
    await change(`ALTER TABLE ${table} DROP PRIMARY KEY`);
    await stayEqual(texts, `INSERT INTO ${table} VALUES (3, 'twice', 4)`, update(table));
    await stayEqual(texts, `DELETE FROM ${table} WHERE name LIKE 'twice%' LIMIT 1`);
    for (const text of texts) await cached(text);
  });

  it("DROP DATABASE, and another one of that name", async () => {
    const create = (name: string) => [
      "CREATE DATABASE fleeting",
      "CREATE TABLE fleeting.item (id int PRIMARY KEY, name varchar(20))",
      `INSERT INTO fleeting.item VALUES (1, '${name}')`,
    ];
    const text = "SELECT name FROM fleeting.item WHERE id = 1";
    await change(...create("first"));
    await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`);
    await cached(text);
    await change("DROP DATABASE fleeting");
    await stayEqual([text]);
    await change(...create("second"));
    await stayEqual([text], "UPDATE fleeting.item SET name = 'changed'");
    await cached(text);
  });
});
