import { COLUMN_TYPES, ENUM_STATEMENT, type ColumnType } from "./column-types.data.ts";
import type { Random } from "./random.ts";

export interface TableColumn {
  readonly name: string;
  /** `sql` of the column's `ColumnType`. */
  readonly type: string;
  readonly nullable: boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** Columns of the primary key, or of the identity's unique index; empty without any. */
  readonly key: readonly string[];
  readonly identity: "primary key" | "index" | "full";
  readonly partitioned: boolean;
}

export interface Schema {
  readonly tables: readonly Table[];
  readonly statements: readonly string[];
}

const typeByName = new Map(COLUMN_TYPES.map((type) => [type.sql, type]));

export function typeOf(column: TableColumn): ColumnType {
  const type = typeByName.get(column.type);
  if (type === undefined) throw new Error(`no column type ${column.type}`);
  return type;
}

export function generateSchema(random: Random): Schema {
  const tables = Array.from({ length: random.between(2, 4) }, (_, number) =>
    generateTable(random, number),
  );
  return { tables, statements: [ENUM_STATEMENT, ...tables.flatMap(statementsOf)] };
}

function generateTable(random: Random, number: number): Table {
  const shape = random.weighted([
    [5, "id"],
    [2, "pair"],
    [2, "index"],
    [2, "full"],
    [1, "partitioned"],
  ] as const);
  const columns: TableColumn[] = [];
  const key: string[] = [];
  if (shape !== "full") {
    columns.push({ name: "id", type: random.pick(["int4", "int8"]), nullable: false });
    key.push("id");
  }
  if (shape === "pair" || shape === "partitioned") {
    const type = shape === "partitioned" ? "int4" : random.pick(["int4", "text", "date"]);
    columns.push({ name: "part", type, nullable: false });
    key.push("part");
  }
  // Every table has these two, so that any two tables can be joined and grouped.
  columns.push({ name: "ref", type: "int4", nullable: random.chance(0.7) });
  columns.push({ name: "tag", type: "text", nullable: random.chance(0.7) });
  const more = random.between(2, 6);
  for (let index = 0; index < more; index += 1) {
    const { sql } = random.pick(COLUMN_TYPES);
    columns.push({ name: `c${index}`, type: sql, nullable: random.chance(0.75) });
  }
  return {
    name: `t${number}`,
    columns,
    key,
    identity: shape === "full" ? "full" : shape === "index" ? "index" : "primary key",
    partitioned: shape === "partitioned",
  };
}

function statementsOf(table: Table): readonly string[] {
  const columns = table.columns.map(
    ({ name, type, nullable }) => `${name} ${type}${nullable ? "" : " NOT NULL"}`,
  );
  const keyList = table.key.join(", ");
  if (table.identity === "primary key") columns.push(`PRIMARY KEY (${keyList})`);
  const by = table.partitioned ? " PARTITION BY RANGE (part)" : "";
  const statements = [`CREATE TABLE ${table.name} (${columns.join(", ")})${by}`];
  if (table.partitioned) {
    statements.push(
      `CREATE TABLE ${table.name}_low PARTITION OF ${table.name} FOR VALUES FROM (MINVALUE) TO (3)`,
      `CREATE TABLE ${table.name}_high PARTITION OF ${table.name} DEFAULT`,
    );
  }
  if (table.identity === "index") {
    statements.push(
      `CREATE UNIQUE INDEX ${table.name}_identity ON ${table.name} (${keyList})`,
      `ALTER TABLE ${table.name} REPLICA IDENTITY USING INDEX ${table.name}_identity`,
    );
  }
  if (table.identity === "full") statements.push(`ALTER TABLE ${table.name} REPLICA IDENTITY FULL`);
  return statements;
}

/** A value as an SQL literal that no setting changes. */
export function quote(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export function literal(value: string | null, type: ColumnType): string {
  if (value === null) return "NULL";
  return type.literal === "bare" ? value : quote(value);
}
