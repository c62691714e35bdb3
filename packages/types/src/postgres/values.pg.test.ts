import { afterAll, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { compareNullable, compareValues, equalValues } from "../compare.ts";
import {
  absDecimal,
  addDecimals,
  averageDecimal,
  ceilDecimal,
  divideDecimals,
  floorDecimal,
  moduloDecimals,
  multiplyDecimals,
  parseDecimal,
  printDecimal,
  roundDecimal,
  subtractDecimals,
  sumDecimals,
  truncateDecimal,
} from "../decimal.ts";
import { groupKey } from "../group-key.ts";
import { postgresTextCodec } from "./text-codec.ts";
import { postgresType, postgresTypeOid } from "./types.ts";
import { CORPUS_TYPES, corpusOf, randomNumeric, seededRandom } from "./value-corpus.testing.ts";
import type { SqlType } from "../value.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260101);

const CANONICAL = `SET datestyle = 'ISO, MDY'; SET timezone = 'UTC'; SET intervalstyle = postgres;
  SET extra_float_digits = 1; SET bytea_output = hex`;

/** Everything as the server's text. */
const TEXT_TYPES = { getTypeParser: () => (text: string | Buffer) => text };

function typeNamed(name: string): SqlType {
  const type = postgresType(postgresTypeOid(name)!);
  return type.kind === "text" || type.kind === "bpchar"
    ? { ...type, collation: { name: "C", equality: "bytes", order: "bytes" } }
    : type;
}

describe.each([18, 13] as const)(`values against Postgres %i (seed ${SEED})`, (major) => {
  let server: EmbeddedPostgres;
  let client: pg.Client;

  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major });
    client = new pg.Client({ connectionString: server.url(), types: TEXT_TYPES });
    await client.connect();
    await client.query(CANONICAL);
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  async function column(sql: string, params: unknown[]): Promise<string[][]> {
    const result = await client.query({ text: sql, values: params, rowMode: "array" });
    return result.rows as string[][];
  }

  test.each(CORPUS_TYPES)("%s text is printed as the server prints it", async (name) => {
    const corpus = corpusOf(name, { seed: SEED, random: 1500, major });
    const type = typeNamed(name);
    const padded = name === "bpchar" ? "bpchar(5)" : name;
    const rows = await column(`SELECT t::${padded} FROM unnest($1::text[]) AS t`, [corpus]);
    const wrong: string[] = [];
    for (const [text] of rows) {
      const value = postgresTextCodec.parse(type, text!)!;
      const printed = postgresTextCodec.print(type, value);
      if (printed !== text) wrong.push(`${text} became ${printed}`);
    }
    expect(rows.length).toBe(corpus.length);
    expect(wrong).toEqual([]);
  });

  test.each(CORPUS_TYPES)("%s compares, equals and groups as the server does", async (name) => {
    const corpus = corpusOf(name, { seed: SEED + 1, random: 40, major }).slice(-130);
    const type = typeNamed(name);
    const collate = ["text", "varchar", "bpchar"].includes(name) ? ' COLLATE "C"' : "";
    const rows = await column(
      `WITH v AS (SELECT t::${name} AS v FROM unnest($1::text[]) AS t)
       SELECT a.v, b.v, CASE WHEN a.v < b.v${collate} THEN -1 WHEN a.v > b.v${collate} THEN 1
         WHEN a.v = b.v${collate} THEN 0 END::text FROM v AS a, v AS b`,
      [corpus],
    );
    const wrong: string[] = [];
    for (const [left, right, sign] of rows) {
      const a = postgresTextCodec.parse(type, left!)!;
      const b = postgresTextCodec.parse(type, right!)!;
      const equal = sign === "0";
      const agrees =
        Math.sign(compareValues(type, a, b)) === Number(sign) &&
        equalValues(type, a, b) === equal &&
        (groupKey([type], [a]) === groupKey([type], [b])) === equal &&
        (groupKey([type, type], [a, b]) === groupKey([type, type], [b, a])) === equal &&
        compareNullable(type, a, null, true) === 1 &&
        groupKey([type], [a]) !== groupKey([type], [null]);
      if (!agrees) wrong.push(`${JSON.stringify(left)} ${sign} ${JSON.stringify(right)}`);
    }
    expect(wrong).toEqual([]);
  });

  test("decimal arithmetic has the server's values and scales", async () => {
    const random = seededRandom(SEED + 2);
    const extremes = ["0", "0.00", "1", "-1", "9999", "10000", "0.0001", "1e300", "-1e-300", "NaN"];
    extremes.push("1e1000", "99999999.99999999", "1e-1000", "3", "7", "0.5", "-0.5", "2.50");
    if (major >= 14) extremes.push("Infinity", "-Infinity");
    const left: string[] = [];
    const right: string[] = [];
    for (const a of extremes) {
      for (const b of extremes) {
        left.push(a);
        right.push(b);
      }
    }
    for (let index = 0; index < 4000; index += 1) {
      left.push(randomNumeric(random));
      right.push(randomNumeric(random));
    }
    const rows = await column(
      `SELECT a, b, a + b, a - b, a * b, CASE WHEN b <> 0 THEN a / b END,
         CASE WHEN b <> 0 THEN a % b END, round(a), round(a, 2), round(a, -2), trunc(a), trunc(a, 3),
         ceil(a), floor(a), abs(a), -a, round(a, 40)
       FROM unnest($1::numeric[], $2::numeric[]) AS t(a, b)`,
      [left, right],
    );
    const wrong: string[] = [];
    for (const row of rows) {
      const a = parseDecimal(row[0]!);
      const b = parseDecimal(row[1]!);
      const zero = b.special === undefined && b.unscaled === 0n;
      const mine = [
        ...[addDecimals(a, b), subtractDecimals(a, b), multiplyDecimals(a, b)],
        ...[zero ? null : divideDecimals(a, b), zero ? null : moduloDecimals(a, b)],
        ...[roundDecimal(a), roundDecimal(a, 2), roundDecimal(a, -2), truncateDecimal(a)],
        ...[truncateDecimal(a, 3), ceilDecimal(a), floorDecimal(a), absDecimal(a)],
        ...[subtractDecimals({ unscaled: 0n, scale: 0 }, a), roundDecimal(a, 40)],
      ].map((value) => (value === null ? null : printDecimal(value)));
      mine.forEach((value, index) => {
        const theirs = row[index + 2];
        if (value !== theirs)
          wrong.push(`#${index} of ${row[0]} ${row[1]}: ${value} not ${theirs}`);
      });
    }
    expect(wrong.slice(0, 20)).toEqual([]);
  });

  test("sum and average of decimals and integers are the server's", async () => {
    const random = seededRandom(SEED + 3);
    for (let round = 0; round < 60; round += 1) {
      const count = 1 + Math.floor(random() * 12);
      const values = Array.from({ length: count }, () => randomNumeric(random));
      const ints = values.map((text) => String(Math.trunc(Number(text)) % 1e9));
      const [row] = await column(
        `SELECT (SELECT sum(v) FROM unnest($1::numeric[]) v), (SELECT avg(v) FROM unnest($1::numeric[]) v),
           (SELECT avg(v) FROM unnest($2::int4[]) v), (SELECT avg(v) FROM unnest($2::int8[]) v)`,
        [values, ints],
      );
      const sum = sumDecimals(values.map(parseDecimal));
      const intAverage = printDecimal(averageDecimal(sumDecimals(ints.map(parseDecimal)), count));
      expect([
        printDecimal(sum),
        printDecimal(averageDecimal(sum, count)),
        intAverage,
        intAverage,
      ]).toEqual(row);
    }
  });

  test("the built-in type table is the server's", async () => {
    const rows = await column(
      `SELECT oid::text, typname, typarray::text FROM pg_type
       WHERE oid < 10000 AND typtype IN ('b', 'r', 'm') AND typelem = 0 AND typname !~ '^pg_(node|brin)'`,
      [],
    );
    for (const [oid, name] of rows) {
      if (name === "pg_ddl_command" || name === "smgr") continue;
      if (postgresTypeOid(name!) !== null)
        expect([name, postgresTypeOid(name!)]).toEqual([name, Number(oid)]);
    }
  });
});
