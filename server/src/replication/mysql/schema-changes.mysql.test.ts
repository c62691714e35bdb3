import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TableSchema } from "@freshet/types";
import { type Running, copyAll } from "../testing.ts";
import {
  FLAVOURS,
  type TestServer,
  assemble,
  startServer,
  startUpstream,
  tableLines,
} from "./testing.ts";

describe.each(FLAVOURS)("%s: changes of definition", (flavour) => {
  let server: TestServer;
  let running: Running;
  let schema: TableSchema;

  beforeAll(async () => {
    server = await startServer(flavour);
    running = await startUpstream(server.server.url());
    await server.admin.query("CREATE TABLE other (id INT PRIMARY KEY, film INT)");
    await server.admin.query("CREATE DATABASE elsewhere");
  });
  afterAll(async () => {
    await running.close();
    await server.stop();
  });
  beforeEach(async () => {
    await server.admin.query("USE test; DROP TABLE IF EXISTS kid, film, film_old, film_new");
    await server.admin.query(
      "CREATE TABLE film (id INT PRIMARY KEY, title VARCHAR(50)); INSERT INTO film VALUES (1, 'a')",
    );
    await running.caughtUp();
    schema = await running.table("film");
    expect(await running.upstream.addTables([schema])).toEqual([]);
  });

  async function changesAfter(statement: string): Promise<number> {
    const before = running.recorder.schemaChanges.length;
    await server.admin.query(statement);
    await running.caughtUp();
    return running.recorder.schemaChanges.length - before;
  }

  test.each([
    "ALTER TABLE film ADD COLUMN x INT",
    "alter table test . `film` add column x int",
    "ALTER TABLE/**/film ADD COLUMN x INT",
    "/*!40101 ALTER TABLE film ADD COLUMN x INT */",
    "USE elsewhere; ALTER TABLE test.film MODIFY title TEXT",
    "DROP TABLE IF EXISTS other2, film",
    "RENAME TABLE film TO film_old",
    "CREATE TABLE film_new LIKE film; INSERT INTO film_new VALUES (2, 'b'); RENAME TABLE film TO film_old, film_new TO film",
    "CREATE UNIQUE INDEX u ON film (title)",
    "ALTER TABLE film ADD PARTITION (PARTITION p VALUES LESS THAN (5))",
    "CREATE TABLE kid (id INT PRIMARY KEY, f INT, FOREIGN KEY (f) REFERENCES film (id)); ALTER TABLE film ENGINE = InnoDB",
  ])("%s is noticed", async (statement) => {
    if (statement.includes("PARTITION")) {
      await server.admin.query(
        "ALTER TABLE film PARTITION BY RANGE (id) (PARTITION q VALUES LESS THAN (3))",
      );
      await running.caughtUp();
      await running.upstream.addTables([await running.table("film")]);
    }
    expect(await changesAfter(statement)).toBe(1);
    expect(running.recorder.schemaChanges.at(-1)).toEqual([schema.id]);
    // Final: nothing of it is delivered until it is added again.
    expect(await changesAfter("USE test; INSERT INTO other VALUES (1, 1); DELETE FROM other")).toBe(
      0,
    );
  });

  test.each([
    "ALTER TABLE other COMMENT = 'x'",
    "CREATE TABLE elsewhere.film (id INT); DROP TABLE elsewhere.film",
    "USE elsewhere; CREATE TABLE film (id INT); DROP TABLE film",
    "CREATE TABLE films (id INT); DROP TABLE films",
    "CREATE TEMPORARY TABLE film (id INT); DROP TEMPORARY TABLE film",
    "ANALYZE TABLE film",
    "OPTIMIZE TABLE film",
    "CREATE VIEW v AS SELECT * FROM film; DROP VIEW v",
    "CREATE TRIGGER tr BEFORE INSERT ON film FOR EACH ROW SET NEW.title = 'x'; DROP TRIGGER tr",
    "CREATE PROCEDURE p() UPDATE film SET title = 'p'; CALL p(); DROP PROCEDURE p",
    "CREATE DATABASE more; DROP DATABASE more",
    "FLUSH TABLES",
    "CREATE TABLE IF NOT EXISTS film (id INT PRIMARY KEY)",
  ])("%s leaves it alone", async (statement) => {
    expect(await changesAfter(statement)).toBe(0);
  });

  test.each([
    "TRUNCATE TABLE größe.café",
    "TRUNCATE `größe`.`café`",
    "TRUNCATE größe.film",
    "ALTER TABLE größe.café COMMENT = 'x'",
    "ALTER TABLE größe.film COMMENT = 'x'",
    "USE elsewhere; RENAME TABLE größe.film TO größe.film2, größe.film2 TO größe.film",
    "ALTER TABLE `a``b`.film COMMENT = 'x'",
    "RENAME TABLE `a``b`.film TO `a``b`.film2, `a``b`.film2 TO `a``b`.film",
  ])("unusual names are found in any character set: %s", async (statement) => {
    await server.admin.query(`USE test; DROP DATABASE IF EXISTS größe; CREATE DATABASE größe;
      DROP DATABASE IF EXISTS \`a\`\`b\`; CREATE DATABASE \`a\`\`b\``);
    const catalog = async () => running.upstream.catalog(JSON.stringify({ db: "test", modes: [] }));
    const name = statement.includes("caf")
      ? "größe.café"
      : statement.includes("größe")
        ? "größe.film"
        : "a`b.film";
    const [owner, table] = name.split(".");
    const quoted = [owner!, table!].map((part) => `\`${part.replace("`", "``")}\``).join(".");
    for (const names of ["utf8mb4", "latin1"]) {
      await server.admin.query(
        `DROP TABLE IF EXISTS ${quoted}; CREATE TABLE ${quoted} (id INT PRIMARY KEY)`,
      );
      await running.caughtUp();
      const found = (await catalog()).table(owner!, table!);
      if ("refused" in found) throw new Error(found.refused);
      expect(await running.upstream.addTables([found])).toEqual([]);
      const charset = names === "latin1" ? "LATIN1_SWEDISH_CI" : "UTF8MB4_GENERAL_CI";
      const client = await createConnection({
        uri: server.server.url(),
        charset,
        multipleStatements: true,
      });
      const [before, seen] = [
        running.recorder.transactions.length,
        running.recorder.schemaChanges.length,
      ];
      await client.query(statement);
      await client.end();
      await running.caughtUp();
      const ids = running.recorder.schemaChanges.slice(seen).flat();
      const emptied = running.recorder.transactions.length > before;
      expect(ids.includes(found.id) || (statement.startsWith("TRUNCATE") && emptied)).toBe(true);
    }
  });

  test("a schema dropped takes its tables along", async () => {
    await server.admin.query("CREATE DATABASE gone; CREATE TABLE gone.g (id INT PRIMARY KEY)");
    const table = (await running.upstream.catalog(JSON.stringify({ db: "gone", modes: [] }))).table(
      null,
      "g",
    );
    if ("refused" in table) throw new Error(table.refused);
    await running.upstream.addTables([table]);
    expect(await changesAfter("DROP DATABASE gone")).toBe(1);
    expect(running.recorder.schemaChanges.at(-1)).toEqual([table.id]);
  });

  test("rows before and after CREATE TABLE … SELECT are whole transactions", async () => {
    await server.admin.query("DROP TABLE IF EXISTS made");
    const copy = await copyAll(running.upstream, schema);
    await server.admin.query("CREATE TABLE made AS SELECT * FROM other");
    await server.admin.query(
      "INSERT INTO film VALUES (7, 'g'); CREATE TABLE made2 (PRIMARY KEY (id)) SELECT id, title FROM film; DROP TABLE made2",
    );
    expect(await changesAfter("INSERT INTO film VALUES (8, 'h')")).toBe(0);
    const mirror = assemble(schema, copy, running.recorder.transactions);
    expect(mirror.lines()).toEqual(await tableLines(server.admin, schema));
  });

  test("a statement logged as text makes everything be copied again", async () => {
    const client = await server.connect();
    await client.query("SET SESSION binlog_format = 'STATEMENT'");
    const before = running.recorder.schemaChanges.length;
    await client.query("UPDATE film SET title = 'statement'");
    await running.caughtUp();
    expect(running.recorder.schemaChanges.slice(before)).toEqual([[schema.id]]);
  });

  test("a row image without all columns is refused once, with the reason", async () => {
    const client = await server.connect();
    await client.query("SET SESSION binlog_row_image = 'MINIMAL'");
    await client.query("UPDATE film SET title = 'minimal'");
    await running.caughtUp();
    expect(running.recorder.schemaChanges.at(-1)).toEqual([schema.id]);
    const [refusal] = await running.upstream.addTables([schema]);
    expect(refusal?.refused).toContain("binlog_row_image = FULL");
  });

  test("privileges that change are told", async () => {
    const before = running.recorder.accessChanges;
    await server.admin.query("CREATE USER u@localhost; GRANT SELECT ON test.film TO u@localhost");
    await server.admin.query("REVOKE SELECT ON test.film FROM u@localhost; DROP USER u@localhost");
    expect(await changesAfter("DO 1")).toBe(0);
    expect(running.recorder.accessChanges - before).toBe(4);
  });

  test("a table that changed since it was looked up is neither added nor copied", async () => {
    await server.admin.query("ALTER TABLE film MODIFY title VARCHAR(60)");
    await running.caughtUp();
    const [refusal] = await running.upstream.addTables([schema]);
    expect(refusal?.refused).toContain("changed");
    await expect(copyAll(running.upstream, schema)).rejects.toThrow("changed");
  });
});
