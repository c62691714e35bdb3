import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { loadMysqlParser, Unsupported } from "@freshet/sql";
import { mysqlTextCodec } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import { createConnection } from "mysql2/promise";
import type { Connection, FieldPacket, RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Poisoned } from "./contract.ts";
import { mysqlSameResultType } from "./dialects/mysql/same-result-type.ts";
import { MemorySnapshot } from "./testing/memory-snapshot.ts";
import { mysqlTested } from "./testing/mysql-harness.ts";
import { MYSQL_QUERIES, MYSQL_REFUSED } from "./testing/mysql-queries.data.ts";
import { mysqlTables } from "./testing/mysql-tables.ts";
import { compileText, decodeRows, keyOf, ownParams, randomRows } from "./testing/query-harness.ts";
import { randomMysqlQuery } from "./testing/random-mysql-query.ts";
import { seededRandom } from "./testing/seeded-random.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260901);
const ROUNDS = Number(process.env["FRESHET_TEST_ROUNDS"] ?? 1500);
const LIMITS = { rowsPerEntry: 100_000, bytesPerEntry: 1e8, entries: 10 };

type Answer =
  | {
      readonly kind: "rows";
      readonly rows: string[];
      readonly ordered: boolean;
      readonly types: readonly SqlType[];
    }
  | { readonly kind: "refused" | "poisoned" | "error"; readonly reason: string };

interface Field {
  readonly length: number;
}

const TEXT_TYPES: readonly number[] = [252, 253, 254];
const KINDS: Readonly<Record<number, SqlType["kind"]>> = {
  4: "float4",
  5: "float8",
  7: "timestamptz",
  10: "civildate",
  11: "time",
  12: "civildatetime",
  246: "decimal",
};

/** As the server's description of a column has it. */
function typeOfField(field: FieldPacket): SqlType {
  const { columnType: upstreamId = 0, decimals = 0 } = field;
  const flags = Number(field.flags);
  const text = TEXT_TYPES.includes(upstreamId);
  const kind = text ? (field.characterSet === 63 ? "bytes" : "text") : (KINDS[upstreamId] ?? "int");
  const unsigned = (flags & 32) !== 0;
  return {
    kind,
    upstreamId,
    name: "",
    modifier: decimals === 31 ? -1 : decimals,
    ...(unsigned ? { unsigned } : {}),
  };
}

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  const tested = mysqlTested(flavour);
  let server: EmbeddedMysql | null = null;
  let client: Connection;
  let snapshot: MemorySnapshot;

  beforeAll(async () => {
    await loadMysqlParser();
    const given = process.env[`FRESHET_TEST_${flavour.toUpperCase()}_SOCKET`];
    server = given === undefined ? await EmbeddedMysql.start({ flavour }) : null;
    const account = { user: "root", password: "root", charset: "utf8mb4" };
    const where = given === undefined ? { uri: server!.url() } : { socketPath: given };
    client = await createConnection({
      ...account,
      ...where,
      timezone: "Z",
      typeCast: (field) => field.buffer(),
    });
    await client.query("drop database if exists answers");
    await client.query("create database answers");
    await client.query("drop database if exists test");
    await client.query("create database test");
    await client.query("use test");
    await client.query("set time_zone = '+00:00'");
    for (const statement of mysqlTables(flavour).ddl()) await client.query(statement);
    const random = seededRandom(SEED);
    const loaded = tested.tables.map((schema) => ({
      schema,
      rows: randomRows(schema, 40, random, tested),
    }));
    snapshot = MemorySnapshot.of(loaded);
    await client.query("set @mode = @@sql_mode, sql_mode = ''");
    for (const { schema, rows } of loaded) {
      for (const row of rows) {
        const values = row.map((value, at) => {
          const { type } = schema.columns[at]!;
          if (value === null) return null;
          const text = mysqlTextCodec.print(type, value);
          if (type.kind === "bytes") return Buffer.from(text.slice(2), "hex");
          return ["bit", "float", "double"].includes(type.name) ? Number(value) : text;
        });
        const marks = values.map(() => "?").join(", ");
        await client.query(`insert into ${schema.name} values (${marks})`, values);
      }
    }
    await client.query("set sql_mode = @mode");
  }, 120_000);

  afterAll(async () => {
    await client.end();
    await server?.stop();
  });

  function ours(sql: string): Answer {
    try {
      const compiled = compileText(sql, null, tested);
      const params = ownParams(compiled);
      const rows = compiled.query.open(LIMITS).fill(keyOf(params), params, snapshot);
      const types = compiled.query.columns.map((column) => column.type);
      return {
        kind: "rows",
        rows: decodeRows(rows, types.length).map((row) => JSON.stringify(row)),
        ordered: compiled.query.totalOrder,
        types,
      };
    } catch (error) {
      if (error instanceof Unsupported) return { kind: "refused", reason: error.message };
      if (error instanceof Poisoned) return { kind: "poisoned", reason: error.message };
      throw new Error(`${sql}: ${(error as Error).message}`, { cause: error });
    }
  }

  async function upstream(sql: string, types: readonly SqlType[]): Promise<Answer> {
    try {
      const [rows, fields] = await client.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
      for (const [at, field] of fields.entries()) {
        const theirs = typeOfField(field);
        const mine = types[at];
        if (mine !== undefined && !mysqlSameResultType(mine, theirs)) {
          return {
            kind: "error",
            reason: `type ${JSON.stringify(theirs)} for ${JSON.stringify(mine)}`,
          };
        }
      }
      const lines = rows.map((row) =>
        JSON.stringify(row.map((cell, at) => cellText(cell as Buffer | null, types[at]))),
      );
      return { kind: "rows", rows: lines, ordered: true, types };
    } catch (error) {
      return { kind: "error", reason: (error as Error).message };
    }
  }

  function cellText(cell: (Buffer & Field) | null, type: SqlType | undefined): string | null {
    if (cell === null) return null;
    if (type?.kind === "bytes") return `\\x${cell.toString("hex")}`;
    if (type?.name === "bit") return String(BigInt(`0x${cell.toString("hex")}`));
    return cell.toString("utf8");
  }

  /** Null when our answer may be given in place of the server's. */
  async function complaint(sql: string, mine: Answer): Promise<string | null> {
    if (mine.kind !== "rows") return null;
    const theirs = await upstream(sql, mine.types);
    if (theirs.kind !== "rows") return `answered where the server fails: ${theirs.reason}`;
    const sorted = (rows: string[]): string[] => (mine.ordered ? rows : [...rows].sort());
    const a = sorted(mine.rows).join("\n");
    const b = sorted(theirs.rows).join("\n");
    return a === b ? null : `rows\n${a}\nfor\n${b}`;
  }

  test.each(MYSQL_QUERIES)("%s", async (sql) => {
    const mine = ours(sql);
    expect(await complaint(sql, mine)).toBeNull();
    if (mine.kind === "refused") expect(mine.reason).toMatch(/the second parser/);
    if (mine.kind === "poisoned") {
      expect(mine.reason).toMatch(
        /spelling|ASCII|out of range|rounded|plain|-0|zero date|by zero|2020-00-00/,
      );
    }
  });

  test.each(MYSQL_REFUSED)("refused: %s", (sql, reason) => {
    expect(ours(sql)).toMatchObject({ kind: "refused" });
    expect((ours(sql) as { reason: string }).reason).toMatch(reason);
  });

  test.each([
    ["select id, id / 0 from title", /by zero/],
    ["select id, id % 0 from title", /by zero/],
    ["select id from title where price div 0 > 1", /by zero/],
    ["select year(released), max(cast(premiere as date)) from title group by 1", /date/],
    [
      "select premiere, count(*) from title where premiere < '2000-01-01' group by premiere",
      /date/,
    ],
    ["select distinct premiere from title where premiere < '2000-01-01'", /date/],
  ])("the upstream may warn: %s", (sql, reason) => {
    expect(ours(sql)).toMatchObject({ kind: "poisoned" });
    expect((ours(sql) as { reason: string }).reason).toMatch(reason);
  });

  test(`random statements (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const wrong: string[] = [];
    const refusals = new Map<string, number>();
    const counts = { rows: 0, refused: 0, poisoned: 0, error: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const sql = randomMysqlQuery(random);
      const mine = ours(sql);
      counts[mine.kind] += 1;
      if (mine.kind === "refused") refusals.set(mine.reason, (refusals.get(mine.reason) ?? 0) + 1);
      const reason = await complaint(sql, mine);
      // Whether a row reaches a condition that raises is up to the order of evaluation.
      if (reason?.includes("out of range") === true) continue;
      if (reason !== null) wrong.push(`${sql}\n  ${reason}`);
    }
    expect(wrong.slice(0, 5).join("\n\n")).toBe("");
    expect({ counts, refusals }).toSatisfy(() => counts.rows > ROUNDS * 0.6);
  }, 120_000);
});
