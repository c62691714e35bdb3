import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { loadPostgresParser, Unsupported } from "@freshet/sql";
import { postgresTextCodec } from "@freshet/types";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Poisoned } from "./contract.ts";
import { MemorySnapshot } from "./testing/memory-snapshot.ts";
import { QUERIES } from "./testing/queries.data.ts";
import { compileText, decodeRows, keyOf, ownParams, randomRows } from "./testing/query-harness.ts";
import { randomQuery } from "./testing/random-query.ts";
import { ddl, TABLES } from "./testing/sample-tables.ts";
import { seededRandom } from "./testing/seeded-random.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260701);
const LIMITS = { rowsPerEntry: 100_000, bytesPerEntry: 1e8, entries: 10 };

let server: EmbeddedPostgres;
let client: pg.Client;
let snapshot: MemorySnapshot;

beforeAll(async () => {
  await loadPostgresParser();
  server = await EmbeddedPostgres.start({ major: 18 });
  // Words sort as in English by default here, so that only COLLATE "C" sorts by bytes.
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  await admin.query(
    "create database english template template0 locale_provider icu icu_locale 'en-US'",
  );
  await admin.end();
  const url = new URL(server.url());
  url.pathname = "/english";
  client = new pg.Client({
    connectionString: url.href,
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  await client.connect();
  await client.query(
    "set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set extra_float_digits = 1",
  );
  await client.query(ddl());
  const random = seededRandom(SEED);
  const loaded = TABLES.map((schema) => ({ schema, rows: randomRows(schema, 40, random) }));
  snapshot = MemorySnapshot.of(loaded);
  for (const { schema, rows } of loaded) {
    for (const row of rows) {
      const values = row.map((value, at) =>
        value === null ? null : postgresTextCodec.print(schema.columns[at]!.type, value),
      );
      const marks = values.map((_, at) => `$${at + 1}`).join(", ");
      await client.query(`insert into ${schema.name} values (${marks})`, values);
    }
  }
});

afterAll(async () => {
  await client.end();
  await server.stop();
});

type Answer =
  | {
      readonly kind: "rows";
      readonly rows: string[];
      readonly columns: string[];
      readonly ordered: boolean;
    }
  | { readonly kind: "refused" | "poisoned" | "error"; readonly reason: string };

async function upstream(sql: string): Promise<Answer> {
  try {
    const result = await client.query({ text: sql, rowMode: "array" });
    return {
      kind: "rows",
      rows: (result.rows as unknown[]).map((row) => JSON.stringify(row)),
      columns: result.fields.map(
        (field) => `${field.name}:${field.dataTypeID}:${field.dataTypeModifier}`,
      ),
      ordered: true,
    };
  } catch (error) {
    return { kind: "error", reason: (error as Error).message };
  }
}

function ours(sql: string): Answer {
  try {
    const compiled = compileText(sql);
    const params = ownParams(compiled);
    const set = compiled.query.open(LIMITS);
    const rows = set.fill(keyOf(params), params, snapshot);
    return {
      kind: "rows",
      rows: decodeRows(rows, compiled.query.columns.length).map((row) => JSON.stringify(row)),
      columns: compiled.query.columns.map(
        (column) => `${column.name}:${column.type.upstreamId}:${column.type.modifier}`,
      ),
      ordered: compiled.query.totalOrder,
    };
  } catch (error) {
    if (error instanceof Unsupported) return { kind: "refused", reason: error.message };
    if (error instanceof Poisoned) return { kind: "poisoned", reason: error.message };
    throw error;
  }
}

/** Null when our answer may be given in place of the server's. */
function complaint(mine: Answer, theirs: Answer): string | null {
  if (mine.kind !== "rows") return null;
  if (theirs.kind !== "rows")
    return `answered where the server fails: ${theirs.kind === "error" ? theirs.reason : ""}`;
  if (mine.columns.join() !== theirs.columns.join())
    return `columns ${mine.columns.join()} for ${theirs.columns.join()}`;
  const sorted = (rows: string[]): string[] => (mine.ordered ? rows : [...rows].sort());
  const a = sorted(mine.rows).join("\n");
  const b = sorted(theirs.rows).join("\n");
  return a === b ? null : `rows\n${a}\nfor\n${b}`;
}

const REFUSED = new Set(QUERIES.slice(-10));

test.each(QUERIES)("%s", async (sql) => {
  const mine = ours(sql);
  expect(complaint(mine, await upstream(sql))).toBeNull();
  if (mine.kind === "refused" && !REFUSED.has(sql)) {
    expect(mine.reason).toMatch(/division by zero|out of range|NaN/);
  }
});

/** A statement whose literals are not plain, and the canonical forms the server gives them. */
const LOOSE: readonly (readonly [string, readonly string[]])[] = [
  ["select id from rating where seen = '2024-01-01 00:00' order by id", ["2024-01-01 00:00:00"]],
  ["select id from rating where seen > 'Jan 1 2024' order by id", ["2024-01-01 00:00:00"]],
  ["select id from title where released >= '1/1/2000' order by id", ["2000-01-01"]],
  [
    "select id from title where released between '19991231' and 'January 1, 2000' order by id",
    ["1999-12-31", "2000-01-01"],
  ],
  ["select id from title where active = ' tr' order by id", ["t"]],
];

test.each(LOOSE)("%s", async (sql, params) => {
  const { query } = compileText(sql);
  const rows = query.open(LIMITS).fill(keyOf(params), params, snapshot);
  const mine = decodeRows(rows, query.columns.length).map((row) => JSON.stringify(row));
  const theirs = await upstream(sql);
  expect(theirs).toMatchObject({ kind: "rows", rows: mine });
  expect(mine).not.toEqual([]);
});

test(`random statements (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const wrong: string[] = [];
  const refusals = new Map<string, number>();
  let answered = 0;
  for (let round = 0; round < 1200; round += 1) {
    const sql = randomQuery(random);
    const mine = ours(sql);
    if (mine.kind === "refused") refusals.set(mine.reason, (refusals.get(mine.reason) ?? 0) + 1);
    const reason = complaint(mine, await upstream(sql));
    if (reason !== null) wrong.push(`${sql}\n  ${reason}`);
    if (mine.kind === "rows") answered += 1;
  }
  expect(wrong.slice(0, 5).join("\n\n")).toBe("");
  expect({ answered, refusals }).toSatisfy((it: { answered: number }) => it.answered > 900);
});
