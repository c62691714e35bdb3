import type { ColumnType, OracleDialect } from "./dialect.ts";
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

const typesOf = new WeakMap<OracleDialect, ReadonlyMap<string, ColumnType>>();

/** The dialect's type of that `sql`. */
export function columnType(dialect: OracleDialect, sql: string): ColumnType {
  let types = typesOf.get(dialect);
  if (types === undefined) {
    types = new Map(dialect.columnTypes.map((type) => [type.sql, type]));
    typesOf.set(dialect, types);
  }
  const type = types.get(sql);
  if (type === undefined) throw new Error(`no column type ${sql}`);
  return type;
}

export function generateSchema(dialect: OracleDialect, random: Random): Schema {
  const tag = dialect.tagType(random);
  const tables = Array.from({ length: random.between(2, 4) }, (_, number) =>
    generateTable(dialect, random, number, tag),
  );
  return { tables, statements: dialect.tableStatements({ tables }, random) };
}

function generateTable(dialect: OracleDialect, random: Random, number: number, tag: string): Table {
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
    columns.push({ name: "id", type: random.pick(dialect.idTypes), nullable: false });
    key.push("id");
  }
  if (shape === "pair" || shape === "partitioned") {
    const { partTypes } = dialect;
    const type = shape === "partitioned" ? partTypes[0]! : random.pick(partTypes);
    columns.push({ name: "part", type, nullable: false });
    key.push("part");
  }
  // Every table has these two, so that any two tables can be joined and grouped.
  const ref = dialect.intType.sql;
  columns.push({ name: "ref", type: ref, nullable: random.chance(0.7) });
  columns.push({ name: "tag", type: tag, nullable: random.chance(0.7) });
  const more = random.between(2, 6);
  for (let index = 0; index < more; index += 1) {
    const { sql } = random.pick(dialect.columnTypes);
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
