import { afterAll, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { parseCanonical, postgresTextCodec, postgresType, postgresTypeOid } from "@freshet/types";
import { canonicalArrayParam, canonicalParam } from "./canonical-param.ts";
import { renderingCorpus } from "./rendering-corpus.testing.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260101);

const TYPES = [
  ...["bool", "int2", "int4", "oid", "int8", "float4", "float8", "numeric", "text", "name", "uuid"],
  ...["bytea", "date", "time", "timestamp", "timestamptz", "interval"],
];

/** Settings under which an ambiguous text would mean something else than we think. */
const ODD_SETTINGS = `SET datestyle = 'German, DMY'; SET timezone = 'Asia/Kolkata';
  SET intervalstyle = sql_standard; SET standard_conforming_strings = on`;

const TRY = `CREATE FUNCTION try_same(a text, b text, t text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE same bool;
  BEGIN
    EXECUTE format('SELECT %L::%s = %L::%s', a, t, b, t) INTO same;
    RETURN same::text;
  EXCEPTION WHEN others THEN RETURN SQLERRM;
  END $$`;

/** The element set of an array text as sorted canonical output. */
const TRY_ARRAY = `CREATE FUNCTION try_elements(a text, t text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE found text;
  BEGIN
    EXECUTE format('SELECT coalesce(json_agg(DISTINCT e::text)::text, ''[]'') FROM unnest(%L::%s[]) AS e', a, t) INTO found;
    RETURN found;
  EXCEPTION WHEN others THEN RETURN SQLERRM;
  END $$`;

function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 4294967296) * limit);
  };
}

const INSERTS = [
  ..." +-.:,eEtTzZ0159_xX\\/'\"{}",
  "\u00e9",
  " BC",
  "+05",
  "00",
  "24",
  "60",
  "NaN",
  "inf",
];

/** Small damages to a text: most become invalid, some stay valid with another meaning. */
function mutate(text: string, next: (limit: number) => number): string {
  const at = next(text.length + 1);
  const insert = INSERTS[next(INSERTS.length)]!;
  switch (next(4)) {
    case 0:
      return text.slice(0, at) + insert + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + insert + text.slice(at + 1);
    default:
      return text;
  }
}

describe.each([18, 13] as const)(`parameters against Postgres %i (seed ${SEED})`, (major) => {
  let server: EmbeddedPostgres;
  let client: pg.Client;

  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`${TRY}; ${TRY_ARRAY}; ${ODD_SETTINGS}`);
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  test.each(TYPES)("an accepted %s means the same to the server", async (name) => {
    const next = generator(SEED);
    const type = postgresType(postgresTypeOid(name)!);
    const corpus = renderingCorpus(SEED)[name]!;
    const texts = [...corpus];
    for (let index = 0; index < 1500; index += 1) {
      texts.push(mutate(mutate(corpus[next(corpus.length)]!, next), next));
    }
    const accepted: [string, string][] = [];
    for (const text of texts) {
      const bytes = Buffer.from(text);
      const canonical = canonicalParam(type, 0, 0, bytes, 0, bytes.length);
      if (canonical === undefined) continue;
      const value = parseCanonical(type, canonical)!;
      accepted.push([text, postgresTextCodec.print(type, value)]);
    }
    const result = await client.query<{ a: string; b: string; verdict: string }>(
      "SELECT a, b, try_same(a, b, $3) AS verdict FROM unnest($1::text[], $2::text[]) AS u(a, b)",
      [accepted.map(([text]) => text), accepted.map(([, canonical]) => canonical), name],
    );
    expect(result.rows.filter((row) => row.verdict !== "true")).toEqual([]);
    expect(accepted.length).toBeGreaterThan(5);
  });

  test.each(TYPES)("a binary %s has the canonical form of its text", async (name) => {
    // Canonical output is read back under canonical settings.
    await client.query("SET intervalstyle = postgres");
    const type = postgresType(postgresTypeOid(name)!);
    const corpus = renderingCorpus(SEED)[name]!;
    const types = await client.query<{ send: string }>(
      "SELECT typsend::regproc::text AS send FROM pg_type WHERE oid = $1::regtype",
      [name],
    );
    const sent = await client.query<{ t: string; bytes: Buffer }>(
      `SELECT t, ${types.rows[0]!.send}(t::${name}) AS bytes FROM unnest($1::text[]) AS u(t)`,
      [corpus],
    );
    const pairs: [string, string][] = [];
    for (const { t, bytes } of sent.rows) {
      const canonical = canonicalParam(type, type.upstreamId, 1, bytes, 0, bytes.length);
      if (canonical === undefined) continue;
      pairs.push([t, postgresTextCodec.print(type, parseCanonical(type, canonical)!)]);
      const again = Buffer.from(canonical, "latin1");
      const fromText = canonicalParam(type, 0, 0, again, 0, again.length);
      // The text form may be refused (an era, a sign), but never differ.
      expect(fromText ?? canonical).toBe(canonical);
    }
    const result = await client.query<{ verdict: string }>(
      "SELECT a, b, try_same(a, b, $3) AS verdict FROM unnest($1::text[], $2::text[]) AS u(a, b)",
      [pairs.map(([text]) => text), pairs.map(([, canonical]) => canonical), name],
    );
    expect(result.rows.filter((row) => row.verdict !== "true")).toEqual([]);
    expect(pairs.length).toBeGreaterThan(0);
  });

  test.each(["int4", "text", "numeric"])(
    "an accepted array of %s has the server's elements",
    async (name) => {
      const next = generator(SEED + 1);
      const type = postgresType(postgresTypeOid(name)!);
      const seeds = [
        "{}",
        "{1,2,3}",
        "{1,NULL,1}",
        '{"1","2 "}',
        "{ 1 , 2 }",
        '{"a\\"b",c d}',
        "{1}",
      ];
      const texts = [...seeds];
      for (let index = 0; index < 3000; index += 1) {
        texts.push(mutate(mutate(seeds[next(seeds.length)]!, next), next));
      }
      const accepted: [string, string][] = [];
      for (const text of texts) {
        const bytes = Buffer.from(text);
        const list = canonicalArrayParam(type, 0, 0, bytes, 0, bytes.length);
        if (list === undefined) continue;
        const values = list.map((element) =>
          element === null ? null : (parseCanonical(type, element) as string),
        );
        const shown = values.map((value) =>
          value === null ? null : postgresTextCodec.print(type, value),
        );
        accepted.push([text, JSON.stringify(shown)]);
      }
      const result = await client.query<{ a: string; mine: string; theirs: string }>(
        "SELECT a, mine, try_elements(a, $3) AS theirs FROM unnest($1::text[], $2::text[]) AS u(a, mine)",
        [accepted.map(([text]) => text), accepted.map(([, shown]) => shown), name],
      );
      const order = (json: string): string => {
        const list = JSON.parse(json) as (string | null)[];
        const plain = list.map((text) =>
          text !== null && name === "numeric" ? String(Number(text)) : text,
        );
        return JSON.stringify([...new Set(plain)].sort());
      };
      const wrong = result.rows.filter((row) => {
        try {
          return order(row.mine) !== order(row.theirs);
        } catch {
          return true;
        }
      });
      expect(wrong).toEqual([]);
      expect(accepted.length).toBeGreaterThan(100);
    },
  );
});
