import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, type TestServer, startServer, startUpstream, until } from "./testing.ts";

const LOGIN = "CREATE ROLE app LOGIN PASSWORD 'app'; GRANT CREATE, USAGE ON SCHEMA public TO app";

describe.each([13, 18] as const)("schema changes, Postgres %i", (major) => {
  let pg: TestServer;
  let run: Running;

  beforeAll(async () => {
    pg = await startServer(major);
    await pg.admin.query(LOGIN);
    run = await startUpstream(pg.server.url());
  });
  afterAll(async () => {
    await run.close();
    await pg.stop();
  });

  const follow = async (name: string) => {
    const schema = await run.table(name);
    expect(await run.upstream.addTables([schema])).toEqual([]);
    return schema;
  };

  const CHANGES: readonly (readonly [string, string, string])[] = [
    ["add column", "a int", "ALTER TABLE x ADD b int"],
    ["drop column", "a int", "ALTER TABLE x DROP a"],
    ["rename column", "a int", "ALTER TABLE x RENAME a TO b"],
    ["rename table", "a int", "ALTER TABLE x RENAME TO y"],
    ["change type", "a int", "ALTER TABLE x ALTER a TYPE bigint"],
    ["rewrite in place", "a int", "ALTER TABLE x ALTER a TYPE int USING a + 1"],
    ["drop table", "a int", "DROP TABLE x"],
    ["not null goes", "a int NOT NULL", "ALTER TABLE x ALTER a DROP NOT NULL"],
    ["unique goes", "a int NOT NULL CONSTRAINT u UNIQUE", "ALTER TABLE x DROP CONSTRAINT u"],
    ["replica identity", "a int", "ALTER TABLE x REPLICA IDENTITY FULL"],
    ["row security", "a int", "ALTER TABLE x ENABLE ROW LEVEL SECURITY"],
    ["gets a child", "a int", "CREATE TABLE child () INHERITS (x)"],
    ["enum label renamed", "a mood", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"],
    ["moves schema", "a int", "ALTER TABLE x SET SCHEMA elsewhere"],
    ["collation", "a text", 'ALTER TABLE x ALTER a TYPE text COLLATE "POSIX"'],
    ["drop schema", "a int", "ALTER TABLE x SET SCHEMA elsewhere; DROP SCHEMA elsewhere CASCADE"],
  ];

  it.each(CHANGES)("in the stream's order: %s", async (_, column, change) => {
    await pg.admin.query(`DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS elsewhere CASCADE;
      CREATE SCHEMA public; CREATE SCHEMA elsewhere; CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TABLE x (id int PRIMARY KEY, ${column}); CREATE TABLE still (id int PRIMARY KEY)`);
    const schema = await follow("x");
    const still = await follow("still");
    await run.caughtUp();
    const { recorder } = run;
    recorder.schemaChanges.length = 0;
    await pg.admin
      .query("INSERT INTO x (id) VALUES (1) ON CONFLICT DO NOTHING")
      .catch(() => undefined);
    await pg.admin.query(change);
    await run.caughtUp();
    expect(recorder.schemaChanges).toEqual([[schema.id]]);
    recorder.transactions.length = 0;
    await pg.admin.query("INSERT INTO still VALUES (1)");
    await run.caughtUp();
    expect(recorder.changes()).toEqual([{ kind: "insert", table: still.id, row: [1] }]);
  });

  it("ignores what changes nothing", async () => {
    await pg.admin.query("CREATE TABLE calm (id int PRIMARY KEY, a int)");
    const schema = await follow("calm");
    await run.caughtUp();
    const { recorder } = run;
    recorder.schemaChanges.length = 0;
    await pg.admin.query(`CREATE UNIQUE INDEX ON calm (a); COMMENT ON TABLE calm IS 'c';
      ALTER TABLE calm ALTER a SET STATISTICS 10; CREATE TABLE other (id int); DROP TABLE other;
      ALTER TABLE calm ALTER a SET DEFAULT 5; CREATE TEMP TABLE calm (x int); DROP TABLE pg_temp.calm`);
    await pg.admin.query("VACUUM FULL calm");
    await pg.admin.query("INSERT INTO calm VALUES (1)");
    await run.caughtUp();
    expect(recorder.schemaChanges).toEqual([]);
    expect(recorder.changes().at(-1)).toEqual({ kind: "insert", table: schema.id, row: [1, 5] });
  });

  it("takes no table for changed that is added while a change of another is looked at", async () => {
    const { recorder } = run;
    await pg.admin.query("CREATE TABLE other (id int PRIMARY KEY)");
    await follow("other");
    await run.caughtUp();
    recorder.schemaChanges.length = 0;
    const busy = await pg.connect();
    let adding = true;
    const changes = (async () => {
      while (adding) await busy.query("CREATE TABLE brief (id int); DROP TABLE brief");
    })();
    for (let n = 0; n < 12; n += 1) {
      await pg.admin.query(`CREATE TABLE added_${n} (id int PRIMARY KEY)`);
      await follow(`added_${n}`);
    }
    adding = false;
    await changes;
    await run.caughtUp();
    expect(recorder.schemaChanges).toEqual([]);
  });

  it("notices a table that takes a name's place in a search path", async () => {
    await pg.admin.query(
      "CREATE SCHEMA front; CREATE SCHEMA aside; CREATE TABLE named (id int PRIMARY KEY)",
    );
    const catalog = await run.upstream.catalog("{pg_catalog,front,public}");
    const schema = catalog.table(null, "named");
    if ("refused" in schema) throw new Error(schema.refused);
    await run.upstream.addTables([schema]);
    await run.caughtUp();
    run.recorder.schemaChanges.length = 0;
    await pg.admin.query("CREATE TABLE aside.named (id int)");
    await run.caughtUp();
    expect(run.recorder.schemaChanges).toEqual([]);
    await pg.admin.query("CREATE VIEW front.named AS SELECT 1 AS id");
    await run.caughtUp();
    expect(run.recorder.schemaChanges).toEqual([[schema.id]]);
  });

  it("tells of grants in the stream and of roles by polling", async () => {
    await pg.admin.query("CREATE TABLE secret (id int PRIMARY KEY)");
    await follow("secret");
    await run.caughtUp();
    let before = run.recorder.accessChanges;
    await pg.admin.query("GRANT SELECT ON secret TO app");
    await run.caughtUp();
    expect(run.recorder.accessChanges).toBeGreaterThan(before);
    before = run.recorder.accessChanges;
    await pg.admin.query("ALTER ROLE app BYPASSRLS");
    await until("the role's change is seen", () => run.recorder.accessChanges > before);
  });

  it("never fails the user's own DDL", async () => {
    const app = await pg.connect(pg.server.url("postgres", "app", "app"));
    await pg.admin.query("GRANT USAGE, CREATE ON SCHEMA public TO app");
    await app.query(
      "CREATE TABLE mine (id int PRIMARY KEY); ALTER TABLE mine ADD b int; DROP TABLE mine",
    );
    await pg.admin.query('ALTER TABLE freshet_test.ddl_event RENAME TO "moved"');
    await app.query("CREATE TABLE mine (id int PRIMARY KEY); DROP TABLE mine");
    await app.query("BEGIN READ WRITE; CREATE TABLE mine (id int); ROLLBACK");
    await pg.admin.query('ALTER TABLE freshet_test."moved" RENAME TO ddl_event');
  });

  it("polls where event triggers are not allowed", async () => {
    await pg.admin.query(`CREATE ROLE follower LOGIN REPLICATION PASSWORD 'f';
      GRANT CREATE ON DATABASE postgres TO follower; GRANT USAGE, CREATE ON SCHEMA public TO follower;
      CREATE TABLE polled (id int PRIMARY KEY, a int); CREATE TABLE theirs (id int PRIMARY KEY);
      GRANT SELECT ON theirs TO follower; ALTER TABLE polled OWNER TO follower`);
    const other = await startUpstream(pg.server.url("postgres", "follower", "f"), "poll");
    const theirs = await other.table("theirs");
    expect((await other.upstream.addTables([theirs]))[0]?.refused).toMatch(/GRANT "postgres" TO/);
    for (const change of [
      "ALTER TABLE polled ADD b int",
      "ALTER TABLE polled ALTER a TYPE int USING a + 1",
      "ALTER TABLE polled OWNER TO postgres; DROP TABLE polled",
    ]) {
      const schema = await other.table("polled");
      expect(await other.upstream.addTables([schema])).toEqual([]);
      other.recorder.schemaChanges.length = 0;
      await pg.admin.query(change);
      await until(change, () => other.recorder.schemaChanges.length > 0);
      expect(other.recorder.schemaChanges).toEqual([[schema.id]]);
    }
    await other.stopStream();
    await other.upstream.cleanup();
    await other.close();
  });
});
