import type { Connection } from "mysql2";
import { execute } from "./connection.ts";
import { qualified } from "./names.ts";
import type { ServerInfo } from "./server-info.ts";
import { type TextRow, queryRows } from "./session.ts";
import type { TableName } from "./table-ids.ts";

/** A table as information_schema tells it; what `TableSchema` and the refusals are made from. */
export interface TableDetail {
  readonly schema: string;
  readonly name: string;
  /** `BASE TABLE`, `VIEW`, `SYSTEM VERSIONED`, `SEQUENCE`… */
  readonly kind: string;
  readonly engine: string;
  readonly options: string;
  readonly estimatedRows: number;
  readonly columns: readonly ColumnDetail[];
  readonly indexes: readonly IndexDetail[];
  /** Foreign keys of this table that change its rows when a parent's row changes. */
  readonly cascades: readonly string[];
}

export interface ColumnDetail {
  /** Position in the table, from 1. */
  readonly number: number;
  readonly name: string;
  /** e.g. `varchar`. */
  readonly dataType: string;
  /** e.g. `int(10) unsigned`, `enum('a','b')`. */
  readonly columnType: string;
  readonly charset: string | null;
  readonly collation: string | null;
  readonly nullable: boolean;
  readonly invisible: boolean;
  readonly generated: "" | "virtual" | "stored";
  readonly numericPrecision: number | null;
  readonly numericScale: number | null;
  readonly dateTimePrecision: number | null;
  readonly length: number | null;
}

export interface IndexDetail {
  readonly name: string;
  readonly unique: boolean;
  /** No column is indexed by a prefix only, and none is an expression. */
  readonly whole: boolean;
  readonly columns: readonly string[];
  /** MariaDB: of long values, through a column that only the binary log shows. */
  readonly hashed: boolean;
}

const SYSTEM_SCHEMAS = "'mysql', 'information_schema', 'performance_schema', 'sys'";

/** Everything that a FROM clause can name; with `only`, just these tables. */
export async function readTableDetails(
  client: Connection,
  server: ServerInfo,
  only?: readonly TableName[],
): Promise<readonly TableDetail[]> {
  if (only?.length === 0) return [];
  const where = (schema: string, name: string): string =>
    only === undefined
      ? `${schema} NOT IN (${SYSTEM_SCHEMAS})`
      : `(${only.map(() => `(${schema} = ? AND ${name} = ?)`).join(" OR ")})`;
  const values = (only ?? []).flatMap((table) => [table.schema, table.name]);
  const read = (select: string, schema: string, name: string, more = "") =>
    queryRows(client, `${select} WHERE ${where(schema, name)}${more}`, values);
  // MySQL keeps the number of rows for a day; `estimateRows` asks anew.
  const tables = await read(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_TYPE AS kind, ENGINE AS engine,
       CREATE_OPTIONS AS options, TABLE_ROWS AS estimate FROM information_schema.TABLES`,
    "TABLE_SCHEMA",
    "TABLE_NAME",
  );
  const columns = groupByTable(
    await read(
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ORDINAL_POSITION AS number, COLUMN_NAME AS name,
         DATA_TYPE AS type, COLUMN_TYPE AS full, CHARACTER_SET_NAME AS charset, EXTRA AS extra,
         COLLATION_NAME AS collation, IS_NULLABLE AS nullable, NUMERIC_PRECISION AS prec,
         NUMERIC_SCALE AS scale, DATETIME_PRECISION AS fsp, CHARACTER_MAXIMUM_LENGTH AS len
       FROM information_schema.COLUMNS`,
      "TABLE_SCHEMA",
      "TABLE_NAME",
      " ORDER BY ORDINAL_POSITION",
    ),
  );
  const expression = server.flavour === "mysql" ? "EXPRESSION" : "NULL";
  const indexes = groupByTable(
    await read(
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS name, NON_UNIQUE AS nonunique,
         COLUMN_NAME AS col, SUB_PART AS part, INDEX_TYPE AS type, ${expression} AS expression
       FROM information_schema.STATISTICS`,
      "TABLE_SCHEMA",
      "TABLE_NAME",
      " ORDER BY INDEX_NAME, SEQ_IN_INDEX",
    ),
  );
  const cascades = groupByTable(
    await read(
      `SELECT CONSTRAINT_SCHEMA AS s, TABLE_NAME AS t, CONSTRAINT_NAME AS name
       FROM information_schema.REFERENTIAL_CONSTRAINTS`,
      "CONSTRAINT_SCHEMA",
      "TABLE_NAME",
      ` AND (UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
        OR DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))`,
    ),
  );
  return tables.map((row): TableDetail => {
    const key = keyOf(row);
    return {
      schema: row["s"] ?? "",
      name: row["t"] ?? "",
      kind: row["kind"] ?? "",
      engine: row["engine"] ?? "",
      options: row["options"] ?? "",
      estimatedRows: Number(row["estimate"] ?? 0),
      columns: (columns.get(key) ?? []).map(columnOf),
      indexes: indexesOf(indexes.get(key) ?? []),
      cascades: (cascades.get(key) ?? []).map((each) => each["name"] ?? ""),
    };
  });
}

/**
 * MariaDB shows foreign keys in information_schema only to accounts that may do more than read.
 * Whoever may read sees them in the table's definition.
 */
export async function withShownCascades(
  client: Connection,
  detail: TableDetail,
): Promise<TableDetail> {
  if (detail.kind !== "BASE TABLE") return detail;
  const rows = await queryRows(client, `SHOW CREATE TABLE ${qualified(detail)}`);
  const text = rows[0]?.["Create Table"] ?? "";
  const shown = text.split("\n").flatMap((line) => {
    const match =
      /^\s*CONSTRAINT (`(?:[^`]|``)+`|\S+) FOREIGN KEY\b.*\bON (?:DELETE|UPDATE) (?:CASCADE|SET)\b/.exec(
        line,
      );
    return match === null ? [] : [match[1]!.replace(/^`|`$/g, "").replaceAll("``", "`")];
  });
  return { ...detail, cascades: [...new Set([...detail.cascades, ...shown])] };
}

/** The engine's own guess, of this moment. */
export async function estimateRows(
  client: Connection,
  server: ServerInfo,
  table: TableName,
): Promise<number> {
  const remembers = server.flavour === "mysql";
  if (remembers) await execute(client, "SET SESSION information_schema_stats_expiry = 0");
  const rows = await queryRows(
    client,
    `SELECT TABLE_ROWS AS estimate FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [table.schema, table.name],
  );
  if (remembers) await execute(client, "SET SESSION information_schema_stats_expiry = DEFAULT");
  return Number(rows[0]?.["estimate"] ?? 0);
}

function columnOf(row: TextRow): ColumnDetail {
  const extra = (row["extra"] ?? "").toUpperCase();
  const number = (name: string): number | null =>
    row[name] === null || row[name] === undefined ? null : Number(row[name]);
  return {
    number: Number(row["number"]),
    name: row["name"] ?? "",
    dataType: (row["type"] ?? "").toLowerCase(),
    columnType: row["full"] ?? "",
    charset: row["charset"] ?? null,
    collation: row["collation"] ?? null,
    nullable: row["nullable"] === "YES",
    invisible: /\bINVISIBLE\b/.test(extra),
    generated: /\bVIRTUAL\b/.test(extra)
      ? "virtual"
      : /\b(STORED|PERSISTENT) /.test(`${extra} `) && extra.includes("GENERATED")
        ? "stored"
        : "",
    numericPrecision: number("prec"),
    numericScale: number("scale"),
    dateTimePrecision: number("fsp"),
    length: number("len"),
  };
}

function indexesOf(rows: readonly TextRow[]): readonly IndexDetail[] {
  const byName = new Map<string, TextRow[]>();
  for (const row of rows) {
    const name = row["name"] ?? "";
    byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  return [...byName].map(([name, parts]) => ({
    name,
    unique: parts[0]?.["nonunique"] === "0",
    whole: parts.every(
      (part) => part["part"] === null && part["expression"] === null && part["col"] !== null,
    ),
    columns: parts.map((part) => part["col"] ?? ""),
    hashed: parts[0]?.["type"] === "HASH",
  }));
}

function groupByTable(rows: readonly TextRow[]): ReadonlyMap<string, readonly TextRow[]> {
  const groups = new Map<string, TextRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

function keyOf(row: TextRow): string {
  return `${row["s"]}\0${row["t"]}`;
}
