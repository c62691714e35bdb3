import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC, type Running, type TestServer, startServer, startUpstream } from "./testing.ts";

const TABLES = `
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN code AS varchar(5);
  CREATE TABLE plain (id int PRIMARY KEY, gone int, c code, m mood, t text COLLATE "C", n numeric(10,2));
  ALTER TABLE plain DROP gone; ALTER TABLE plain ALTER c SET NOT NULL;
  CREATE UNIQUE INDEX ON plain (c); CREATE UNIQUE INDEX ON plain (m); CREATE UNIQUE INDEX ON plain (id) WHERE id > 5;
  CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
  CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY); CREATE TABLE nokey (id int);
  CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
  CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
  CREATE TABLE guarded (id int PRIMARY KEY); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE TABLE computed (id int PRIMARY KEY, b int GENERATED ALWAYS AS (id + 1) STORED);
  CREATE TABLE refers (id int PRIMARY KEY, c regclass);
  CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE);
  CREATE TABLE parts (id int, g int) PARTITION BY LIST (g); ALTER TABLE parts REPLICA IDENTITY FULL;
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
  CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, "Col""umn" text); INSERT INTO "Odd ""Name" VALUES (1, 'x');
  CREATE SCHEMA front; CREATE TABLE front.nokey (id int PRIMARY KEY);`;

describe.each([13, 18] as const)("catalogue, Postgres %i", (major) => {
  let pg: TestServer;
  let run: Running;

  beforeAll(async () => {
    pg = await startServer(major);
    await pg.admin.query(TABLES);
    run = await startUpstream(pg.server.url());
  });
  afterAll(async () => {
    await run.close();
    await pg.stop();
  });

  it("defines columns, key and unique keys", async () => {
    const table = await run.table("plain");
    expect(table.columns.map((column) => [column.name, column.number, column.notNull])).toEqual([
      ["id", 1, true],
      ["c", 3, true],
      ["m", 4, false],
      ["t", 5, false],
      ["n", 6, false],
    ]);
    expect(table.columns.map((column) => column.type)).toMatchObject([
      { kind: "int", upstreamId: 23 },
      { kind: "text", upstreamId: 1043, modifier: 9 },
      { kind: "enum", enumLabels: ["sad", "ok"] },
      { kind: "text", collation: { name: "C", equality: "bytes", order: "bytes" } },
      { kind: "decimal", modifier: ((10 << 16) | 2) + 4 },
    ]);
    expect(table.key).toEqual([0]);
    expect(table.uniqueKeys).toEqual([[0], [1]]);
  });

  it.each([
    ["v", /view/],
    ["mv", /materialized view/],
    ["unlogged", /unlogged.*SET LOGGED/],
    ["nokey", /REPLICA IDENTITY FULL/],
    ["nothing", /REPLICA IDENTITY NOTHING.*REPLICA IDENTITY FULL/],
    ["parent", /inheritance children/],
    ["child", /inherits/],
    ["guarded", /row-level security/],
    ["computed", /generated column "b"/],
    ["refers", /renamed/],
    ["deferred", /no primary key/],
    ["parts", /parts_1".*REPLICA IDENTITY FULL/],
    ["parts_1", /is a partition/],
    ["pg_class", /system table/],
    ["missing", /does not exist/],
  ])("refuses %s with a reason", async (name, reason) => {
    const catalog = await run.upstream.catalog(PUBLIC);
    expect(catalog.table(null, name)).toMatchObject({
      refused: expect.stringMatching(reason) as string,
    });
  });

  it("never publishes what would break the application's writes", async () => {
    const good = await run.table("plain");
    await pg.admin.query("ALTER TABLE plain REPLICA IDENTITY NOTHING");
    const [refusal] = await run.upstream.addTables([good]);
    expect(refusal?.refused).toMatch(/NOTHING/);
    const published = await pg.admin.query(
      "SELECT 1 FROM pg_publication_tables WHERE tablename = 'plain'",
    );
    expect(published.rowCount).toBe(0);
    await pg.admin.query("ALTER TABLE plain REPLICA IDENTITY DEFAULT");
  });

  it("resolves names through the search path", async () => {
    const catalog = await run.upstream.catalog("{pg_catalog,front,public}");
    expect(catalog.table(null, "nokey")).toMatchObject({ schema: "front" });
    expect(catalog.table("public", "nokey")).toHaveProperty("refused");
    expect(catalog.type(["int4"], [])).toMatchObject({ kind: "int", upstreamId: 23 });
    expect(catalog.type(["pg_catalog", "numeric"], [10, 2])?.modifier).toBe(((10 << 16) | 2) + 4);
    expect(catalog.type(["mood"], [])).toMatchObject({ kind: "enum" });
    expect(catalog.type(["code"], [])).toBeNull();
    expect(catalog.type(["nope"], [])).toBeNull();
  });

  it("knows what the user's functions, operators and casts may be chosen instead of", async () => {
    const { generation } = await run.table("plain");
    await pg.admin.query(`
      CREATE FUNCTION front.length(varchar) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION same(varchar, varchar) RETURNS bool LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = same);
      CREATE OPERATOR public.% (LEFTARG = text, RIGHTARG = text, FUNCTION = starts_with);
      CREATE TYPE pair AS (a int); CREATE FUNCTION abs(pair) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION words(int) RETURNS text LANGUAGE sql AS $$SELECT 'one'$$;
      CREATE CAST (int AS text) WITH FUNCTION words(int)`);
    const catalog = await run.upstream.catalog("{pg_catalog,front,public}");
    expect(catalog.overload("function", "length")).toMatch(/front/);
    expect(catalog.overload("operator", "=")).toMatch(/public/);
    expect(catalog.overload("cast", "23>25")).toMatch(/user-defined/);
    for (const name of ["abs", "words", "round"]) {
      expect(catalog.overload("function", name)).toBeNull();
    }
    expect(catalog.overload("operator", "%")).toBeNull();
    const elsewhere = await run.upstream.catalog("{pg_catalog,public}");
    expect(elsewhere.overload("function", "length")).toBeNull();
    expect((await run.table("plain")).generation).not.toBe(generation);
    await pg.admin.query(`
      DROP FUNCTION front.length(varchar); DROP OPERATOR public.= (varchar, varchar);
      DROP CAST (int AS text); DROP OPERATOR public.% (text, text)`);
    expect((await run.table("plain")).generation).toBe(generation);
  });

  it("copies tables with odd names", async () => {
    const schema = await run.table('Odd "Name');
    expect(await run.upstream.addTables([schema])).toEqual([]);
    const copy = await run.upstream.copyTable(schema, new AbortController().signal);
    const rows = [];
    for await (const batch of copy.rows()) rows.push(...batch);
    await copy.close();
    expect(rows).toEqual([[1, "x"]]);
    await run.upstream.removeTables([schema.id]);
    const left = await pg.admin.query(
      "SELECT 1 FROM pg_publication_tables WHERE tablename ~ 'Odd'",
    );
    expect(left.rowCount).toBe(0);
  });

  it("describes statements without running them", async () => {
    const description = await run.upstream.describe(
      "SELECT m, id + $1, $2::text FROM plain",
      PUBLIC,
    );
    expect(description.parameterTypeIds).toEqual([23, 25]);
    expect(description.columns).toMatchObject([
      { name: "m", wire: { columnNumber: 4 }, type: { kind: "enum" } },
      { name: "?column?", wire: { tableId: 0, typeId: 23, typeSize: 4 } },
      { name: "text", wire: { typeId: 25 } },
    ]);
    await expect(run.upstream.describe("SELECT nope FROM plain", PUBLIC)).rejects.toMatchObject({
      name: "UpstreamError",
      code: "42703",
    });
    await expect(run.upstream.describe("SELECT FROM FROM", PUBLIC)).rejects.toMatchObject({
      code: "42601",
    });
    const front = await run.upstream.describe("SELECT id FROM nokey", "{pg_catalog,front}");
    expect(front.columns[0]?.wire["tableId"]).not.toBe(0);
  });

  it("knows who may read what", async () => {
    await pg.admin.query(`CREATE ROLE reader; CREATE ROLE narrow; CREATE ROLE member IN ROLE reader;
      CREATE ROLE nobody; GRANT SELECT ON plain, guarded TO reader; GRANT SELECT (id, t) ON plain TO narrow`);
    const plain = (await run.table("plain")).id;
    const guarded = Number(
      (await pg.admin.query("SELECT 'guarded'::regclass::oid")).rows[0].oid,
    ) as number;
    const may = (role: string, table: number, columns: readonly number[]) =>
      run.upstream.mayRead(role, [{ table, columns }]);
    expect(await may("reader", plain, [1, 3, 5])).toBe(true);
    expect(await may("member", plain, [1])).toBe(true);
    expect(await may("narrow", plain, [1, 5])).toBe(true);
    expect(await may("narrow", plain, [1, 3])).toBe(false);
    expect(await may("narrow", plain, [])).toBe(true);
    expect(await may("nobody", plain, [])).toBe(false);
    expect(await may("unknown role", plain, [1])).toBe(false);
    expect(await may("reader", guarded, [1])).toBe(false);
    expect(await may("postgres", guarded, [1])).toBe(true);
    expect(await may("postgres", 4_000_000_000, [1])).toBe(false);
  });
});
