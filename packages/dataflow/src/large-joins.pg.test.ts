import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { loadPostgresParser } from "@freshet/sql";
import { postgresTextCodec } from "@freshet/types";
import type { Row, RowDelta } from "@freshet/types";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MemorySnapshot } from "./testing/memory-snapshot.ts";
import { compileText, decodeRows, keyOf, ownParams } from "./testing/query-harness.ts";
import { ddl, randomRow, TABLES, tableNamed } from "./testing/sample-tables.ts";
import { seededRandom } from "./testing/seeded-random.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260703);
const LIMITS = { rowsPerEntry: 100_000, bytesPerEntry: 1e8, entries: 10 };
const SIZES: Record<string, number> = { title: 900, rating: 4000, person: 700, credit: 0, log: 0 };

let server: EmbeddedPostgres;
let client: pg.Client;
let snapshot: MemorySnapshot;
const random = seededRandom(SEED);

/** A random row with this key; ratings point at more titles than there are. */
function rowOf(name: string, id: number): Row {
  const row = [...randomRow(tableNamed(name), random)];
  row[0] = name === "person" ? BigInt(id) : id;
  if (name === "rating") row[1] = random() < 0.05 ? null : Math.floor(random() * 1100);
  if (name === "person") row[2] = random() < 0.1 ? null : BigInt(Math.floor(random() * 700));
  return row;
}

beforeAll(async () => {
  await loadPostgresParser();
  server = await EmbeddedPostgres.start({ major: 18 });
  client = new pg.Client({
    connectionString: server.url(),
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  await client.connect();
  await client.query("set datestyle = 'ISO, MDY'; set timezone = 'UTC'");
  await client.query(ddl());
  const loaded = TABLES.map((schema) => ({
    schema,
    rows: Array.from({ length: SIZES[schema.name]! }, (_, id) => rowOf(schema.name, id)),
  }));
  snapshot = MemorySnapshot.of(loaded);
  for (const { schema, rows } of loaded) {
    const documents = rows.map((row) =>
      Object.fromEntries(
        schema.columns.map(({ name, type }, at) => {
          const value = row[at]!;
          return [name, value === null ? null : postgresTextCodec.print(type, value)];
        }),
      ),
    );
    await client.query(
      `insert into ${schema.name} select * from json_populate_recordset(null::${schema.name}, $1)`,
      [JSON.stringify(documents)],
    );
  }
});

afterAll(async () => {
  await client.end();
  await server.stop();
});

const QUERIES = [
  "select t.id, r.id, r.stars from title t join rating r on r.title_id = t.id",
  "select t.id, r.id from rating r left join title t on r.title_id = t.id",
  "select t.id, r.id from title t left join rating r on r.title_id = t.id and r.stars > 3",
  "select p.id, t.id from person p join title t on t.id = p.boss",
  "select p.id, t.id from title t join person p on p.id = t.id where p.boss > 300",
  "select p.id, q.id, s.id from person p join person q on q.id = p.boss join person s on s.id = q.boss",
  "select t.kind, count(*), sum(r.weight), avg(r.stars), count(distinct r.who), max(r.seen) from title t join rating r on r.title_id = t.id group by t.kind",
  "select t.id, t.name, count(*), avg(r.stars) from title t join rating r on r.title_id = t.id group by t.id having count(*) > 3 order by 3 desc, t.id limit 10",
  "select t.id, count(r.id) from title t left join rating r on r.title_id = t.id group by t.id order by 2 desc, 1 limit 20 offset 5",
  "select t.id, d.n from title t join (select title_id, count(*) as n from rating group by title_id) d on d.title_id = t.id order by 2 desc, 1 limit 15",
  "select t.id, d.n from title t left join (select title_id, count(*) as n from rating group by title_id) d on d.title_id = t.id",
  "select r.id, r.stars from rating r order by r.stars desc nulls last, r.id limit 10",
  "select distinct t.year, r.stars from title t join rating r on r.title_id = t.id order by 1, 2",
  "select count(*), sum(r.stars), min(r.who) from rating r where r.title_id in (1, 2, 3, 4, 5)",
];

test.each(QUERIES)("%s", async (sql) => {
  const compiled = compileText(sql);
  const { query } = compiled;
  const params = ownParams(compiled);
  const key = keyOf(params);
  const form = (rows: (string | null)[][]): string => {
    const lines = rows.map((row) => JSON.stringify(row));
    return (query.totalOrder ? lines : lines.sort()).join("\n");
  };
  const kept = query.open(LIMITS);
  let shown = form(decodeRows(kept.fill(key, params, snapshot), query.columns.length));
  const answer = await client.query({ text: sql, rowMode: "array" });
  expect(shown).toBe(form(answer.rows as (string | null)[][]));
  let before = snapshot;
  for (let commit = 0; commit < 25; commit += 1) {
    const batch = new Map<number, RowDelta[]>();
    for (const name of ["rating", "title", "person"]) {
      const table = tableNamed(name);
      const rows = before.rows(table.id);
      const victims = new Set(
        Array.from({ length: 3 }, () => rows[Math.floor(random() * rows.length)]!),
      );
      const deltas = [...victims].map((old): RowDelta => {
        if (random() < 0.3) return { old, new: null };
        return { old, new: rowOf(name, Number(old[0])) };
      });
      if (random() < 0.5) deltas.push({ old: null, new: rowOf(name, 5000 + commit) });
      if (random() < 0.7) batch.set(table.id, deltas);
    }
    const after = before.apply(batch);
    for (const change of kept.push(batch, before, after)) {
      if ("rows" in change) shown = form(decodeRows(change.rows, query.columns.length));
    }
    const fresh = query.open({ ...LIMITS, strategy: "recompute" }).fill(key, params, after);
    expect(shown).toBe(form(decodeRows(fresh, query.columns.length)));
    before = after;
  }
});
