import { afterAll, beforeAll, describe, expect, test } from "vitest";
import mysql from "mysql2/promise";
import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { collationNames, collatorOf } from "./collations.ts";
import type { TableCollator } from "./table-collator.ts";
import { textPairs } from "./text-corpus.testing.ts";
import type { Repertoire } from "./text-corpus.testing.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260101);
const PAIRS = 6000;
const BATCH = 20_000;
/** Tables of all code points; the other collations compare bytes. */
const TABLED = /^utf8mb4_(?:general|unicode|unicode_520|0900_ai|uca1400_ai)_ci$/;

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function repertoireOf(collation: string): Repertoire {
  const charset = collation.slice(0, collation.indexOf("_"));
  return charset === "utf8" ? "utf8mb3" : (charset as Repertoire);
}

describe.each(["mysql", "mariadb"] as const)(`collations of %s (seed ${SEED})`, (flavour) => {
  let server: EmbeddedMysql;
  let connection: mysql.Connection;
  let existing: ReadonlySet<string>;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await mysql.createConnection({ uri: server.url(), charset: "utf8mb4" });
    const rows = await select<[string]>("SHOW COLLATION");
    existing = new Set(rows.map(([name]) => name));
    // MariaDB names them without their character set.
    for (const [name] of rows) {
      if (!name.startsWith("uca1400")) continue;
      existing = new Set([...existing, `utf8mb4_${name}`, `utf8mb3_${name}`]);
    }
  }, 120_000);

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  async function select<R extends unknown[]>(sql: string): Promise<R[]> {
    const [rows] = await connection.query<mysql.RowDataPacket[][]>({ sql, rowsAsArray: true });
    return rows as unknown as R[];
  }

  test("the server has the collations that we know", () => {
    const missing = collationNames().filter((name) => !existing.has(name));
    const expected =
      flavour === "mysql" ? /nopad|^utf8_|uca1400/ : /0900|^utf8_|^latin1_general_nopad/;
    expect(missing.filter((name) => !expected.test(name))).toEqual([]);
  });

  test("every character has the server's weights", async () => {
    await connection.query("CREATE TABLE c (id INT PRIMARY KEY, c VARCHAR(64)) CHARSET utf8mb4");
    for (let from = 0; from < 0x110000; from += BATCH) {
      const rows: string[] = [];
      for (let code = from; code < Math.min(from + BATCH, 0x110000); code += 1) {
        if (code >= 0xd800 && code <= 0xdfff) continue;
        rows.push(`(${code},_utf8mb4 x'${hex(String.fromCodePoint(code))}')`);
      }
      await connection.query(`INSERT INTO c VALUES ${rows.join(",")}`);
    }
    for (const name of collationNames()) {
      if (!TABLED.test(name) || !existing.has(name)) continue;
      const collator = collatorOf(name)!;
      const rows = await select<[number, string]>(
        `SELECT id, HEX(WEIGHT_STRING(c COLLATE ${name})) FROM c`,
      );
      let wrong = 0;
      for (const [code, weights] of rows) {
        if (unitsAsHex(collator.characterKey(code)) !== weights) wrong += 1;
      }
      expect([name, rows.length, wrong]).toEqual([name, 0x110000 - 0x800, 0]);
    }
  }, 120_000);

  test.each(collationNames())("%s compares as ours does", async (name) => {
    if (!existing.has(name)) return;
    const collator = collatorOf(name)!;
    const repertoire = repertoireOf(name);
    const pairs = textPairs(repertoire, SEED, PAIRS);
    await connection.query(
      `CREATE TABLE p_${name} (id INT PRIMARY KEY, a VARCHAR(99), b VARCHAR(99))
       CHARSET ${repertoire} COLLATE ${name}`,
    );
    const values = pairs.map(([a, b], id) => `(${id},_utf8mb4 x'${hex(a)}',_utf8mb4 x'${hex(b)}')`);
    await connection.query(`INSERT INTO p_${name} VALUES ${values.join(",")}`);
    const rows = await select<[number, number, number, number]>(
      `SELECT id, a = b, a < b, a > b FROM p_${name}`,
    );
    expect(rows.length).toBe(pairs.length);
    const wrong: string[] = [];
    for (const [id, equal, less, greater] of rows) {
      const [a, b] = pairs[id]!;
      const left = collator.sortKey(a);
      const right = collator.sortKey(b);
      const agrees =
        (left === right) === (equal === 1) &&
        left < right === (less === 1) &&
        left > right === (greater === 1);
      if (!agrees) {
        wrong.push(`${JSON.stringify(a)} ${JSON.stringify(b)}: = ${equal} < ${less} > ${greater}`);
      }
    }
    expect(wrong.length === 0 ? [] : [wrong.length, ...wrong.slice(0, 20)]).toEqual([]);
    await connection.query(`DROP TABLE p_${name}`);
  });

  test("no pair of neighbours has weights of its own that we do not know", async () => {
    for (const name of collationNames()) {
      if (!TABLED.test(name) || !existing.has(name) || name.includes("general")) continue;
      const collator = collatorOf(name) as TableCollator;
      const wrong: string[] = [];
      for (const start of pairBlocks()) {
        const text = everyPairOf(start);
        const [[weights] = [""]] = await select<[string]>(
          `SELECT HEX(WEIGHT_STRING(CONVERT(x'${hex(text)}' USING utf8mb4) COLLATE ${name}))`,
        );
        if (unitsAsHex(collator.weights(text)) !== weights) wrong.push(start.toString(16));
      }
      expect([name, wrong]).toEqual([name, []]);
    }
  }, 120_000);
});

const BLOCK = 128;

/** Starts of the blocks of 128 characters that are not ideographs, syllables or for private use. */
function pairBlocks(): number[] {
  const skipped = [
    [0x3500, 0x9f80],
    [0xac80, 0xd700],
    [0xd800, 0xf880],
    [0x17080, 0x18c00],
  ] as const;
  const starts: number[] = [];
  for (let start = 0; start < 0x1f000; start += BLOCK) {
    if (!skipped.some(([from, to]) => start >= from && start < to)) starts.push(start);
  }
  return starts;
}

/** A text in which every character of a block stands next to every other, and to itself. */
function everyPairOf(start: number): string {
  const codes: number[] = [];
  for (let left = 0; left < BLOCK; left += 1) {
    codes.push(start + left);
    for (let right = left + 1; right < BLOCK; right += 1) codes.push(start + left, start + right);
  }
  return String.fromCodePoint(...codes);
}

function unitsAsHex(units: string): string {
  const bytes = Buffer.from(units, "utf16le").swap16();
  return bytes.toString("hex").toUpperCase();
}
